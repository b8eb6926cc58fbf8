"""The leader of a steered robot: where it should be by now, had it followed its commands.

A crawler swings within its stride, so what it was told is not compared with its velocity of the moment but, as on a
path, with places: a leader moves as told, and the robot follows. What was missed long ago is not made up for: the
leader is drawn to the robot with a time constant, and waits beside it while nothing is wanted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynamics.transitions import FloatArray
from hardware.steering import STILL, Steering, Velocity

FORGET = 0.5
"""Time constant with which the leader is drawn to the robot [s]: a few strides."""


class Pose(NamedTuple):
    """Where something is, world frame."""

    x: float
    """[m]"""
    y: float
    """[m]"""
    yaw: float
    """[rad]"""


class Wanted(NamedTuple):
    """What a robot is told at some time."""

    time: float
    """[s]"""
    velocity: Velocity


@dataclass(frozen=True)
class Lead:
    """The leader at a tick.

    Attributes:
        at: where the robot is.
        expected: where it should have been at this tick.
        pose: where the leader goes on from.
        wanted: what is told: limited, and nothing where commands fail to come.
        command: what the leader does from now on, on its way to that.
    """

    time: float
    at: Pose
    expected: Pose
    pose: Pose
    wanted: Velocity
    command: Velocity

    @property
    def still(self) -> bool:
        """Whether nothing is wanted: the robot stands."""
        return self.wanted == self.command == STILL

    def followed(self, at: Pose, wanted: Wanted, limits: Steering) -> Lead:
        """Return the leader some time later, when the robot is somewhere else and something else may be wanted."""
        seconds = wanted.time - self.time
        expected = self.at if self.still else moved(self.pose, self.command, seconds)
        command = limits.ramped(self.command, wanted.velocity, seconds)
        if command == wanted.velocity == STILL:
            return Lead(wanted.time, at, expected, at, wanted.velocity, command)
        drawn = 1.0 - math.exp(-seconds / FORGET)
        turned = math.remainder(at.yaw - expected.yaw, math.tau)
        pose = Pose(
            expected.x + drawn * (at.x - expected.x),
            expected.y + drawn * (at.y - expected.y),
            expected.yaw + drawn * turned,
        )
        return Lead(wanted.time, at, expected, pose, wanted.velocity, command)

    def ahead(self, limits: Steering, step: float, delay: float, count: int) -> FloatArray:
        """Return where the leader will be at the ends of `count` steps [s], `delay` of them from now (count, 3)."""
        pose, command, poses, whole = self.pose, self.command, list[Pose](), math.ceil(delay)
        for index in range(whole + count):
            lasts = (1.0 + delay - whole) * step if index == whole - 1 else step
            pose = moved(pose, command, lasts)
            command = limits.ramped(command, self.wanted, lasts)
            poses.append(pose)
        return np.array(poses[whole:])


def begun(at: Pose, wanted: Wanted) -> Lead:
    """Return the leader of a robot that stands somewhere."""
    return Lead(wanted.time, at, at, at, wanted.velocity, STILL)


def moved(pose: Pose, velocity: Velocity, seconds: float) -> Pose:
    """Return a pose some time later at a constant velocity in its own frame: along an arc, by its middle heading."""
    middle = pose.yaw + velocity.turn * seconds / 2
    cos, sin = math.cos(middle), math.sin(middle)
    east = cos * velocity.forward - sin * velocity.lateral
    north = sin * velocity.forward + cos * velocity.lateral
    return Pose(pose.x + east * seconds, pose.y + north * seconds, pose.yaw + velocity.turn * seconds)
