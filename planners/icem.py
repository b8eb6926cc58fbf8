"""iCEM: the cross-entropy method made sample-efficient enough for real time.

Pinneri et al. 2020, https://arxiv.org/abs/2008.06389, algorithm 1, with all of its parts: coloured noise, fewer samples
from round to round, elites that are kept from round to round and shifted from tick to tick, momentum, the mean as a
candidate of the last round, and the best sequence ever evaluated as the answer. Kept elites need no second roll-out,
their costs are known. Elites travel to the next tick in the plan (`Plan.memory`), so that a reset forgets them.

The best of many sequences is often the one that the model is most wrong about. Where the model is learned from little
data the mean of the elites is the better answer (`answer: mean`), which is that of PETS, Chua et al. 2018,
https://arxiv.org/abs/1805.12114.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Self

import numpy as np

from planners.plan import Plan, PlanStatus, better, remembered, warm_start
from planners.problem import FloatArray, Problem, cheapest, expect, share_of
from planners.sampling.loop import around, search
from planners.sampling.noise import Interpolation, draw, shaping


@dataclass(frozen=True)
class IcemSettings:
    """Cross-entropy method with coloured noise, kept elites and fewer samples from round to round.

    Attributes:
        candidates: action sequences of the first iteration N.
        elites: how many of the cheapest refit mean and std K.
        iterations: rounds of sampling and refitting.
        decay: every round has this factor fewer candidates than the one before, but at least 2 K.
        keep: share of the elites that stay in the running, from round to round and from tick to tick.
        std: initial standard deviation as a fraction of each action's range; every plan starts with it again.
        floor: smallest standard deviation as a fraction of the range.
        momentum: weight of the old mean and std when refitting, in [0, 1).
        colour: exponent of the noise spectrum; 0 is white, 2 to 4 suits legs and arms.
        hold: steps between the knots of a candidate's noise.
        answer: the best sequence ever evaluated, or the mean of the last elites.
    """

    kind: Literal["icem"] = "icem"
    candidates: int = 128
    elites: int = 10
    iterations: int = 3
    decay: float = 1.25
    keep: float = 0.3
    std: float = 0.3
    floor: float = 0.01
    momentum: float = 0.1
    colour: float = 2.0
    hold: int = 1
    interpolation: Interpolation = "zero"
    answer: Literal["best", "mean"] = "best"

    def __post_init__(self) -> None:
        expect(self, self.elites >= 1 and self.candidates >= 2 * self.elites, "elites >= 1 and candidates >= 2 elites")
        expect(self, self.iterations >= 1 and self.hold >= 1, "iterations and hold >= 1")
        expect(self, self.decay >= 1, "decay >= 1")
        expect(self, 0 < self.floor <= self.std <= 1, "0 < floor <= std <= 1")
        expect(self, 0 <= self.momentum < 1 and 0 <= self.keep < 1, "momentum and keep in [0, 1)")
        expect(self, 0 <= self.colour <= 8, "0 <= colour <= 8")

    def sized(self, share: float) -> Self:
        """Return settings with a share of the candidates and of the elites."""
        elites = share_of(self.elites, share, least=1)
        return replace(self, candidates=max(share_of(self.candidates, share, least=2), 2 * elites), elites=elites)


@dataclass(frozen=True)
class Proposal:
    """Where cheap sequences lie, at the start of a round.

    Attributes:
        mean: (H, A).
        std: standard deviation (H, A).
        extra: sequences (G, H, A) to be tried besides the drawn ones.
        elites: the cheapest so far (K, H, A), cheapest first.
        costs: theirs (K,).
        round: rounds done.
    """

    mean: FloatArray
    std: FloatArray
    extra: FloatArray
    elites: FloatArray
    costs: FloatArray
    round: int = 0


def plan(problem: Problem, settings: IcemSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest action sequence found or the mean of the elites, with the elites in its memory."""
    drawing, learning = partial(sample, problem, settings, rng), partial(update, problem, settings)
    start = init(problem, settings, previous)
    answer, proposal = search(problem, previous, start, settings.iterations, drawing, learning)
    if not len(proposal.elites):
        return answer
    if settings.answer == "mean" and answer.status is PlanStatus.OK:
        answer = averaged(problem, answer, proposal.elites)
    return replace(answer, memory=proposal.elites)


def averaged(problem: Problem, best: Plan, elites: FloatArray) -> Plan:
    """Return the mean of elites (K, H, A) as a plan; the best where what it leads to is not finite."""
    mean = np.clip(elites.mean(axis=0), problem.low, problem.high)[None]  # rounding may leave bounds
    costs, states = problem.evaluate(mean)
    return better(replace(best, cost=np.inf), problem, mean, costs, states) if np.isfinite(costs[0]) else best


def init(problem: Problem, settings: IcemSettings, previous: Plan | None) -> Proposal:
    """Start wide around the rest of the earlier plan; its elites, shifted in time, are tried again."""
    mean = warm_start(problem, previous)
    std = np.broadcast_to(settings.std * (problem.high - problem.low), mean.shape)
    shifted = remembered(problem, previous, _kept(settings))
    return Proposal(mean, std, np.concatenate([mean[None], shifted]), shifted[:0], np.empty(0))


def sample(problem: Problem, settings: IcemSettings, rng: np.random.Generator, proposal: Proposal) -> FloatArray:
    """Draw candidates (N, H, A) in coloured noise around the mean, fewer in every round."""
    count = max(round(settings.candidates / settings.decay**proposal.round), 2 * settings.elites)
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, settings.colour)
    noise = draw(rng, count - len(proposal.extra), problem.num_actions, shape)
    return around(problem, proposal.mean, proposal.std, noise, proposal.extra)


def update(
    problem: Problem, settings: IcemSettings, proposal: Proposal, candidates: FloatArray, costs: FloatArray
) -> Proposal:
    """Move mean and std to the K cheapest of candidates (N, H, A) with costs (N,) and of the elites that are kept."""
    new, kept, done = cheapest(costs, settings.elites), _kept(settings), proposal.round + 1
    # The elites: of what is new and of those kept from earlier rounds, whose costs are known.
    pool = np.concatenate([candidates[new], proposal.elites[:kept]])
    pool_costs = np.concatenate([costs[new], proposal.costs[:kept]])
    best = cheapest(pool_costs, settings.elites)
    elites, elite_costs = pool[best], pool_costs[best]
    if done == settings.iterations or not len(best):  # nothing is drawn any more, or there is nothing to learn from
        return replace(proposal, extra=proposal.extra[:0], elites=elites, costs=elite_costs, round=done)
    # Refit, and have the mean itself tried in the last round.
    old, floor = settings.momentum, settings.floor * (problem.high - problem.low)
    mean = old * proposal.mean + (1 - old) * elites.mean(axis=0)
    std = np.maximum(old * proposal.std + (1 - old) * elites.std(axis=0), floor)
    extra = mean[None] if done + 1 == settings.iterations else mean[None][:0]
    return Proposal(mean, std, extra, elites, elite_costs, done)


def _kept(settings: IcemSettings) -> int:
    return round(settings.keep * settings.elites)
