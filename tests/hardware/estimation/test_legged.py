"""Estimated states on the simulated Go2: close to the truth, and from nothing but what a robot measures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.estimator import walk
from hardware.clock import VirtualClock
from hardware.estimation.legged import StateEstimation
from hardware.robot import RobotState
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from tests.hardware.four_legs import GO2
from tests.hardware.six_legs import ROACH


def standing() -> RobotState:
    robot = SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    return robot.read()


def test_a_walk_is_followed() -> None:
    drift = walk(4.0, "flat", 0)
    assert drift.way > 0.7
    assert drift.drift < 0.03
    assert drift.velocity < 0.1
    assert drift.tilt < math.radians(2.0)


def test_nothing_privileged_enters() -> None:
    seen = replace(standing(), accelerometer=np.array([0.0, 0.0, 9.81]), foot_force=np.full(4, 37.0))
    blind = replace(seen, position=np.full(3, np.nan), velocity=np.full(3, np.nan), quaternion=np.full(4, np.nan))
    full, poor = StateEstimation(GO2).fill(seen), StateEstimation(GO2).fill(blind)
    assert poor.position.tolist() == full.position.tolist()
    assert poor.quaternion.tolist() == full.quaternion.tolist()
    assert np.isfinite(poor.velocity).all()


def test_the_height_is_that_over_the_ground_not_over_the_middle_of_the_feet() -> None:
    seen = replace(standing(), accelerometer=np.array([0.0, 0.0, 9.81]), foot_force=np.full(4, 37.0))
    assert StateEstimation(GO2).fill(seen).position[2] == pytest.approx(seen.position[2], abs=0.005)


def test_a_state_that_is_told_twice_moves_nothing() -> None:
    seen = replace(standing(), accelerometer=np.array([0.0, 0.0, 9.81]), foot_force=np.full(4, 37.0))
    estimation = StateEstimation(GO2)
    assert estimation.fill(seen).position.tolist() == estimation.fill(seen).position.tolist()


def test_a_gap_starts_it_anew_and_a_fall_does_not_break_it() -> None:
    seen = replace(standing(), accelerometer=np.array([0.0, 0.0, 9.81]), foot_force=np.full(4, 37.0))
    estimation = StateEstimation(GO2)
    estimation.fill(seen)
    later = estimation.fill(replace(seen, time=seen.time + 1.0))
    assert later.position[:2].tolist() == [0.0, 0.0]
    falling = estimation.fill(replace(seen, time=seen.time + 3.0, accelerometer=np.zeros(3)))
    assert np.isfinite(falling.position).all()


def test_the_guard_keeps_looking_at_what_was_measured() -> None:
    robot = SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    with Servo(robot, estimation=StateEstimation(GO2)) as servo:
        servo.arm()
        servo.observe()
        assert servo._measured is not None
        servo._measured = replace(servo._measured, quaternion=np.array([0.0, 1.0, 0.0, 0.0]))
        assert str(servo.act(0.0).fault).startswith("roll")


def test_a_robot_without_legs_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a robot whose file describes its legs"):
        StateEstimation(ROACH)
