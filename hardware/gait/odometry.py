"""How fast the trunk moves over its feet, from joint angles, joint speeds and the gyro alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.legs import Leg

_SMOOTHING = 0.03
"""Time constant of the estimate [s]."""
_LOADED = 0.1
"""Share of the weight from which a foot is taken to stand still."""


class LegOdometry:
    """Averages what every loaded foot says: the trunk moves as the foot seems to move backwards."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        """Start at rest."""
        self._legs = tuple(legs)
        self.reset()

    def reset(self) -> None:
        """Forget the motion."""
        self.forward = self.lateral = 0.0

    def update(
        self,
        angles: Sequence[float],
        speeds: Sequence[float],
        gyro: Sequence[float],
        loads: Sequence[float],
        seconds: float,
    ) -> None:
        """Take one reading.

        Args:
            angles: of the joints, leg after leg [rad].
            speeds: of the joints [rad/s].
            gyro: angular velocity of the trunk in its axes (3,) [rad/s].
            loads: share of the weight that each foot should bear.
            seconds: since the last reading.
        """
        count, forward, lateral = 0, 0.0, 0.0
        roll, pitch, yaw = gyro
        for index, leg in enumerate(self._legs):
            if loads[index] > _LOADED:
                joints = angles[3 * index : 3 * index + 3]
                x, y, z = leg.foot(*joints)
                u, v, _ = leg.foot_velocity(joints, speeds[3 * index : 3 * index + 3])
                forward -= u + pitch * z - yaw * y
                lateral -= v + yaw * x - roll * z
                count += 1
        if count:
            share = 1.0 - math.exp(-seconds / _SMOOTHING)
            self.forward += share * (forward / count - self.forward)
            self.lateral += share * (lateral / count - self.lateral)
