"""The cross-entropy method: sample around a mean, keep the k cheapest, move mean and std to them, repeat.

    u_1..N ~ N(mean, std^2)       elites = the k cheapest of them
    mean <- momentum mean + (1 - momentum) mean of the elites,     std likewise, but at least `floor`

Rubinstein 1999; for control with learned models Chua et al. 2018, https://arxiv.org/abs/1805.12114. With the earlier
plan shifted in time as the first mean, noise correlated in time (held for several steps), the mean and the best
sequence of the round before among the candidates, and the best candidate ever seen as the answer. `planners/icem.py`
goes all the way from here.
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
class CemSettings:
    """Cross-entropy method, warm-started.

    Attributes:
        candidates: action sequences per iteration N.
        elites: how many of the cheapest refit mean and std k.
        iterations: rounds of sampling and refitting.
        std: initial standard deviation as a fraction of each action's range; every plan starts with it again, else the
            search freezes around an old optimum.
        floor: smallest standard deviation as a fraction of the range.
        momentum: weight of the old mean and std when refitting, in [0, 1).
        hold: steps between the knots of a candidate's noise, so that it moves the robot.
    """

    kind: Literal["cem"] = "cem"
    candidates: int = 128
    elites: int = 8
    iterations: int = 3
    std: float = 0.3
    floor: float = 0.02
    momentum: float = 0.1
    hold: int = 2
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        expect(self, 1 <= self.elites <= self.candidates >= 3, "1 <= elites <= candidates >= 3")
        expect(self, self.iterations >= 1 and self.hold >= 1, "iterations and hold >= 1")
        expect(self, 0 < self.floor <= self.std <= 1, "0 < floor <= std <= 1")
        expect(self, 0 <= self.momentum < 1, "0 <= momentum < 1")

    def sized(self, share: float) -> Self:
        """Return settings with a share of the candidates and of the elites."""
        elites = share_of(self.elites, share, least=1)
        return replace(self, candidates=max(share_of(self.candidates, share, least=3), elites), elites=elites)


@dataclass(frozen=True)
class Proposal:
    """Where cheap sequences lie.

    Attributes:
        mean: (H, A).
        std: standard deviation (H, A).
        best: the cheapest of the round before (H, A).
    """

    mean: FloatArray
    std: FloatArray
    best: FloatArray


def plan(problem: Problem, settings: CemSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest action sequence found; the earlier plan when nothing finite was found in time."""
    drawing, learning = partial(sample, problem, settings, rng), partial(update, problem, settings)
    return search(problem, previous, init(problem, settings, previous), settings.iterations, drawing, learning)[0]


def init(problem: Problem, settings: CemSettings, previous: Plan | None) -> Proposal:
    """Start wide around the rest of the earlier plan."""
    mean = warm_start(problem, previous)
    std = np.broadcast_to(settings.std * (problem.high - problem.low), mean.shape)
    return Proposal(mean, std, best=mean)


def sample(problem: Problem, settings: CemSettings, rng: np.random.Generator, proposal: Proposal) -> FloatArray:
    """Draw candidates (N, H, A) around the mean; mean and best are candidates themselves."""
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, colour=0.0)
    noise = draw(rng, settings.candidates - 2, problem.num_actions, shape)
    return around(problem, proposal.mean, proposal.std, noise, np.stack([proposal.mean, proposal.best]))


def update(
    problem: Problem, settings: CemSettings, proposal: Proposal, candidates: FloatArray, costs: FloatArray
) -> Proposal:
    """Move mean and std to the k cheapest of candidates (N, H, A) with costs (N,)."""
    elites = candidates[cheapest(costs, settings.elites)]
    if not len(elites):
        return proposal
    keep, floor = settings.momentum, settings.floor * (problem.high - problem.low)
    mean = keep * proposal.mean + (1 - keep) * elites.mean(axis=0)
    std = keep * proposal.std + (1 - keep) * elites.std(axis=0)
    return Proposal(mean, np.maximum(std, floor), best=elites[0])
