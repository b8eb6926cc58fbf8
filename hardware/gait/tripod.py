"""A robot with a joint that does not follow stands still, over the feet of the legs that do.

It steps until it is settled, with the bad leg as it is; then all feet stay on the ground, and the trunk moves low over
the middle of the good ones, so that the bad one need not bear. A leg whose calf fails stands on its knee meanwhile.
Feet that stand move under the trunk as towards a capture point (Pratt et al., "Capture point", Humanoids 2006), gently,
because a trunk on stiff legs rocks. The numbers are those of a random search over dead hips and calves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.gait.pattern import Balance, Gait
from hardware.legs import Triple

LOW = 0.19
"""Height of the trunk over the feet meanwhile [m]."""
_SETTLED = 0.9
"""Share of the margin that has to be left when the last step ends."""
_PACE, _FASTEST = 2.0, 0.33
"""How fast feet move under the trunk, for each metre that they are off [1/s], and at most [m/s]."""
_AHEAD = 0.46
"""Share of the way to the capture point."""
_SMOOTH, _BEND = 0.053, 0.077
"""Time constants of those movements, and of standing on a knee [s]."""
_CALF = 2
"""Joint of a leg without which it stands on its knee."""


class Tripod:
    """Stateful in which leg is bad, and in how it stands.

    Attributes:
        speed: at which feet should move under the trunk, forward and to the left [m/s].
        drift: the same once all stand; None while they step, and then steps are led by it.
    """

    def __init__(self, legs: int, peg: Triple) -> None:
        """All legs walk; `peg` is the pose of one that stands on its knee [rad]."""
        self._count, self._peg = legs, peg
        self.reset()

    def reset(self) -> None:
        """All legs walk."""
        self._leg, self._share, self.speed = 0, 0.0, (0.0, 0.0)
        self.drift: tuple[float, float] | None = None

    def update(
        self,
        lost: Sequence[int],
        gait: Gait,
        below: tuple[float, float],
        step: Balance,
        margin: float,
        seconds: float,
    ) -> None:
        """Take which joints do not follow.

        Args:
            lost: their indices.
            gait: whose feet stand.
            below: where the centre of mass falls on the ground of the feet [m].
            step: where steps would land besides, for the trunk's speed.
            margin: that is left until it falls, 0 to 1.
            seconds: since the last call.
        """
        bad = sorted({joint // 3 for joint in lost})
        kneels = len(bad) == 1 and all(joint % 3 == _CALF for joint in lost)
        self._share += (1.0 - math.exp(-seconds / _BEND)) * (float(kneels) - self._share)
        if not bad:
            self.drift, self.speed = None, (0.0, 0.0)
            return
        self._leg, good = bad[0], [index for index in range(self._count) if index not in bad]
        x, y = (sum(gait.feet[index][axis] for index in good) / max(len(good), 1) for axis in (0, 1))
        share, (forward, left) = 1.0 - math.exp(-seconds / _SMOOTH), self.speed
        forward += share * (_bounded(_PACE * (below[0] - x + _AHEAD * step.forward)) - forward)
        left += share * (_bounded(_PACE * (below[1] - y + _AHEAD * step.lateral)) - left)
        self.speed = forward, left
        self.drift = self.speed if margin > _SETTLED else None

    def bend(self, angles: list[float]) -> list[float]:
        """Return joint angles, leg after leg, in which a leg whose calf fails kneels [rad]."""
        if self._share > 1e-3:
            for joint, peg in enumerate(self._peg, 3 * self._leg):
                angles[joint] += self._share * (peg - angles[joint])
        return angles

    def unload(self, loads: list[float]) -> list[float]:
        """Return the shares of the weight, given that a knee stands without torque."""
        if self._share > 1e-3:
            loads[self._leg] *= 1.0 - self._share
            total = sum(loads)
            return [load / total for load in loads] if total > 0.0 else loads
        return loads


def _bounded(speed: float) -> float:
    return max(-_FASTEST, min(_FASTEST, speed))
