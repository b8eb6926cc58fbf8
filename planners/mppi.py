"""Model-predictive path integral control: the mean of all candidates, weighted by how cheap each of them is.

Williams et al. 2017, https://arxiv.org/abs/1707.02342, eq. 24 with the weights w = exp(-(cost - least) / temperature).
Here the temperature is a multiple of how far the costs spread, so weights of the cost function and its offset do not
matter; several rounds, each with less noise than the one before, after Xue et al. 2024, https://arxiv.org/abs/2409.15610.
The mean travels to the next tick in the plan (`Plan.memory`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from planners.plan import Plan, remembered, warm_start
from planners.problem import FloatArray, PlanningError, Problem
from planners.sampling.knots import Interpolation
from planners.sampling.loop import around, search
from planners.sampling.noise import draw, shaping


@dataclass(frozen=True)
class MppiSettings:
    """Path integral control: the mean of all candidates, weighted by how cheap each is.

    Attributes:
        candidates: action sequences per iteration N; the last mean is one more.
        iterations: rounds of sampling and weighting.
        temperature: the cost above the cheapest at which a candidate counts 1/e, as a fraction of what the median
            candidate costs more than the cheapest.
        spread: standard deviation of the first round as a fraction of each action's range.
        anneal: factor on the standard deviation from round to round, in (0, 1].
        colour: exponent of the noise spectrum; 0 is white.
        hold: steps between the knots of a candidate's noise.
        interpolation: what the noise does between its knots.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["mppi"] = "mppi"
    candidates: int = 128
    iterations: int = 3
    temperature: float = 0.1
    spread: float = 0.25
    anneal: float = 0.6
    colour: float = 2.0
    hold: int = 1
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        if self.candidates < 3 or self.iterations < 1 or self.hold < 1:
            raise PlanningError(
                "mppi: expected candidates >= 3, iterations >= 1 and hold >= 1, "
                f"got {self.candidates}, {self.iterations} and {self.hold}"
            )
        if not self.temperature > 0 or not 0 < self.spread <= 1 or not 0 < self.anneal <= 1:
            raise PlanningError(
                "mppi: expected temperature > 0, 0 < spread <= 1 and 0 < anneal <= 1, "
                f"got {self.temperature}, {self.spread} and {self.anneal}"
            )
        if not 0 <= self.colour <= 8:
            raise PlanningError(f"mppi: expected 0 <= colour <= 8, got {self.colour}")


@dataclass(frozen=True)
class Belief:
    """The mean (H, A), guests (G, H, A) to be tried besides it, and the rounds done."""

    mean: FloatArray
    guests: FloatArray
    round: int = 0


def plan(problem: Problem, settings: MppiSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest of all candidates and means, with the last mean in its memory."""
    answer, belief = search(
        problem,
        previous,
        init(problem, previous),
        settings.iterations + 1,
        partial(sample, problem, settings, rng),
        partial(update, settings),
    )
    return replace(answer, memory=belief.mean[None]) if np.isfinite(answer.cost) else answer


def init(problem: Problem, previous: Plan | None) -> Belief:
    """Start from the earlier mean, shifted in time, with the rest of the earlier plan as a guest."""
    start = warm_start(problem, previous)[None]
    return Belief(np.concatenate([remembered(problem, previous, 1), start])[0], start)


def sample(problem: Problem, settings: MppiSettings, rng: np.random.Generator, belief: Belief) -> FloatArray:
    """Draw around the mean, closer in every round; behind the last round the mean alone is tried."""
    mean = belief.mean[None]
    if belief.round == settings.iterations:
        return mean
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, settings.colour)
    spread = settings.spread * settings.anneal**belief.round * (problem.high - problem.low)
    noise = draw(rng, settings.candidates - 1 - len(belief.guests), problem.num_actions, shape)
    return around(problem, belief.mean, spread, noise, np.concatenate([mean, belief.guests]))


def update(settings: MppiSettings, belief: Belief, candidates: FloatArray, costs: FloatArray) -> Belief:
    """Move the mean to the weighted mean of the candidates."""
    finite = np.isfinite(costs)
    if belief.round == settings.iterations or not finite.any():
        return replace(belief, guests=belief.guests[:0], round=belief.round + 1)
    mean = np.tensordot(weights(costs, settings.temperature), candidates, axes=1)
    return Belief(mean, belief.guests[:0], belief.round + 1)


def weights(costs: FloatArray, temperature: float) -> FloatArray:
    """Return weights (N,) that sum to 1; not changed by an offset or a positive factor on all costs (N,)."""
    above = costs - costs.min()
    spread = float(np.median(above[np.isfinite(above)]))
    raw = np.exp(-above / (temperature * spread)) if spread > 0 else (above == 0).astype(np.float64)
    normalised: FloatArray = raw / raw.sum()
    return normalised
