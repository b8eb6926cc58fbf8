"""Which joints do not follow? A dead motor gives nothing of what is asked for, a jammed joint does not move as told.

Means over some periods are compared, not samples: commands may be late, and nobody says by how much. A weak motor gives
a share, and follows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

_MEMORY = 0.06
"""Time constant of the means [s]: less than half a step."""
_DEAD, _STILL = 0.15, 0.1
"""Shares of what is asked for below which a motor gives nothing, and of what it is told below which a joint is held."""
_ASKED, _TOLD = 0.1, 0.8
"""What it takes to say so: share of the largest torque, and speed [rad/s]."""
_OFF = 0.12
"""How far a joint that does not follow is off [rad]."""
_DOUBT = 1.0
"""Time for which it has to be where it is told to be until it follows again [s]."""


class Following:
    """Watches the joints of a robot that walks.

    Attributes:
        lost: which joints do not follow (n_motors,).
        any: whether one does not.
    """

    def __init__(self, spec: RobotSpec) -> None:
        """All follow."""
        self._most = np.array(spec.limits.torque)
        self.reset()

    def reset(self) -> None:
        """All follow."""
        self._means, self._doubt = np.zeros((5, len(self._most))), np.zeros(len(self._most))
        self.lost: NDArray[np.bool_] = np.zeros(len(self._most), dtype=bool)
        self.any = False

    def update(self, sent: RobotCommand, state: RobotState, seconds: float) -> None:
        """Take a reading, and the command before it."""
        off = sent.position - state.motor_position
        asked = sent.kp * off + sent.kd * (sent.velocity - state.motor_velocity) + sent.torque
        given = np.where(np.isfinite(state.motor_torque), state.motor_torque, asked)
        now: FloatArray = np.abs((asked, given, sent.velocity, state.motor_velocity, off))
        if not math.isfinite(float(now.sum())):  # not measured
            return
        np.minimum(now[0], self._most, out=now[0])
        self._means += (1.0 - math.exp(-seconds / _MEMORY)) * (now - self._means)
        asked, given, told, moves, off = self._means
        dead = (given < _DEAD * asked) & (asked > _ASKED * self._most)
        held = (moves < _STILL * told) & (told > _TOLD)
        fails = (dead | held | self.lost) & (off > _OFF)
        self._doubt = np.where(fails, _DOUBT, np.maximum(self._doubt - seconds, 0.0))
        self.lost = self._doubt > 0.0
        self.any = bool(self.lost.any())
