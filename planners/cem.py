"""The cross-entropy method: sample around a mean, keep the k cheapest, move mean and spread to them, repeat.

Rubinstein 1999; for control with learned models Chua et al. 2018, https://arxiv.org/abs/1805.12114. With the earlier
plan shifted in time as the mean, noise correlated in time (held for several steps), the mean itself and the favourite
among the candidates, and the best candidate ever seen as the answer. `planners/icem.py` goes all the way from here.
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
class CemSettings:
    """Cross-entropy method, warm-started.

    Attributes:
        candidates: action sequences per iteration N.
        elites: how many of the cheapest refit mean and spread k.
        iterations: rounds of sampling and refitting.
        spread: initial standard deviation as a fraction of each action's range; every plan starts with it again,
            else the search freezes around an old optimum.
        floor: smallest standard deviation as a fraction of the range.
        momentum: weight of the old mean and spread when refitting, in [0, 1).
        hold: steps between the knots of a candidate's noise, so that it moves the robot.
        interpolation: what the noise does between its knots.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["cem"] = "cem"
    candidates: int = 128
    elites: int = 8
    iterations: int = 3
    spread: float = 0.3
    floor: float = 0.02
    momentum: float = 0.1
    hold: int = 2
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        if not 1 <= self.elites <= self.candidates or self.candidates < 3:
            raise PlanningError(f"cem: expected 1 <= elites <= candidates >= 3, got {self.elites}, {self.candidates}")
        if self.iterations < 1 or self.hold < 1:
            raise PlanningError(f"cem: expected iterations and hold >= 1, got {self.iterations} and {self.hold}")
        if not 0 < self.floor <= self.spread <= 1 or not 0 <= self.momentum < 1:
            raise PlanningError(
                "cem: expected 0 < floor <= spread <= 1 and 0 <= momentum < 1, "
                f"got {self.floor}, {self.spread} and {self.momentum}"
            )


@dataclass(frozen=True)
class Belief:
    """Where cheap sequences lie: mean and standard deviation (H, A), and the cheapest of the last round (H, A)."""

    mean: FloatArray
    spread: FloatArray
    favourite: FloatArray


def plan(problem: Problem, settings: CemSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest action sequence found; the earlier plan when nothing finite was found in time."""
    answer, _ = search(
        problem,
        previous,
        init(problem, settings, previous),
        settings.iterations,
        partial(sample, problem, settings, rng),
        partial(update, problem, settings),
    )
    return answer


def init(problem: Problem, settings: CemSettings, previous: Plan | None) -> Belief:
    """Start wide around the rest of the earlier plan."""
    mean = warm_start(problem, previous)
    spread = np.broadcast_to(settings.spread * (problem.high - problem.low), mean.shape)
    return Belief(mean, spread, favourite=mean)


def sample(problem: Problem, settings: CemSettings, rng: np.random.Generator, belief: Belief) -> FloatArray:
    """Draw around the mean; mean and favourite are candidates themselves."""
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, colour=0.0)
    noise = draw(rng, settings.candidates - 2, problem.num_actions, shape)
    return around(problem, belief.mean, belief.spread, noise, np.stack([belief.mean, belief.favourite]))


def update(
    problem: Problem, settings: CemSettings, belief: Belief, candidates: FloatArray, costs: FloatArray
) -> Belief:
    """Move mean and spread to the k cheapest candidates."""
    elites = candidates[cheapest(costs, settings.elites)]
    if not len(elites):
        return belief
    keep, floor = settings.momentum, settings.floor * (problem.high - problem.low)
    mean = keep * belief.mean + (1 - keep) * elites.mean(axis=0)
    spread = keep * belief.spread + (1 - keep) * elites.std(axis=0)
    return Belief(mean, np.maximum(spread, floor), favourite=elites[0])
