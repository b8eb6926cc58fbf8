"""Rotations the other way round, for comparison: matrix to vector, quaternion to matrix, angles to quaternion."""

from __future__ import annotations

import math

import numpy as np

from hardware.robot import FloatArray
from hardware.rotation import quaternion as quaternion_of

_SMALL = 1e-8


def log(rotation: FloatArray) -> FloatArray:
    """Return the vector (3,) that `exp` turns into this rotation (3, 3); its length is at most pi (eq. 133)."""
    w, x, y, z = quaternion_of(rotation).tolist()
    half_sine = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 if half_sine < _SMALL else 2.0 * math.atan2(half_sine, w) / half_sine
    return scale * np.array([x, y, z])


def matrix(quaternion: FloatArray) -> FloatArray:
    """Return the rotation (3, 3) of a unit quaternion wxyz (4,)."""
    w, x, y, z = quaternion.tolist()
    return np.array(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


def from_angles(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Return the quaternion of three elementary turns [rad], z then y then x."""
    w, x, y, z = 1.0, 0.0, 0.0, 0.0
    for axis, angle in ((2, yaw), (1, pitch), (0, roll)):
        b = [math.cos(angle / 2), 0.0, 0.0, 0.0]
        b[axis + 1] = math.sin(angle / 2)
        w, x, y, z = (
            w * b[0] - x * b[1] - y * b[2] - z * b[3],
            w * b[1] + x * b[0] + y * b[3] - z * b[2],
            w * b[2] - x * b[3] + y * b[0] + z * b[1],
            w * b[3] + x * b[2] - y * b[1] + z * b[0],
        )
    return np.array([w, x, y, z])
