from __future__ import annotations

import math

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware.gait.following import Following
from hardware.robot import UNKNOWN, CommandMode, FloatArray, RobotCommand, RobotState

GO2 = spec("go2")
CYCLE, KNEE = 0.002, 2
NONE = np.zeros(12)
SWINGS = 0.3
"""Of every joint [rad]."""


def watched(
    seconds: float,
    share: FloatArray | float = 1.0,
    moves: FloatArray | float = 1.0,
    following: Following | None = None,
    measured: bool = True,
) -> Following:
    """Joints that swing, give a share of their torque, and go a share of their way; nothing moves them but motors."""
    following = following or Following(GO2)
    for cycle in range(round(seconds / CYCLE)):
        angle = 2.0 * math.pi * 2.4 * cycle * CYCLE
        told, speed = SWINGS * math.sin(angle), SWINGS * 2.4 * 2.0 * math.pi * math.cos(angle)
        sent = RobotCommand(CommandMode.SERVO, NONE + told, NONE + speed, NONE + 8.0, NONE + 60.0, NONE + 2.0, math.inf)
        place, rate = NONE + told * moves, NONE + speed * moves
        asked = 60.0 * (sent.position - place) + 2.0 * (sent.velocity - rate) + 8.0
        torque = asked * share if measured else UNKNOWN
        upright = np.array([1.0, 0.0, 0.0, 0.0])
        state = RobotState(0, 0.0, np.zeros(3), upright, np.zeros(3), np.zeros(3), place, rate, motor_torque=torque)
        following.update(sent, state, CYCLE)
    return following


def one(value: float) -> FloatArray:
    values = np.ones(12)
    values[KNEE] = value
    return values


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_joints_that_obey_follow_weak_ones_too(share: float) -> None:
    assert not watched(1.0, one(share), 0.8).any


def test_a_motor_that_gives_nothing_is_lost_at_once() -> None:
    following = watched(0.5)
    watched(0.2, one(0.0), one(0.3), following)
    assert np.flatnonzero(following.lost).tolist() == [KNEE]


def test_a_joint_that_does_not_move_is_lost_whatever_its_torque() -> None:
    for measured in (True, False):
        following = watched(0.4, 1.0, one(0.0), measured=measured)
        assert np.flatnonzero(following.lost).tolist() == [KNEE]


def test_one_that_follows_for_a_second_is_there_again() -> None:
    following = watched(0.4, 1.0, one(0.0))
    assert watched(0.8, following=following).any
    assert not watched(0.6, following=following).any
