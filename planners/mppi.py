"""Model-predictive path integral control: the mean of all candidates, weighted by how cheap each of them is.

Williams et al. 2017, https://arxiv.org/abs/1707.02342, eq. 24 with the weights w = exp(-(cost - least) / temperature).
Here the temperature is a multiple of how far the costs spread, so weights of the cost function and its offset do not
matter; several rounds, each with less noise than the one before, after Xue et al. 2024, https://arxiv.org/abs/2409.15610.
The mean travels to the next tick in the plan (`Plan.memory`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Self

import numpy as np

from planners.plan import Plan, remembered, warm_start
from planners.problem import FloatArray, Problem, expect, share_of
from planners.sampling.loop import around, search
from planners.sampling.noise import Interpolation, draw, shaping


@dataclass(frozen=True)
class MppiSettings:
    """Path integral control: the mean of all candidates, weighted by how cheap each is.

    Attributes:
        candidates: action sequences per iteration N; the last mean is one more.
        iterations: rounds of sampling and weighting.
        temperature: the cost above the cheapest at which a candidate counts 1/e, as a fraction of what the median
            candidate costs more than the cheapest.
        std: standard deviation of the first round as a fraction of each action's range.
        anneal: factor on the standard deviation from round to round, in (0, 1].
        colour: exponent of the noise spectrum; 0 is white.
        hold: steps between the knots of a candidate's noise.
    """

    kind: Literal["mppi"] = "mppi"
    candidates: int = 128
    iterations: int = 3
    temperature: float = 0.1
    std: float = 0.25
    anneal: float = 0.6
    colour: float = 2.0
    hold: int = 1
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        expect(self, self.candidates >= 3 and self.iterations >= 1, "candidates >= 3 and iterations >= 1")
        expect(self, self.hold >= 1, "hold >= 1")
        expect(self, self.temperature > 0, "temperature > 0")
        expect(self, 0 < self.std <= 1 and 0 < self.anneal <= 1, "std and anneal in (0, 1]")
        expect(self, 0 <= self.colour <= 8, "0 <= colour <= 8")

    def sized(self, share: float) -> Self:
        """Return settings with a share of the candidates."""
        return replace(self, candidates=share_of(self.candidates, share, least=3))


@dataclass(frozen=True)
class Proposal:
    """Where cheap sequences lie.

    Attributes:
        mean: (H, A).
        extra: sequences (G, H, A) to be tried besides it and the drawn ones.
        round: rounds done.
    """

    mean: FloatArray
    extra: FloatArray
    round: int = 0


def plan(problem: Problem, settings: MppiSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest of all candidates and means, with the last mean in its memory."""
    drawing, learning = partial(sample, problem, settings, rng), partial(update, settings)
    start, rounds = init(problem, previous), settings.iterations + 1
    answer, proposal = search(problem, previous, start, rounds, drawing, learning)
    return replace(answer, memory=proposal.mean[None]) if np.isfinite(answer.cost) else answer


def init(problem: Problem, previous: Plan | None) -> Proposal:
    """Start from the earlier mean, shifted in time, and try the rest of the earlier plan too."""
    start = warm_start(problem, previous)[None]
    return Proposal(np.concatenate([remembered(problem, previous, 1), start])[0], start)


def sample(problem: Problem, settings: MppiSettings, rng: np.random.Generator, proposal: Proposal) -> FloatArray:
    """Draw candidates (N, H, A) around the mean, closer in every round; after the last the mean alone is tried."""
    mean = proposal.mean[None]
    if proposal.round == settings.iterations:
        return mean
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, settings.colour)
    std = settings.std * settings.anneal**proposal.round * (problem.high - problem.low)
    noise = draw(rng, settings.candidates - 1 - len(proposal.extra), problem.num_actions, shape)
    return around(problem, proposal.mean, std, noise, np.concatenate([mean, proposal.extra]))


def update(settings: MppiSettings, proposal: Proposal, candidates: FloatArray, costs: FloatArray) -> Proposal:
    """Move the mean to the weighted mean of candidates (N, H, A) with costs (N,)."""
    finite = np.isfinite(costs)
    if proposal.round == settings.iterations or not finite.any():
        return replace(proposal, extra=proposal.extra[:0], round=proposal.round + 1)
    mean = np.tensordot(weights(costs, settings.temperature), candidates, axes=1)
    return Proposal(mean, proposal.extra[:0], proposal.round + 1)


def weights(costs: FloatArray, temperature: float) -> FloatArray:
    """Return weights (N,) that sum to 1; not changed by an offset or a positive factor on all costs (N,)."""
    above = costs - costs.min()
    typical = float(np.median(above[np.isfinite(above)]))
    raw = np.exp(-above / (temperature * typical)) if typical > 0 else (above == 0).astype(np.float64)
    normalised: FloatArray = raw / raw.sum()
    return normalised
