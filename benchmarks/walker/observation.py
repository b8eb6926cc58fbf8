"""What a walker's policy sees: what a real robot measures, in the layout of legged-gym, with some history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

GYRO_SCALE, SPEED_SCALE = 0.25, 0.05
TERMS = ("gyro", "gravity", "command", "joint_position", "joint_velocity", "last_action")
"""Of one frame, in this order: turning [rad/s] and the unit vector of gravity in body axes, the velocity command,
joint angles less the usual pose [rad], joint speeds [rad/s], and the action before."""
SCALES = (GYRO_SCALE, 1.0, 1.0, 1.0, SPEED_SCALE, 1.0)
BOUND = 100.0
"""Largest number that a policy is shown."""
NOISE = (0.15, 0.03, 0.0, 0.01, 0.8, 0.0)
"""Half of the range of each term's noise in training, before scaling."""


def frame(
    gyro: FloatArray,
    gravity: FloatArray,
    command: FloatArray,
    angle: FloatArray,
    speed: FloatArray,
    action: FloatArray,
) -> FloatArray:
    """Return one frame (n, 9 + 3 n_motors); each term is (n, ...), and the angle is already less the usual pose."""
    terms = (gyro * GYRO_SCALE, gravity, command, angle, speed * SPEED_SCALE, action)
    return np.clip(np.concatenate(terms, axis=1), -BOUND, BOUND)


def noise(motors: int) -> FloatArray:
    """Return half of the range of the noise on each number of a frame."""
    sizes = (3, 3, 3, motors, motors, motors)
    return np.repeat(np.multiply(NOISE, SCALES), sizes)


@dataclass(frozen=True)
class Mirror:
    """Left and right swapped: number i of the image is sign[i] times number place[i]."""

    place: IntArray
    sign: FloatArray

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the mirror image of rows (..., size)."""
        return values[..., self.place] * self.sign

    @classmethod
    def joined(cls, parts: Sequence[Mirror]) -> Mirror:
        """Return the mirror of rows that consist of parts."""
        starts = np.cumsum([0, *(len(part.place) for part in parts[:-1])])
        places = [part.place + start for part, start in zip(parts, starts, strict=True)]
        return cls(np.concatenate(places), np.concatenate([part.sign for part in parts]))


def signs(*sign: float) -> Mirror:
    """Return the mirror of numbers that stay in their place."""
    return Mirror(np.arange(len(sign)), np.array(sign))


def swapped(legs: Sequence[str], *each: float) -> Mirror:
    """Return the mirror of numbers of each leg, one leg after the other; signs are of one leg's."""
    turned = {"left": "right", "right": "left"}
    others = [legs.index("_".join(turned.get(word, word) for word in leg.split("_"))) for leg in legs]
    place = np.concatenate([np.arange(len(each)) + len(each) * other for other in others])
    return Mirror(place, np.tile(each, len(legs)))


def frame_mirror(legs: Sequence[str]) -> Mirror:
    """Return the mirror of one frame of a robot whose legs have a hip, a thigh and a calf each."""
    joints = swapped(legs, -1.0, 1.0, 1.0)
    polar, axial = signs(1.0, -1.0, 1.0), signs(-1.0, 1.0, -1.0)
    return Mirror.joined((axial, polar, signs(1.0, -1.0, -1.0), joints, joints, joints))
