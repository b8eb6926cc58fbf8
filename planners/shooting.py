"""Random shooting: draw action sequences at random and play the cheapest one.

Nagabandi et al. 2018, https://arxiv.org/abs/1708.02596. The plain yardstick for every other planner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from planners.plan import Plan, better, fallback, judged, warm_start
from planners.problem import FloatArray, PlanningError, Problem


@dataclass(frozen=True)
class ShootingSettings:
    """How random shooting searches.

    Attributes:
        candidates: action sequences per round.
        rounds: batches of candidates; the deadline is checked between them.
        hold: steps over which an action stays the same.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["shooting"] = "shooting"
    candidates: int = 128
    rounds: int = 3
    hold: int = 1

    def __post_init__(self) -> None:
        if self.candidates < 2 or self.rounds < 1 or self.hold < 1:
            raise PlanningError(
                "shooting: expected candidates >= 2, rounds >= 1 and hold >= 1, "
                f"got {self.candidates}, {self.rounds} and {self.hold}"
            )


def plan(problem: Problem, settings: ShootingSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest of uniformly drawn sequences and the rest of the earlier plan."""
    best, rounds = fallback(problem, previous), 0
    for first in problem.rounds(settings.rounds):
        candidates = _draw(problem, settings, rng)
        if first == 0:
            candidates[-1] = warm_start(problem, previous)
        costs, states = problem.evaluate(candidates)
        best = better(best, problem, candidates, costs, states)
        rounds += 1
    return judged(best, finished=rounds == settings.rounds)


def _draw(problem: Problem, settings: ShootingSettings, rng: np.random.Generator) -> FloatArray:
    knots = -(-problem.horizon // settings.hold)
    drawn = rng.uniform(problem.low, problem.high, (settings.candidates, knots, problem.num_actions))
    return np.repeat(drawn, settings.hold, axis=1)[:, : problem.horizon]
