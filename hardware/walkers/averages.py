"""What oscillates with the steps of a walk, averaged over the time of an action: a model then learns what is left."""

from __future__ import annotations

import math

import numpy as np

from hardware.robot import AVERAGED, FloatArray, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.spec import RobotSpec


def swaying(state: RobotState) -> list[float]:
    """Return what is averaged, in the order of `AVERAGED`: velocity in the heading frame, gyro in the body's."""
    roll, pitch, yaw = roll_pitch_yaw(state.quaternion)
    cos, sin = math.cos(yaw), math.sin(yaw)
    east, north, up = state.velocity.tolist()
    height = float(state.position[2])
    return [height, roll, pitch, cos * east + sin * north, cos * north - sin * east, up, *state.gyro.tolist()]


class Averages:
    """The states of the last tick; stateful."""

    def __init__(self, spec: RobotSpec) -> None:
        self._kept = np.zeros((max(1, round(spec.servo_hz / spec.control_hz)), len(AVERAGED)))
        self._count = 0

    def add(self, state: RobotState) -> FloatArray:
        """Take one more state and return the averages (9,)."""
        self._kept[self._count % len(self._kept)] = swaying(state)
        self._count += 1
        return np.asarray(self._kept[: self._count].mean(axis=0))
