"""The whole servo side through the bytes of the wire: gait, guard, driver, emulated robot, on a virtual clock."""

from __future__ import annotations

import numpy as np

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.state_machine import Mode
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.unitree.go2 import Go2
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

SPEC = robots.spec("go2")


def test_it_stands_up_walks_and_is_let_down() -> None:
    clock, rng = VirtualClock(), np.random.default_rng(0)
    firmware = Firmware(Body(SPEC.anatomy, preset("flat"), (), rng), (), rng)
    forward = np.array([[0.4 if action.name == "forward" else action.rest for action in SPEC.actions]])
    with Servo(Go2(SPEC, clock, LockstepBus(firmware, clock).join)) as servo:
        servo.arm()
        begun = clock.now()
        while clock.now() - begun < 5.0:
            clock.sleep_until(clock.now() + 1.0 / SPEC.servo_hz)
            servo.publish(ActionSchedule(clock.now(), 0.04, forward, clock.now() + 0.5))
            servo.observe()
            report = servo.act(clock.now())
            assert report.fault is None
        assert report.mode is Mode.RUN
    seen = firmware.summary()
    assert firmware._body.physics.position[0] > 0.5
    assert abs(firmware._body.physics.position[1]) < 0.3
    assert (seen["refused"], seen["outside"], seen["fell"], seen["timeouts"]) == ({}, {}, False, 0)
