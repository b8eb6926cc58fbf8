"""Feet whose forces cannot be: those of a leg that steps rise and fall as it does, and all together bear the robot."""

from __future__ import annotations

import math

import numpy as np

from hardware.drives import Direct
from hardware.robot import RobotCommand, RobotState
from hardware.spec import RobotSpec

_MEMORY = 0.5
"""Time constant with which a highest and a lowest value are forgotten [s]."""
_FIRST = 1.0
"""Time to walk before anything is said [s]: two steps of every foot."""
_STEPS = 0.2
"""Range of a joint's set-points from which the robot steps [rad]."""
_GRAVITY, _NOISE = 9.81, 0.02
"""[m/s^2], and a share of the weight that a foot does not feel."""
_BLOW = 5.0
"""Force on a foot that is a blow and counts for no more than this, as a share of the weight."""
_TIMES = 5.0
"""How many times too much or too little the feet may bear: payloads and two lost legs are less."""


class Feet:
    """Watches the feet of a robot that walks.

    Args:
        spec: the robot's.
        period: time between two states that are looked at [s].

    Attributes:
        scores: how much a foot's force lacks of rising and falling by a fair share of the weight, or how much of it
            comes while the leg should swing (n_feet,), 0 to 1; of all feet 1 where they bear far too much or little.
        most: score that more than half of the feet reach.
        worst: score of the foot that is worst.
    """

    def __init__(self, spec: RobotSpec, period: float) -> None:
        self._feet, self._count = spec.feet, len(spec.feet)
        self._mass = math.nan if isinstance(spec.drive, Direct) else spec.drive.mass
        self._first, self._share = round(_FIRST / period), 1.0 - math.exp(-period / _MEMORY)
        self.forget()

    def forget(self) -> None:
        """It does not walk yet."""
        self.scores = np.zeros(self._count)
        self._seen, self._low, self._high, self._mean = 0, np.zeros(0), np.zeros(0), np.zeros((2, self._count))
        self.most = self.worst = 0.0
        self._borne = 1.0

    def look(self, state: RobotState, sent: RobotCommand, felt: float) -> None:
        """Take a state, the command before it, and the acceleration that is felt upwards [m/s^2]; once a period."""
        borne = float(state.foot_force.sum())
        if not math.isfinite(borne * felt):  # not measured
            return
        # Highest and lowest of every foot and set-point, forgotten slowly; the mean of what every foot bears, in all
        # and while its leg is not told to bear anything.
        force = np.minimum(state.foot_force, _BLOW * _GRAVITY * self._mass)
        now, swings = np.concatenate((force, sent.position)), ~sent.torque.reshape(self._count, -1).any(axis=1)
        if not self._seen:
            self._low, self._high = now, now
        self._high = np.maximum(now, self._high + self._share * (now - self._high))
        self._low = np.minimum(now, self._low + self._share * (now - self._low))
        self._mean += self._share * (np.array((force, swings * force)) - self._mean)
        self._seen += 1
        if self._seen < self._first:
            return
        self.scores = np.zeros(self._count)
        force, joints = np.split(self._high - self._low, [self._count])
        if float(np.maximum.reduce(joints)) > _STEPS:
            weight, (mean, swinging) = self._mass * felt, self._mean
            self._borne = float(mean.sum()) / weight
            self.scores = np.fmax(1.0 - self._count * force / weight, swinging / np.maximum(mean, _NOISE * weight))
            if not 1.0 / _TIMES <= self._borne <= _TIMES:
                self.scores = np.ones(self._count)
        self.most, self.worst = np.sort(self.scores)[[(self._count - 1) // 2, -1]].tolist()

    def names(self, limit: float) -> str:
        """Return the feet whose score is beyond a limit, and what all bear."""
        feet = ", ".join(self._feet[index] for index in np.flatnonzero(self.scores > limit))
        return f"{feet}; all bear {self._borne:.2g} times the weight"
