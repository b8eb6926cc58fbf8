"""From the quadruped's true motion to what its sensors say: noise and a pose calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.bodies.crawler_sensors import biased_pose, turned
from sim.bodies.jointed import QuadrupedPhysics
from sim.conditions.condition import Condition

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class QuadrupedNoise:
    """Standard deviations of white measurement noise: estimates for the sensors of this class of robot."""

    position: float = 0.002
    """Motion capture of a body that shakes [m]."""
    attitude: float = 0.003
    """The IMU's own attitude filter [rad]."""
    velocity: float = 0.02
    """Filtered differences of positions [m/s]."""
    gyro: float = 0.01
    """MEMS gyro with leg vibration [rad/s]."""
    accelerometer: float = 0.1
    """[m/s^2]"""
    motor_position: float = 0.001
    """Encoder at the joint [rad]."""
    motor_velocity: float = 0.05
    """Encoder differences [rad/s]."""
    motor_torque: float = 0.2
    """Estimated from the current [N m]."""
    foot_force: float = 2.0
    """[N]"""
    voltage: float = 0.01
    """[V]"""


NOISE = QuadrupedNoise()


@dataclass(frozen=True)
class QuadrupedReading:
    """One reading of all sensors; arrays as in the accessors of `QuadrupedPhysics` of the same names."""

    position: FloatArray
    quaternion: FloatArray
    """Attitude relative to true vertical, wxyz (4,)."""
    velocity: FloatArray
    gyro: FloatArray
    accelerometer: FloatArray
    motor_position: FloatArray
    motor_velocity: FloatArray
    motor_torque: FloatArray
    foot_force: FloatArray
    battery: float
    """Terminal voltage [V]."""
    charge: float
    """State of charge [0..1]."""


def truth(physics: QuadrupedPhysics) -> QuadrupedReading:
    """Return what perfect sensors would read."""
    return QuadrupedReading(
        physics.position,
        physics.level_quaternion,
        physics.velocity,
        physics.gyro,
        physics.accelerometer,
        physics.motor_position,
        physics.motor_velocity,
        physics.motor_torque,
        physics.foot_force,
        physics.battery,
        physics.charge,
    )


_SPREAD = np.repeat(
    [
        NOISE.position,
        NOISE.velocity,
        NOISE.gyro,
        NOISE.accelerometer,
        NOISE.motor_position,
        NOISE.motor_velocity,
        NOISE.motor_torque,
        NOISE.foot_force,
        NOISE.attitude,
        NOISE.voltage,
    ],
    [3, 3, 3, 3, 12, 12, 12, 4, 3, 1],
)
"""Of all numbers that are measured (56,): every servo cycle reads them, so they are drawn and scaled in one go."""


def measure(true: QuadrupedReading, condition: Condition, rng: np.random.Generator) -> QuadrupedReading:
    """Return a noisy reading of `true` with the condition's pose bias; always draws the same number of values."""
    error = rng.standard_normal(len(_SPREAD)) * _SPREAD
    error *= condition.noise
    position, quaternion = biased_pose(true.position, true.quaternion, condition)
    return QuadrupedReading(
        position + error[:3],
        turned(quaternion, error[52:55]),
        true.velocity + error[3:6],
        true.gyro + error[6:9],
        true.accelerometer + error[9:12],
        true.motor_position + error[12:24],
        true.motor_velocity + error[24:36],
        true.motor_torque + error[36:48],
        true.foot_force + error[48:52],
        true.battery + float(error[55]),
        true.charge,
    )
