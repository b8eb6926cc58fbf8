"""From a robot's true motion to what its sensors say: noise and a pose calibration error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np

from sim.conditions.condition import Condition
from sim.robots.equipment import Noise
from sim.terrain import FloatArray

UNKNOWN: FloatArray = np.full(1, math.nan)
"""An array that is not measured."""
UNKNOWN.setflags(write=False)
_MEASURED = (
    *("position", "quaternion", "velocity", "gyro", "motor_position", "motor_velocity", "battery"),
    *("back_emf", "motor_torque", "accelerometer", "foot_force"),
)
"""Fields of a reading that have noise; every robot measures the first row."""
_NOISE_OF = {"quaternion": "attitude", "back_emf": "voltage", "battery": "voltage"}
"""Fields of a reading whose noise has another name."""


@dataclass(frozen=True)
class Reading:
    """One reading of all sensors; what a robot has none for is NaN."""

    position: FloatArray
    """Trunk origin in ground axes (3,) [m]."""
    quaternion: FloatArray
    """Attitude relative to true vertical, wxyz (4,)."""
    velocity: FloatArray
    """Of the trunk origin, in ground axes (3,) [m/s]."""
    gyro: FloatArray
    """In body axes (3,) [rad/s]."""
    motor_position: FloatArray
    """(n_motors,) [rad]"""
    motor_velocity: FloatArray
    """(n_motors,) [rad/s]"""
    battery: float = math.nan
    """Terminal voltage [V]."""
    charge: float = math.nan
    """State of charge [0..1]."""
    back_emf: FloatArray = field(default_factory=lambda: UNKNOWN)
    """(n_motors,) [V]"""
    motor_torque: FloatArray = field(default_factory=lambda: UNKNOWN)
    """(n_motors,) [N m]"""
    accelerometer: FloatArray = field(default_factory=lambda: UNKNOWN)
    """In body axes (3,) [m/s^2]."""
    foot_force: FloatArray = field(default_factory=lambda: UNKNOWN)
    """(n_feet,) [N]"""
    pitch: float = math.nan
    """Of a robot in a plane: how far it has turned, nose down positive, full turns and all [rad]."""


class Sensors:
    """White noise on what is measured. Every servo cycle reads it, so it is drawn and scaled in one go."""

    def __init__(self, noise: Noise, sizes: Mapping[str, int]) -> None:
        """Take how many numbers of each field of a reading are measured, in the order in which they are drawn.

        A `quaternion` has three: the turn that it is wrong by, a rotation vector in body axes [rad].
        """
        deviations = [getattr(noise, _NOISE_OF.get(name, name)) for name in sizes]
        ends = np.cumsum(list(sizes.values())).tolist()
        self._spread = np.repeat(deviations, list(sizes.values()))
        places = {name: slice(end - sizes[name], end) for name, end in zip(sizes, ends, strict=True)}
        self._places = [places.get(name) for name in _MEASURED]

    def measure(self, true: Reading, condition: Condition, rng: np.random.Generator) -> Reading:
        """Return a noisy reading of `true` with the condition's pose bias; always draws the same number of values."""
        error = rng.standard_normal(len(self._spread)) * self._spread
        error *= condition.noise
        position, quaternion = biased_pose(true.position, true.quaternion, condition)
        place, turn, velocity, gyro, angle, speed, battery, emf, torque, force, feet = self._places
        return Reading(
            position + error[place],
            turned(quaternion, error[turn]),
            true.velocity + error[velocity],
            true.gyro + error[gyro],
            true.motor_position + error[angle],
            true.motor_velocity + error[speed],
            true.battery + float(error[battery][0]),
            true.charge,
            true.back_emf if emf is None else true.back_emf + error[emf],
            true.motor_torque if torque is None else true.motor_torque + error[torque],
            true.accelerometer if force is None else true.accelerometer + error[force],
            true.foot_force if feet is None else true.foot_force + error[feet],
            true.pitch + float(error[turn][1]),
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
    found = np.empty(4)
    mujoco.mju_mulQuat(found, quaternion, np.array([math.cos(angle / 2.0), scale * x, scale * y, scale * z]))
    return found
