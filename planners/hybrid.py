"""Search, then polish: iCEM explores, a Newton step makes the best of what it found, and the next tick starts there.

Sampling finds the right basin where a task has several (a turn one way or the other, a gait) and stops short of its
bottom; Newton steps reach the bottom of the basin they are in. The polished plan is mean and candidate of the next
search. A model or cost without derivatives leaves the search alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np

from planners import icem, rti
from planners.icem import IcemSettings
from planners.newton import linearize
from planners.plan import Plan, PlanStatus, judged
from planners.problem import FloatArray, Problem, expect
from planners.rti import RtiSettings, Trajectories


@dataclass(frozen=True)
class HybridSettings:
    """iCEM explores, Newton steps polish what it found.

    Attributes:
        seeds: how many sequences are polished: the best one, then the elites that differ most.
        share: of the time left that the search may take.
    """

    kind: Literal["hybrid"] = "hybrid"
    search: IcemSettings = field(default_factory=lambda: IcemSettings(candidates=54, iterations=2))
    polish: RtiSettings = field(default_factory=lambda: RtiSettings(damping=3.0))
    seeds: int = 1
    share: float = 0.6

    def __post_init__(self) -> None:
        expect(self, self.seeds >= 1 and 0 < self.share < 1, "seeds >= 1 and share in (0, 1)")

    def sized(self, share: float) -> Self:
        """Return settings whose search has a share of the candidates."""
        return replace(self, search=self.search.sized(share))


def plan(problem: Problem, settings: HybridSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the best sequence that search and polish found; the earlier plan when nothing finite was found in time."""
    known = linearize.smooth(problem)
    if known is None:
        return icem.plan(problem, settings.search, previous, rng)
    found = icem.plan(_hurried(problem, settings.share), settings.search, previous, rng)
    if not np.isfinite(found.cost):
        return found
    if next(problem.rounds(1), None) is None:
        return judged(found, finished=False)
    polished = rti.refine(
        problem, known, settings.polish, found, _seeds(problem, found, settings.seeds), settings.polish.iterations
    )
    return judged(replace(polished, memory=found.memory), finished=found.status is PlanStatus.OK)


def _seeds(problem: Problem, found: Plan, number: int) -> Trajectories:
    """Return what to polish: the plan that was found and the elites that differ most from it."""
    plan = Trajectories(found.actions[None], found.states[None], np.array([found.cost]))
    if number == 1 or found.memory is None:
        return plan
    sequences = np.concatenate([plan.actions, found.memory])
    others = _apart(sequences, number, problem.high - problem.low)[1:]
    costs, states = problem.evaluate(others)
    parts = Trajectories(others, rti.average(states), costs)
    return Trajectories(*(np.concatenate(pair) for pair in zip(plan, parts, strict=True)))


def _hurried(problem: Problem, share: float) -> Problem:
    """Return the problem with a part of the time left."""
    if problem.deadline is None:
        return problem
    now = problem.clock()
    return replace(problem, deadline=now + share * (problem.deadline - now))


def _apart(sequences: FloatArray, number: int, width: FloatArray) -> FloatArray:
    """Return the first of sequences (K, H, A), then each time the one farthest from those chosen."""
    chosen, scaled = [0], sequences / width
    nearest = np.full(len(sequences), np.inf)
    for _ in range(min(number, len(sequences)) - 1):
        nearest = np.minimum(nearest, np.square(scaled - scaled[chosen[-1]]).sum(axis=(1, 2)))
        chosen.append(int(nearest.argmax()))
    return sequences[chosen]
