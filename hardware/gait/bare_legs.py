"""Legs without a foot: noticed by what they do not bear, and used as pegs.

A foot that bears nothing through its stance is gone, with the calf that held it. The rest of such a leg still carries
the trunk when its thigh points straight down and the trunk is low enough. Whatever bears again is a foot again.

A foot that says it bears nothing is believed only when all feet together account for what the accelerometer feels: feet
that say nothing, a tenth or raw counts make no pegs. A peg beside it bears unmeasured; then most of it will do. Two
feet that bear nothing for as long as each other disprove both: they may be those of the other side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.legs import Foot, Triple

_LOADED = 0.6
"""Share of a fair load from which a foot should bear something."""
_AGAIN = 4.0
"""A foot is there again when it bears this many times what makes it a lost one."""
_BLEND = 0.03
"""Time constant with which a leg becomes a peg, and a leg again [s]."""
_ALL, _MOST, _LITTLE, _TOO_MUCH = 0.86, 0.5, 0.7, 2.5
"""Shares of what is felt that feet say they bear: proof, proof beside a peg, and what disproves them on either side."""
_RECENT = 0.1
"""Time constant of those shares [s]: a foot that is lost just now does not disprove the others."""
_AS_LONG = 0.7
"""Share of the time after which a foot is lost for which another may bear nothing too."""
_DOUBT = 1.0
"""Time for which feet that said too little, or disproved each other, make no pegs [s]."""


class BareLegs:
    """Watches the feet of a walker.

    A trot stands on two feet, so there is only a moment: a leg is bent into a peg within a tenth of a second.
    """

    def __init__(self, foot: Foot, count: int, peg: Triple) -> None:
        """Start with all feet there."""
        self._foot, self._count, self._peg = foot, count, peg
        self.reset()

    def reset(self) -> None:
        """All feet are there."""
        self._bare = [0.0] * self._count
        self._share = [0.0] * self._count
        self._said = self._felt = self._doubt = 0.0

    @property
    def any(self) -> bool:
        """Whether a leg has lost its foot."""
        return any(time >= self._foot.bare_seconds for time in self._bare)

    def update(self, forces: Sequence[float], loads: Sequence[float], felt: float, seconds: float) -> None:
        """Take one reading.

        Args:
            forces: that the feet bear [N]; NaN where they are not measured.
            loads: share of the weight that each foot should bear.
            felt: mass times the acceleration that is felt along the trunk's z axis [N].
            seconds: since the last reading.
        """
        least, fair, most = self._foot.bare_force, _LOADED / len(self._bare), self._foot.bare_seconds
        blend = 1.0 - math.exp(-seconds / _BLEND)
        believed = self._believed(sum(forces), felt, seconds)
        for index, (force, load) in enumerate(zip(forces, loads, strict=True)):
            bare = self._bare[index] + seconds
            lost = self._bare[index] >= most
            if bare >= most > max(self._bare) and max(self._others(index)) >= _AS_LONG * most:
                believed, self._doubt = False, _DOUBT
            if force > (_AGAIN if lost else 1.0) * least:
                self._bare[index] = 0.0
            elif load >= fair and force < least and (lost or believed or bare < most):
                self._bare[index] = bare
            self._share[index] += blend * (float(lost) - self._share[index])

    def _others(self, index: int) -> list[float]:
        return self._bare[:index] + self._bare[index + 1 :]

    def _believed(self, said: float, felt: float, seconds: float) -> bool:
        """Tell whether feet that say they bear so much, while so much is felt [N], may make another leg a peg."""
        if not self._felt:
            self._said = self._felt = felt
        recent = 1.0 - math.exp(-seconds / _RECENT)
        self._said += recent * (said - self._said)
        self._felt += recent * (felt - self._felt)
        if self.any:
            return self._said >= _MOST * self._felt
        if self._said < _LITTLE * self._felt:
            self._doubt = _DOUBT
        self._doubt = max(0.0, self._doubt - seconds)
        return self._doubt == 0.0 and _ALL * self._felt <= self._said <= _TOO_MUCH * self._felt

    def bend(self, angles: list[float]) -> list[float]:
        """Return joint angles, leg after leg, in which legs without a foot are pegs [rad]."""
        for index, share in enumerate(self._share):
            if share > 1e-3:
                for joint, peg in enumerate(self._peg):
                    angles[3 * index + joint] += share * (peg - angles[3 * index + joint])
        return angles

    def unload(self, loads: list[float]) -> list[float]:
        """Return the shares of the weight, given that a peg stands without torque."""
        return [load * (1.0 - share) for load, share in zip(loads, self._share, strict=True)]
