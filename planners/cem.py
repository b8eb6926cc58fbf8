"""The cross-entropy method: sample around a mean, keep the k cheapest, move mean and spread to them, repeat.

Rubinstein 1999; for control with learned models Chua et al. 2018, https://arxiv.org/abs/1805.12114. After Pinneri et
al. 2020, https://arxiv.org/abs/2008.06389: the earlier plan shifted in time as the mean, noise correlated in time (here
held for several steps), the mean itself among the candidates, and the best candidate ever seen as the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from planners.plan import Plan, better, fallback, judged, warm_start
from planners.problem import FloatArray, PlanningError, Problem, cheapest


@dataclass(frozen=True)
class CemSettings:
    """How the cross-entropy method searches.

    Attributes:
        candidates: action sequences per iteration N.
        elites: how many of the cheapest refit mean and spread k.
        iterations: rounds of sampling and refitting.
        spread: initial standard deviation as a fraction of each action's range; every plan starts with it again,
            else the search freezes around an old optimum.
        floor: smallest standard deviation as a fraction of the range.
        momentum: weight of the old mean and spread when refitting, in [0, 1).
        hold: steps over which the noise of a candidate stays the same, so that it moves the robot.

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


def plan(problem: Problem, settings: CemSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest action sequence found; the earlier plan when nothing finite was found in time."""
    width = problem.high - problem.low
    mean = warm_start(problem, previous)
    spread = np.broadcast_to(settings.spread * width, mean.shape)
    best, favourite, rounds = fallback(problem, previous), mean, 0
    for _ in problem.rounds(settings.iterations):
        noise = held_noise(rng, settings.candidates - 2, mean.shape, settings.hold)
        candidates = np.concatenate([mean + spread * noise, mean[None], favourite[None]])
        candidates = np.clip(candidates, problem.low, problem.high)
        costs, states = problem.evaluate(candidates)
        best = better(best, problem, candidates, costs, states)
        elites = candidates[cheapest(costs, settings.elites)]
        if len(elites):
            favourite = elites[0]
            mean = settings.momentum * mean + (1 - settings.momentum) * elites.mean(axis=0)
            spread = settings.momentum * spread + (1 - settings.momentum) * elites.std(axis=0)
            spread = np.maximum(spread, settings.floor * width)
        rounds += 1
    return judged(best, finished=rounds == settings.iterations)


def held_noise(rng: np.random.Generator, count: int, shape: tuple[int, ...], hold: int) -> FloatArray:
    """Return standard normal noise (count, H, A) that changes every `hold` steps."""
    horizon, num_actions = shape
    noise = rng.standard_normal((count, -(-horizon // hold), num_actions))
    return np.repeat(noise, hold, axis=1)[:, :horizon]
