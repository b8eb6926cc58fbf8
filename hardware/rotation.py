"""Rotations as matrices, vectors, unit quaternions wxyz and angles (Sola et al. 2018, "A micro Lie theory", app. B)."""

from __future__ import annotations

import math

import numpy as np

from hardware.robot import FloatArray

_SMALL = 1e-8


def skew(vector: FloatArray) -> FloatArray:
    """Return the matrix (3, 3) that multiplies as a cross product with `vector` (3,)."""
    x, y, z = vector.tolist()
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def exp(vector: FloatArray) -> FloatArray:
    """Return the rotation (3, 3) about `vector` (3,) by its length [rad] (eq. 134)."""
    x, y, z = vector.tolist()
    angle = math.sqrt(x * x + y * y + z * z)
    s, c = (1.0, 0.5) if angle < _SMALL else (math.sin(angle) / angle, (1.0 - math.cos(angle)) / (angle * angle))
    a, b, d = c * x * y, c * x * z, c * y * z
    return np.array(
        [
            [1.0 - c * (y * y + z * z), a - s * z, b + s * y],
            [a + s * z, 1.0 - c * (x * x + z * z), d - s * x],
            [b - s * y, d + s * x, 1.0 - c * (x * x + y * y)],
        ]
    )


def left_jacobian(vector: FloatArray) -> FloatArray:
    """Return the matrix (3, 3) by which `exp` carries translations along (eq. 145)."""
    x, y, z = vector.tolist()
    square = x * x + y * y + z * z
    angle = math.sqrt(square)
    if angle < 1e-4:  # where the fractions below lose all their digits
        first, second = 0.5, 0.0
    else:
        first, second = (1.0 - math.cos(angle)) / square, (angle - math.sin(angle)) / (square * angle)
    a, b, d, keep = second * x * y, second * x * z, second * y * z, 1.0 - second * square
    return np.array(
        [
            [keep + second * x * x, a - first * z, b + first * y],
            [a + first * z, keep + second * y * y, d - first * x],
            [b - first * y, d + first * x, keep + second * z * z],
        ]
    )


def quaternion(rotation: FloatArray) -> FloatArray:
    """Return the unit quaternion wxyz (4,), w >= 0, of a rotation (3, 3)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation.tolist()
    squares = (1.0 + xx + yy + zz, 1.0 + xx - yy - zz, 1.0 - xx + yy - zz, 1.0 - xx - yy + zz)
    largest = squares.index(max(squares))  # dividing by the largest part keeps the digits
    rows = (
        (squares[0], zy - yz, xz - zx, yx - xy),
        (zy - yz, squares[1], yx + xy, xz + zx),
        (xz - zx, yx + xy, squares[2], zy + yz),
        (yx - xy, xz + zx, zy + yz, squares[3]),
    )
    found = np.array(rows[largest]) / (2.0 * math.sqrt(squares[largest]))
    return np.asarray(found if found[0] >= 0.0 else -found)


def in_body(quaternion: FloatArray, x: float, y: float, z: float) -> FloatArray:
    """Return a vector of the world's axes (3,) in those of a body with a unit quaternion wxyz (4,)."""
    w, i, j, k = quaternion.tolist()
    a, b, c = 2.0 * (j * z - k * y), 2.0 * (k * x - i * z), 2.0 * (i * y - j * x)
    return np.array([x - w * a + j * c - k * b, y - w * b + k * a - i * c, z - w * c + i * b - j * a])


def of_roll_pitch_yaw(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Return the unit quaternion wxyz (4,) of angles [rad], which `roll_pitch_yaw` returns."""
    halves = (roll / 2, pitch / 2, yaw / 2)
    (a, b, c), (i, j, k) = map(math.cos, halves), map(math.sin, halves)
    return np.array([a * b * c + i * j * k, i * b * c - a * j * k, a * j * c + i * b * k, a * b * k - i * j * c])


def roll_pitch_yaw(quaternion: FloatArray) -> tuple[float, float, float]:
    """Return the z-y-x Euler angles [rad] of a unit quaternion wxyz (4,), each in [-pi, pi]."""
    w, x, y, z = quaternion.tolist()
    roll = math.atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
    sin_pitch = 2.0 * (w * y - z * x)
    pitch = math.asin(max(-1.0, min(1.0, sin_pitch))) if math.isfinite(sin_pitch) else math.nan
    yaw = math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    return roll, pitch, yaw


def tilt(quaternion: FloatArray) -> float:
    """Return the angle between the body's and the world's z axis [rad] of a unit quaternion wxyz (4,)."""
    _, x, y, _ = quaternion.tolist()
    cosine = 1.0 - 2.0 * (x * x + y * y)
    return math.acos(max(-1.0, min(1.0, cosine))) if math.isfinite(cosine) else math.nan
