"""What servo cycles say: motors that obey, that are dead and that are held look different, on any robot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import robots
from hardware import signs
from hardware.clock import VirtualClock
from hardware.robot import CommandMode, RobotCommand
from hardware.signs import CycleSeen
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import Perturbation, parse
from tests.hardware.every import NAMES

CYCLES = 200


def swung(spec: RobotSpec, *happens: Perturbation) -> dict[str, float]:
    """Return the signs by name of a robot whose motors are sent to and fro."""
    clock = VirtualClock()
    robot = SimRobot(spec, clock, np.random.default_rng(0), perturbations=happens)
    robot.connect()
    robot.activate()
    rest, seen, none = np.array(robot.read().motor_position), [], np.zeros(len(spec.motors))
    for cycle in range(CYCLES):
        state, swing = robot.read(), 0.2 * np.sin(0.03 * cycle) + none
        gain = 60.0 + none
        command = RobotCommand(CommandMode.SERVO, rest + swing, none, none, gain, 2.0 + none, clock.now() + 1.0)
        if spec.servo.kind == "velocity":
            command = RobotCommand.speeds(20.0 + none, clock.now() + 1.0)
        seen.append(CycleSeen(state, robot.write(command)))
        clock.sleep_until(clock.now() + 1.0 / spec.servo_hz)
    return dict(zip(signs.names(spec), signs.measure(spec, seen, robot.read()).tolist(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_sign_has_a_name(name: str) -> None:
    spec = robots.spec(name)
    found = swung(spec)
    assert len(found) == len(signs.names(spec)) == len(set(signs.names(spec)))
    assert np.isfinite([found[f"{motor}_error_rms"] for motor in spec.motors]).all()


def test_a_motor_that_obeys_gives_what_it_is_asked_for_a_worn_one_its_share_and_a_dead_one_nothing() -> None:
    spec = robots.spec("go2")
    found = swung(spec, parse("dead_motor:name=front_left_calf"), parse("motor:rear_right_thigh=0.5"))
    assert found["front_left_calf_share"] == pytest.approx(0.0, abs=0.1)
    assert found["front_right_calf_share"] == pytest.approx(1.0, abs=0.25)
    assert found["rear_right_thigh_share"] == pytest.approx(0.5, abs=0.15)
    assert found["front_left_calf_error_rms"] > 1.5 * found["front_right_calf_error_rms"]


def test_a_jammed_motor_does_not_move() -> None:
    found = swung(robots.spec("go2"), parse("stuck:name=front_left_calf"))
    assert found["front_left_calf_speed_rms"] < 0.3 * found["front_right_calf_speed_rms"]


def test_motors_that_follow_speeds_are_judged_by_their_speeds() -> None:
    found = swung(robots.spec("roach"), parse("dead_motor:name=left"))
    assert found["left_share"] < 0.2 < 0.5 < found["right_share"]


def test_cycles_without_a_servoed_motor_say_nothing() -> None:
    spec = robots.spec("go2")
    robot = SimRobot(spec, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    state = robot.true_state()
    damped = RobotCommand.passive(CommandMode.DAMP, len(spec.motors), 1.0)
    seen = [CycleSeen(state, damped), CycleSeen(replace(state), None)]
    assert np.isnan(signs.measure(spec, seen, state)).all()
    assert np.isnan(signs.measure(spec, [], state)).all()
