"""Legs without a foot: noticed by what they do not bear, and used as pegs.

A foot that bears nothing through its stance is gone, with the calf that held it. The rest of such a leg still carries
the trunk when its thigh points straight down and the trunk is low enough. Whatever bears again is a foot again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.legs import Foot

_LOADED = 0.6
"""Share of a fair load from which a foot should bear something."""
_AGAIN = 4.0
"""A foot is there again when it bears this many times what makes it a lost one."""
_BLEND = 0.03
"""Time constant with which a leg becomes a peg, and a leg again [s]."""
_PEG = (0.0, 0.0, -0.95)
"""Hip, thigh and calf of a peg [rad]. A calf that is there after all reaches for the ground, and bears again."""


class BareLegs:
    """Watches the feet of a walker.

    A trot stands on two feet, so there is only a moment: a leg is bent into a peg within a tenth of a second.
    """

    def __init__(self, foot: Foot, count: int) -> None:
        """Start with all feet there."""
        self._foot, self._count = foot, count
        self.reset()

    def reset(self) -> None:
        """All feet are there."""
        self._bare = [0.0] * self._count
        self._share = [0.0] * self._count

    @property
    def any(self) -> bool:
        """Whether a leg has lost its foot."""
        return any(time >= self._foot.bare_seconds for time in self._bare)

    def update(self, forces: Sequence[float], loads: Sequence[float], seconds: float) -> None:
        """Take one reading.

        Args:
            forces: that the feet bear [N]; NaN where they are not measured.
            loads: share of the weight that each foot should bear.
            seconds: since the last reading.
        """
        least, fair = self._foot.bare_force, _LOADED / len(self._bare)
        blend = 1.0 - math.exp(-seconds / _BLEND)
        for index, (force, load) in enumerate(zip(forces, loads, strict=True)):
            lost = self._bare[index] >= self._foot.bare_seconds
            if force > (_AGAIN if lost else 1.0) * least:
                self._bare[index] = 0.0
            elif load >= fair and force < least:
                self._bare[index] += seconds
            self._share[index] += blend * (float(lost) - self._share[index])

    def bend(self, angles: list[float]) -> list[float]:
        """Return joint angles, leg after leg, in which legs without a foot are pegs [rad]."""
        for index, share in enumerate(self._share):
            if share > 1e-3:
                for joint, peg in enumerate(_PEG):
                    angles[3 * index + joint] += share * (peg - angles[3 * index + joint])
        return angles

    def unload(self, loads: list[float]) -> list[float]:
        """Return the shares of the weight, given that a peg stands without torque."""
        return [load * (1.0 - share) for load, share in zip(loads, self._share, strict=True)]
