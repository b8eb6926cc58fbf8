"""Random shooting: draw action sequences at random and play the cheapest one.

Nagabandi et al. 2018, https://arxiv.org/abs/1708.02596. The plain yardstick for every other planner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Self

import numpy as np

from planners.plan import Plan, warm_start
from planners.problem import FloatArray, Problem, expect, share_of
from planners.sampling.loop import search
from planners.sampling.noise import Interpolation, interpolation


@dataclass(frozen=True)
class ShootingSettings:
    """Random shooting: the plain yardstick.

    Attributes:
        candidates: action sequences per round.
        rounds: batches of candidates.
        hold: steps between the knots of a sequence.
    """

    kind: Literal["shooting"] = "shooting"
    candidates: int = 128
    rounds: int = 3
    hold: int = 1
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        expect(self, self.candidates >= 2, "candidates >= 2")
        expect(self, self.rounds >= 1 and self.hold >= 1, "rounds and hold >= 1")

    def sized(self, share: float) -> Self:
        """Return settings with a share of the candidates."""
        return replace(self, candidates=share_of(self.candidates, share, least=2))


def plan(problem: Problem, settings: ShootingSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest of uniformly drawn sequences and the rest of the earlier plan."""
    start, drawing = warm_start(problem, previous)[None], partial(sample, problem, settings, rng)
    return search(problem, previous, start, settings.rounds, drawing, lambda extra, *_: extra[:0])[0]


def sample(problem: Problem, settings: ShootingSettings, rng: np.random.Generator, extra: FloatArray) -> FloatArray:
    """Draw candidates (N, H, A) uniformly within bounds, besides extra ones (G, H, A)."""
    matrix = interpolation(problem.horizon, settings.hold, settings.interpolation)
    knots = rng.random((matrix.shape[1], problem.num_actions * (settings.candidates - len(extra))))
    drawn = (matrix @ knots).reshape(problem.horizon, problem.num_actions, -1).transpose(2, 0, 1)
    drawn = problem.low + (problem.high - problem.low) * drawn
    candidates: FloatArray = np.clip(np.concatenate([extra, drawn]), problem.low, problem.high)
    return candidates
