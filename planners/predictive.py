"""Predictive sampling: disturb the best sequence, keep whatever is better.

Howell et al. 2022, https://arxiv.org/abs/2212.00541: no mean, no spread that adapts, one parameter. Over a few spline
knots it is the simplest planner that drives legged robots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from planners.plan import Plan, warm_start
from planners.problem import FloatArray, PlanningError, Problem, cheapest
from planners.sampling.knots import Interpolation
from planners.sampling.loop import around, search
from planners.sampling.noise import draw, shaping


@dataclass(frozen=True)
class PredictiveSettings:
    """Predictive sampling: disturbs the best sequence and keeps what is better.

    Attributes:
        candidates: action sequences per round.
        rounds: how often the best sequence is disturbed.
        spread: standard deviation of the noise as a fraction of each action's range.
        hold: steps between the knots of the noise.
        interpolation: what the noise does between its knots.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["predictive"] = "predictive"
    candidates: int = 128
    rounds: int = 3
    spread: float = 0.1
    hold: int = 4
    interpolation: Interpolation = "cubic"

    def __post_init__(self) -> None:
        if self.candidates < 2 or self.rounds < 1 or self.hold < 1 or not 0 < self.spread <= 1:
            raise PlanningError(
                "predictive: expected candidates >= 2, rounds >= 1, hold >= 1 and 0 < spread <= 1, "
                f"got {self.candidates}, {self.rounds}, {self.hold} and {self.spread}"
            )


def plan(problem: Problem, settings: PredictiveSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest disturbance of the rest of the earlier plan, or that itself."""
    answer, _ = search(
        problem,
        previous,
        warm_start(problem, previous),
        settings.rounds,
        partial(sample, problem, settings, rng),
        update,
    )
    return answer


def sample(problem: Problem, settings: PredictiveSettings, rng: np.random.Generator, best: FloatArray) -> FloatArray:
    """Disturb the best sequence (H, A), which stays a candidate."""
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, colour=0.0)
    spread = settings.spread * (problem.high - problem.low)
    noise = draw(rng, settings.candidates - 1, problem.num_actions, shape)
    return around(problem, best, spread, noise, best[None])


def update(best: FloatArray, candidates: FloatArray, costs: FloatArray) -> FloatArray:
    """Keep the cheapest."""
    return candidates[winner[0]] if len(winner := cheapest(costs, 1)) else best
