"""What a robot's legs stand or lie on, by joints and attitude alone: wrong signs, zeros and orders make no ground."""

from __future__ import annotations

import math

import numpy as np

from hardware.guard.checks import Reading
from hardware.guard.senses import turned
from hardware.robot import FloatArray
from hardware.spec import RobotSpec

DEGREES = 180.0 / math.pi
_FEWEST = 4
"""Legs from which one can be off the ground of the others."""


def readings(spec: RobotSpec) -> dict[str, Reading]:
    """Return how legs and ground are measured; there are none where a robot has too few legs to tell."""
    if len(spec.legs) < _FEWEST:
        return {}
    return {
        "legs": Reading(lambda s, _: stance(spec, s.motor_position, s.quaternion)[0], "m off the other legs' ground"),
        "ground": Reading(
            lambda s, _: stance(spec, s.motor_position, s.quaternion)[1], "deg, by joints and attitude", DEGREES
        ),
    }


def stance(spec: RobotSpec, angles: FloatArray, attitude: FloatArray) -> tuple[float, float]:
    """Return how far a leg is off the ground on which the others are [m], and how steep that is [rad].

    Limp or standing, a leg rests on its foot or its knee. Both numbers are NaN where a joint is not measured.

    Args:
        spec: the robot's.
        angles: of its joints (n_motors,) [rad].
        attitude: unit quaternion wxyz (4,).
    """
    if not np.isfinite(angles).all():
        return math.nan, math.nan
    joints, to_world = angles.reshape(-1, 3).tolist(), tuple(attitude.tolist())
    ends = [(leg.foot(*three), leg.knee(*three[:2])) for leg, three in zip(spec.legs, joints, strict=True)]
    lowest = np.array([min((turned(to_world, *end) for end in both), key=lambda end: end[2]) for both in ends])

    # A plane z = a x + b y + c through all of them; what is left over, as if each leg had not taken part in it.
    flat = np.column_stack((lowest[:, :2], np.ones(len(lowest))))
    onto = np.linalg.pinv(flat)
    plane = onto @ lowest[:, 2]
    left = np.abs(lowest[:, 2] - flat @ plane) / np.maximum(1.0 - (flat * onto.T).sum(axis=1), 1e-6)
    return float(left.max()), math.atan(math.hypot(plane[0], plane[1]))
