"""Predictive sampling: disturb the best sequence, keep whatever is better.

Howell et al. 2022, https://arxiv.org/abs/2212.00541: no mean, no std that adapts, one parameter. Over a few spline
knots it is the simplest planner that drives legged robots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Self

import numpy as np

from planners.plan import Plan, warm_start
from planners.problem import FloatArray, Problem, cheapest, expect, share_of
from planners.sampling.loop import around, search
from planners.sampling.noise import Interpolation, draw, shaping


@dataclass(frozen=True)
class PredictiveSettings:
    """Predictive sampling: disturbs the best sequence and keeps what is better.

    Attributes:
        candidates: action sequences per round.
        rounds: how often the best sequence is disturbed.
        std: standard deviation of the noise as a fraction of each action's range.
        hold: steps between the knots of the noise.
    """

    kind: Literal["predictive"] = "predictive"
    candidates: int = 128
    rounds: int = 3
    std: float = 0.1
    hold: int = 4
    interpolation: Interpolation = "cubic"

    def __post_init__(self) -> None:
        expect(self, self.candidates >= 2, "candidates >= 2")
        expect(self, self.rounds >= 1 and self.hold >= 1, "rounds and hold >= 1")
        expect(self, 0 < self.std <= 1, "0 < std <= 1")

    def sized(self, share: float) -> Self:
        """Return settings with a share of the candidates."""
        return replace(self, candidates=share_of(self.candidates, share, least=2))


def plan(problem: Problem, settings: PredictiveSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest disturbance of the rest of the earlier plan, or that itself."""
    drawing = partial(sample, problem, settings, rng)
    return search(problem, previous, warm_start(problem, previous), settings.rounds, drawing, update)[0]


def sample(problem: Problem, settings: PredictiveSettings, rng: np.random.Generator, best: FloatArray) -> FloatArray:
    """Draw candidates (N, H, A): disturb the best sequence (H, A), which stays one."""
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, colour=0.0)
    std = settings.std * (problem.high - problem.low)
    noise = draw(rng, settings.candidates - 1, problem.num_actions, shape)
    return around(problem, best, std, noise, best[None])


def update(best: FloatArray, candidates: FloatArray, costs: FloatArray) -> FloatArray:
    """Return the cheapest of candidates (N, H, A) with costs (N,)."""
    return candidates[winner[0]] if len(winner := cheapest(costs, 1)) else best
