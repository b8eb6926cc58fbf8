"""A leg with a joint that does not follow is carried, and the others stand still: three feet hold a trunk that is low.

First all feet come down, the bad one too, for a moment it still props. The trunk moves over the middle of the good feet
with gravity; as soon as it is there the bad leg is taken up. Feet that stand move under the trunk as towards a capture
point (Pratt et al., "Capture point", Humanoids 2006), gently, because a trunk on stiff legs rocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.gait.pattern import Balance, Gait
from hardware.legs import Triple

_PACE, _FASTEST = 2.0, 0.33
"""How fast feet move under the trunk, for each metre that they are off [1/s], and at most [m/s]."""
_AHEAD = 0.46
"""Share of the way to the capture point."""
_SMOOTH, _LIFT = 0.053, 0.077
"""Time constants of those movements, and of taking up a leg [s]."""
_THERE, _PATIENCE = 0.013, 1.0
"""The trunk is over the feet when it is nearer [m]; after so long on all feet the leg is taken up anyway [s]."""
LOW = 0.19
"""Height of the trunk over the feet meanwhile [m]."""
_CARRIED: Triple = (0.0, 1.9, -2.7)
"""Joints of a leg that is carried: knee up behind the hip, folded [rad]."""


class Tripod:
    """Stateful in the leg that is carried.

    Attributes:
        drift: how fast the feet that stand move under the trunk, forward and to the left [m/s]; None while all walk.
    """

    def __init__(self, legs: int) -> None:
        """All legs walk."""
        self._count = legs
        self.reset()

    def reset(self) -> None:
        """All legs walk."""
        self._leg = 0
        self.drift: tuple[float, float] | None = None
        self._share = self._stood = 0.0
        self._carries = False

    def update(self, bad: Sequence[int], gait: Gait, below: tuple[float, float], step: Balance, seconds: float) -> None:
        """Take which legs do not follow.

        Args:
            bad: their indices; with more than one no leg is carried.
            gait: whose feet stand.
            below: where the centre of mass falls on the ground of the feet [m].
            step: where steps would land besides, for the trunk's speed.
            seconds: since the last call.
        """
        lift = 1.0 - math.exp(-seconds / _LIFT)
        self._share += lift * (float(self._carries) - self._share)
        if not bad:
            self.drift, self._stood, self._carries = None, 0.0, False
            return
        self._leg, good = bad[0], [index for index in range(self._count) if index not in bad]

        # The trunk goes over the middle of the good feet.
        x, y = (sum(gait.feet[index][axis] for index in good) / max(len(good), 1) for axis in (0, 1))
        x, y = below[0] - x, below[1] - y
        share, (forward, left) = 1.0 - math.exp(-seconds / _SMOOTH), self.drift or (0.0, 0.0)
        forward += share * (_bounded(_PACE * (x + _AHEAD * step.forward)) - forward)
        left += share * (_bounded(_PACE * (y + _AHEAD * step.lateral)) - left)
        self.drift = forward, left

        # Then the bad one goes up.
        if len(bad) == 1 and all(gait.stays[index] for index in good):
            self._stood += seconds
            self._carries |= math.hypot(x, y) < _THERE or self._stood > _PATIENCE

    def bend(self, angles: list[float]) -> list[float]:
        """Return joint angles, leg after leg, in which a leg that is carried is up [rad]."""
        if self._share > 1e-3:
            for joint, up in enumerate(_CARRIED, 3 * self._leg):
                angles[joint] += self._share * (up - angles[joint])
        return angles

    def unload(self, loads: list[float]) -> list[float]:
        """Return the shares of the weight, given that a leg in the air bears nothing."""
        if self._share > 1e-3:
            loads[self._leg] *= 1.0 - self._share
            total = sum(loads)
            return [load / total for load in loads] if total > 0.0 else loads
        return loads


def _bounded(speed: float) -> float:
    return max(-_FASTEST, min(_FASTEST, speed))
