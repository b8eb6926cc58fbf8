from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from sim.bodies.sensors import Reading
from sim.conditions.condition import Condition
from tests.sim.anatomies import ANATOMIES
from tests.sim.walking import physics, walk

NOISE = ANATOMIES["roach"].noise
measure = physics().sensors.measure


@pytest.fixture(scope="module")
def true() -> Reading:
    walker = physics()
    walk(walker, 0.3)
    return walker.reading()


@pytest.mark.parametrize("name", ["position", "velocity", "gyro", "motor_position", "motor_velocity"])
def test_noise_is_white_around_the_truth_with_its_stated_deviation(true: Reading, name: str) -> None:
    rng = np.random.default_rng(0)
    errors = np.array([getattr(measure(true, Condition(), rng), name) for _ in range(2000)]) - getattr(true, name)
    assert errors.std(axis=0) == pytest.approx(getattr(NOISE, name), rel=0.1)
    assert np.abs(errors.mean(axis=0)).max() < 0.1 * getattr(NOISE, name)


def test_attitude_noise_turns_and_keeps_the_quaternion_a_rotation(true: Reading) -> None:
    rng = np.random.default_rng(0)
    readings = np.array([measure(true, Condition(), rng).quaternion for _ in range(2000)])
    assert np.linalg.norm(readings, axis=1) == pytest.approx(1.0)
    turns = 2.0 * np.arccos(np.minimum(1.0, np.abs(readings @ true.quaternion)))
    assert np.sqrt(np.mean(turns**2) / 3.0) == pytest.approx(NOISE.attitude, rel=0.1)


def test_a_condition_never_changes_how_much_is_drawn(true: Reading) -> None:
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    measure(true, Condition(), one)
    measure(true, Condition(noise=0.0, pose_bias=(0.1, 0.0, 0.1)), other)
    assert one.bit_generator.state == other.bit_generator.state


def test_the_marker_offset_turns_with_the_body() -> None:
    half = np.sqrt(0.5)
    still = np.zeros(3), np.zeros(3), np.zeros(2), np.zeros(2)
    left = Reading(np.zeros(3), np.array([half, 0.0, 0.0, half]), *still, battery=3.7)
    reading = measure(left, Condition(noise=0.0, pose_bias=(0.02, 0.01, 0.0)), np.random.default_rng(0))
    assert reading.position == pytest.approx([-0.01, 0.02, 0.0])


def test_what_a_robot_has_no_sensor_for_is_not_a_number(true: Reading) -> None:
    for reading in (true, measure(true, Condition(), np.random.default_rng(0))):
        unknown = {item.name for item in fields(Reading) if not np.isfinite(getattr(reading, item.name)).all()}
        assert unknown == {"charge", "motor_torque", "accelerometer", "foot_force", "pitch"}
