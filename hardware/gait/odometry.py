"""How fast a walking robot moves over its feet, from joints and gyro."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.legs import Leg, Triple
from hardware.robot import RobotState

_SMOOTHING = 0.03
"""Time constant of the estimate [s]."""
_LOADED = 0.1
"""Share of the weight from which a foot is taken to stand still."""


class LegOdometry:
    """Velocity of the trunk from joints and gyro: on average it moves as the loaded feet seem to move backwards."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        """Start at rest."""
        self._legs = tuple(legs)
        self.reset()

    def reset(self) -> None:
        """Forget the motion."""
        self.forward = self.lateral = 0.0
        self.feet: list[Triple | None] = [None] * len(self._legs)
        """Where the feet are that stand, in the trunk's axes [m]."""

    def update(self, state: RobotState, loads: Sequence[float], seconds: float) -> None:
        """Take one reading, so long after the last [s]; `loads` are shares of the weight that the feet should bear."""
        angles, speeds = state.motor_position.tolist(), state.motor_velocity.tolist()
        count, forward, lateral = 0, 0.0, 0.0
        roll, pitch, yaw = state.gyro.tolist()
        self.feet = [None] * len(self._legs)
        for index, leg in enumerate(self._legs):
            if loads[index] > _LOADED:
                joints = angles[3 * index : 3 * index + 3]
                self.feet[index] = x, y, z = leg.foot(*joints)
                u, v, _ = leg.foot_velocity(joints, speeds[3 * index : 3 * index + 3])
                forward -= u + pitch * z - yaw * y
                lateral -= v + yaw * x - roll * z
                count += 1
        if count:
            share = 1.0 - math.exp(-seconds / _SMOOTHING)
            self.forward += share * (forward / count - self.forward)
            self.lateral += share * (lateral / count - self.lateral)
