"""Legs whose feet bear nothing are gone: the others share the cycle among them, and stand around the trunk.

For robots that have legs enough. A trunk over the middle of the feet that are left does not tip when one of them swings
(the stability margin of McGhee and Frank 1968, "On the stability properties of quadruped creeping gaits"). A leg that
is gone goes on stepping where it was: if its foot bears again, it is back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.drives import Pattern
from hardware.legs import Foot, Leg, Triple

_FEWEST = 3
"""Legs that are left at least: with fewer there is nothing to stand on."""
_LOADED = 0.6
"""Share of a fair load from which a foot should bear something."""
_AGAIN = 3.0
"""A foot is there again when it bears this many times what makes it a lost one."""
_MOST = 0.6
"""Share of what is felt that all feet together have to say they bear, to be believed."""
_RAISED, _USUAL = -0.01, 1.0
"""A foot that tipping has raised so far need not bear [m]; time constant with which a tilt becomes the usual [s]."""
_PACE = 0.5
"""How fast a leg's place in the cycle changes [cycles/s]: slower than the cycle, so that no foot jumps."""
_AROUND, _FARTHEST = 0.4, 0.6
"""Time constant with which feet go around the trunk [s], and how far at most, as a share of how far out they stand."""


class Regroup:
    """Stateful in which legs are gone.

    Attributes:
        lags: when each leg's stance begins, as a share of the cycle (n_legs,).
        aside: how far feet land forward and to the left of where they would [m].
        gone: which legs are (n_legs,).
    """

    def __init__(self, legs: Sequence[Leg], pattern: Pattern, foot: Foot) -> None:
        """All legs are there."""
        self._places, self._pattern, self._foot = [leg.place for leg in legs], pattern, foot
        self._most = _FARTHEST * min(math.dist(leg.place, (leg.x, leg.y)) for leg in legs)
        self.reset()

    def reset(self) -> None:
        """All legs are there."""
        self._bare, self.gone = [0.0] * len(self._places), [False] * len(self._places)
        self._usual: Triple | None = None
        self.lags, self.aside = self._pattern.lags(self._places), (0.0, 0.0)

    def update(
        self, forces: Sequence[float], loads: Sequence[float], felt: float, pull: Triple, seconds: float
    ) -> None:
        """Take one reading.

        Args:
            forces: that the feet bear [N]; NaN where they are not measured.
            loads: share of the weight that each foot should bear.
            felt: mass times the acceleration that is felt along the trunk's z axis [N].
            pull: unit vector of gravity in the trunk's axes.
            seconds: since the last reading.
        """
        ahead, left = self._tipped(pull, seconds)
        least, fair = self._foot.bare_force, _LOADED / len(forces)
        believed = sum(forces) >= _MOST * felt
        for index, (force, load, (x, y)) in enumerate(zip(forces, loads, self._places, strict=True)):
            if force > (_AGAIN if self.gone[index] else 1.0) * least:
                self._bare[index] = 0.0
            elif force < least and load >= fair and believed and ahead * x + left * y > _RAISED:
                self._bare[index] += seconds
        gone = [time >= self._foot.bare_seconds for time in self._bare]
        if len(gone) - sum(gone) >= _FEWEST:
            self.gone = gone
        self._move([index for index, lost in enumerate(self.gone) if not lost], seconds)

    def unload(self, loads: list[float]) -> list[float]:
        """Return the shares of the weight, given that legs that are gone bear none."""
        left = [0.0 if lost else load for load, lost in zip(loads, self.gone, strict=True)]
        total = sum(left)
        return [load / total for load in left] if total > 0.0 else loads

    def _tipped(self, pull: Triple, seconds: float) -> tuple[float, float]:
        """Return how far gravity points more ahead and more to the left than it usually does, as feet are there."""
        if self._usual is None:
            self._usual = pull
        if max(self._bare) == 0.0:
            share = 1.0 - math.exp(-seconds / _USUAL)
            x, y, z = (old + share * (new - old) for old, new in zip(self._usual, pull, strict=True))
            self._usual = x, y, z
        return pull[0] - self._usual[0], pull[1] - self._usual[1]

    def _move(self, rest: list[int], seconds: float) -> None:
        """Move the legs that are left towards where they belong in the cycle and around the trunk."""
        places = [self._places[index] for index in rest]
        lags, most = list(self.lags), _PACE * seconds
        for index, lag in zip(rest, self._pattern.lags(places), strict=True):
            lags[index] = (lags[index] + max(-most, min(most, math.remainder(lag - lags[index], 1.0)))) % 1.0
        self.lags = tuple(lags)
        share = 1.0 - math.exp(-seconds / _AROUND)
        middle = (sum(place[axis] for place in places) / len(places) for axis in (0, 1))
        forward, left = (max(-self._most, min(self._most, -each)) for each in middle)
        self.aside = (
            self.aside[0] + share * (forward - self.aside[0]),
            self.aside[1] + share * (left - self.aside[1]),
        )
