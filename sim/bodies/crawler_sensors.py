"""From the crawler's true motion to what its sensors say: noise and a pose calibration error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.bodies.crawler import RoachPhysics
from sim.conditions.condition import Condition
from sim.robots.roach import MOTOR

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SensorNoise:
    """Standard deviations of white measurement noise: estimates for the sensors of this class of robot."""

    position: float = 0.0003
    """Motion capture repeats to a fraction of a millimetre [m]."""
    attitude: float = 0.002
    """A tenth of a degree: inertial attitude filter with motion capture [rad]."""
    velocity: float = 0.008
    """Filtered differences of positions at 100 Hz and more [m/s]."""
    gyro: float = 0.03
    """Consumer MEMS gyro over its 100 Hz bandwidth, with leg vibration [rad/s]."""
    motor_position: float = 0.01
    """Magnetic encoder at the output shaft [rad]."""
    motor_velocity: float = 0.3
    """Encoder differences [rad/s]."""
    voltage: float = 0.005
    """Ten-bit converter over 5 V, one step [V]."""


NOISE = SensorNoise()


@dataclass(frozen=True)
class Measurement:
    """One reading of all sensors; arrays as in the physics accessors of the same names."""

    position: FloatArray
    quaternion: FloatArray
    """Attitude relative to true vertical, wxyz (4,)."""
    velocity: FloatArray
    gyro: FloatArray
    motor_position: FloatArray
    motor_velocity: FloatArray
    back_emf: FloatArray
    """(2,) [V]"""
    battery: float
    """Terminal voltage [V]."""


def truth(physics: RoachPhysics) -> Measurement:
    """Return what perfect sensors would read."""
    motor_velocity = physics.motor_velocity
    return Measurement(
        physics.position,
        physics.level_quaternion,
        physics.velocity,
        physics.gyro,
        physics.motor_position,
        motor_velocity,
        MOTOR.constant * motor_velocity,
        physics.battery,
    )


def measure(true: Measurement, condition: Condition, rng: np.random.Generator) -> Measurement:
    """Return a noisy reading of `true` with the condition's pose bias; always draws the same number of values."""
    draw = rng.standard_normal(20) * condition.noise
    position, quaternion = biased_pose(true.position, true.quaternion, condition)
    return Measurement(
        position + NOISE.position * draw[:3],
        turned(quaternion, NOISE.attitude * draw[3:6]),
        true.velocity + NOISE.velocity * draw[6:9],
        true.gyro + NOISE.gyro * draw[9:12],
        true.motor_position + NOISE.motor_position * draw[12:14],
        true.motor_velocity + NOISE.motor_velocity * draw[14:16],
        true.back_emf + NOISE.voltage * draw[16:18],
        true.battery + NOISE.voltage * float(draw[18]),
    )


def biased_pose(position: FloatArray, quaternion: FloatArray, condition: Condition) -> tuple[FloatArray, FloatArray]:
    """Shift the markers on the body: an offset in body axes, and a turn about its z axis."""
    x, y, heading = condition.pose_bias
    if x == y == heading == 0.0:
        return position, quaternion
    w, i, j, k = quaternion.tolist()
    forward = np.array([1.0 - 2.0 * (j * j + k * k), 2.0 * (i * j + w * k), 2.0 * (i * k - w * j)])
    leftward = np.array([2.0 * (i * j - w * k), 1.0 - 2.0 * (i * i + k * k), 2.0 * (j * k + w * i)])
    return position + x * forward + y * leftward, turned(quaternion, np.array([0.0, 0.0, heading]))


def turned(quaternion: FloatArray, turn: FloatArray) -> FloatArray:
    """Return a unit quaternion wxyz turned by a rotation vector (3,) [rad] in body axes."""
    x, y, z = turn.tolist()
    angle = math.sqrt(x * x + y * y + z * z)
    scale = math.sin(angle / 2.0) / angle if angle > 1e-12 else 0.5
    a, b, c, d = math.cos(angle / 2.0), scale * x, scale * y, scale * z
    w, i, j, k = quaternion.tolist()
    return np.array(
        [
            w * a - i * b - j * c - k * d,
            w * b + i * a + j * d - k * c,
            w * c - i * d + j * a + k * b,
            w * d + i * c - j * b + k * a,
        ]
    )
