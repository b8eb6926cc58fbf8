"""The whole servo side of a robot that its own controller walks, through the bytes of the wire, on a virtual clock."""

from __future__ import annotations

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.firmware import Firmware
from hardware.emulators.go2.sport import Sport
from hardware.estimation.legged import StateEstimation
from hardware.guard.state_machine import Mode
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.unitree.sport import Go2Sport
from sim.perturbations import parse
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

pytest.importorskip("onnxruntime", reason="the extra walker is not installed")

SPEC = robots.spec("go2-sport")


def test_it_gets_up_walks_with_a_load_that_comes_and_is_let_down() -> None:
    clock, rng = VirtualClock(), np.random.default_rng(0)
    body = Body(SPEC.anatomy, preset("flat"), [parse("payload:mass=5,x=0.1,y=0.1@7")], rng)
    firmware = Firmware(body, (), rng, sport=Sport(SPEC, body, ()))
    driver = Go2Sport(SPEC, clock, LockstepBus(firmware, clock).join)
    with Servo(driver, estimation=StateEstimation(SPEC)) as servo:
        servo.arm()
        while clock.now() < 9.0:
            clock.sleep_until(clock.now() + 1.0 / SPEC.servo_hz)
            action = np.array([[0.5, 0.0, 0.0]])
            servo.publish(ActionSchedule(clock.now(), 0.08, action, clock.now() + 0.5))
            state = servo.observe()
            report = servo.act(clock.now())
            assert report.fault is None
            if report.mode is not Mode.RUN:
                begun = clock.now()
        true = body.physics.position
    seen = firmware.summary()
    assert 5.0 < begun < 7.0  # the emulator takes Move for two seconds and does nothing
    assert 0.7 < true[0] < 2.5
    assert state.position == pytest.approx(true, abs=0.12)
    assert report.action is not None
    assert report.action.tolist() == [0.5, 0.0, 0.0]
    assert (seen["fell"], seen["commands_obeyed"], seen["refused"]) == (False, 0, {})
    assert float(body.physics.position[2]) < 0.2  # damped
