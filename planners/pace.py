"""A search whose size fits the time that there is: made smaller before it begins rather than cut off before its end.

What a search takes is known from those before it. Some of its time does not depend on its size; how much, differs from
planner to planner, so a part is taken for granted that is less than any has. The size then comes closer from search to
search, without going past, to the one that fills the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planners.plan import Plan, PlanFunction
from planners.problem import Problem

LEAST = 0.25
"""Share of its usual candidates below which a search is not made smaller, however little time there is."""
_FIXED = 0.3
"""Share of a whole search's time that does not depend on its size, at the least."""
_LATELY = 25
"""Searches from which the time of the next is known."""
_IN_TIME = 0.9
"""Share of them that would have ended in the time that is expected of the next."""


@dataclass(frozen=True)
class Pace:
    """How long searches took lately [s], each as if it had been a whole one."""

    lately: tuple[float, ...] = ()

    def size(self, seconds: float) -> float:
        """Return how large a search may be that ends within a time [s]; never less than `LEAST`, and 1 at first."""
        whole = self.expected(1.0)
        fits = (seconds - self.expected(0.0)) / (whole * (1.0 - _FIXED)) if whole else 1.0
        return min(max(fits, LEAST), 1.0)

    def expected(self, size: float) -> float:
        """Return how long a search of a size takes [s]; nothing is known at first, which is 0."""
        if not self.lately:
            return 0.0
        whole = sorted(self.lately)[int(_IN_TIME * len(self.lately))]
        return whole * (_FIXED + (1.0 - _FIXED) * size)

    def after(self, seconds: float, size: float) -> Pace:
        """Return the pace after a search of a size took a time [s]."""
        whole = seconds / (_FIXED + (1.0 - _FIXED) * size)
        return Pace((*self.lately, whole)[-_LATELY:])


class Paced:
    """A planner whose searches fit the time until some time before their deadline; implements `PlanFunction`.

    That time is what one that takes longer than expected may still use. However late it is, a search of the least size
    is made: a late plan is better than one from an older state. Without a deadline nothing is made smaller. A search
    for the same moment once more is a rehearsal, with cold caches, and tells nothing.

    Args:
        planner: heeds `Problem.size`, as those of `planners.factory.make` do.
        spare: how long before its deadline a search should have ended [s].
    """

    def __init__(self, planner: PlanFunction, spare: float) -> None:
        self._planner, self._spare, self._pace = planner, spare, Pace()
        self._moment: float | None = None

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Search."""
        if problem.deadline is None:
            return self._planner(problem, previous, rng)
        begun = problem.clock()
        size = self._pace.size(problem.deadline - self._spare - begun)
        deadline = max(problem.deadline, begun + 2.0 * self._pace.expected(LEAST))
        found = self._planner(replace(problem, size=size, deadline=deadline), previous, rng)
        if problem.time != self._moment:
            self._pace, self._moment = self._pace.after(problem.clock() - begun, found.size), problem.time
        return found
