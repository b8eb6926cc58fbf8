"""iCEM: the cross-entropy method made sample-efficient enough for real time.

Pinneri et al. 2020, https://arxiv.org/abs/2008.06389, algorithm 1, with all of its parts: coloured noise, fewer samples
from round to round, elites that are kept from round to round and shifted from tick to tick, momentum, the mean as a
candidate of the last round, and the best sequence ever evaluated as the answer. Kept elites need no second roll-out,
their costs are known. Elites travel to the next tick in the plan (`Plan.memory`), so that a reset forgets them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from planners.plan import Plan, remembered, warm_start
from planners.problem import FloatArray, PlanningError, Problem, cheapest
from planners.sampling.knots import Interpolation
from planners.sampling.loop import around, search
from planners.sampling.noise import draw, shaping


@dataclass(frozen=True)
class IcemSettings:
    """Cross-entropy method with coloured noise, kept elites and fewer samples from round to round.

    Attributes:
        candidates: action sequences of the first iteration N.
        elites: how many of the cheapest refit mean and spread K.
        iterations: rounds of sampling and refitting.
        decay: every round has this factor fewer candidates than the one before, but at least 2 K.
        keep: share of the elites that stay in the running, from round to round and from tick to tick.
        spread: initial standard deviation as a fraction of each action's range; every plan starts with it again.
        floor: smallest standard deviation as a fraction of the range.
        momentum: weight of the old mean and spread when refitting, in [0, 1).
        colour: exponent of the noise spectrum; 0 is white, 2 to 4 suits legs and arms.
        hold: steps between the knots of a candidate's noise.
        interpolation: what the noise does between its knots.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["icem"] = "icem"
    candidates: int = 128
    elites: int = 10
    iterations: int = 3
    decay: float = 1.25
    keep: float = 0.3
    spread: float = 0.3
    floor: float = 0.01
    momentum: float = 0.1
    colour: float = 2.0
    hold: int = 1
    interpolation: Interpolation = "zero"

    def __post_init__(self) -> None:
        if self.elites < 1 or self.candidates < 2 * self.elites:
            raise PlanningError(
                f"icem: expected elites >= 1 and candidates >= 2 elites, got {self.elites}, {self.candidates}"
            )
        if self.iterations < 1 or self.hold < 1 or not self.decay >= 1:
            raise PlanningError(
                f"icem: expected iterations, hold and decay >= 1, got {self.iterations}, {self.hold} and {self.decay}"
            )
        if not 0 < self.floor <= self.spread <= 1 or not 0 <= self.momentum < 1:
            raise PlanningError(
                "icem: expected 0 < floor <= spread <= 1 and 0 <= momentum < 1, "
                f"got {self.floor}, {self.spread} and {self.momentum}"
            )
        if not 0 <= self.keep < 1 or not 0 <= self.colour <= 8:
            raise PlanningError(f"icem: expected 0 <= keep < 1 and 0 <= colour <= 8, got {self.keep}, {self.colour}")


@dataclass(frozen=True)
class Belief:
    """What the search believes at the start of a round.

    Attributes:
        mean: of cheap sequences (H, A).
        spread: their standard deviation (H, A).
        guests: sequences (G, H, A) to be tried besides the drawn ones.
        elites: the cheapest so far (K, H, A), cheapest first.
        costs: theirs (K,).
        round: rounds done.
    """

    mean: FloatArray
    spread: FloatArray
    guests: FloatArray
    elites: FloatArray
    costs: FloatArray
    round: int = 0


def plan(problem: Problem, settings: IcemSettings, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Return the cheapest action sequence found, with the elites in its memory."""
    answer, belief = search(
        problem,
        previous,
        init(problem, settings, previous),
        settings.iterations,
        partial(sample, problem, settings, rng),
        partial(update, problem, settings),
    )
    return replace(answer, memory=belief.elites) if len(belief.elites) else answer


def init(problem: Problem, settings: IcemSettings, previous: Plan | None) -> Belief:
    """Start wide around the rest of the earlier plan; its elites, shifted in time, are guests of the first round."""
    mean = warm_start(problem, previous)
    spread = np.broadcast_to(settings.spread * (problem.high - problem.low), mean.shape)
    shifted = remembered(problem, previous, _kept(settings))
    return Belief(mean, spread, np.concatenate([mean[None], shifted]), shifted[:0], np.empty(0))


def sample(problem: Problem, settings: IcemSettings, rng: np.random.Generator, belief: Belief) -> FloatArray:
    """Draw coloured noise around the mean, fewer candidates in every round; the last round tries the mean itself."""
    count = max(round(settings.candidates / settings.decay**belief.round), 2 * settings.elites)
    shape = shaping(problem.horizon, settings.hold, settings.interpolation, settings.colour)
    noise = draw(rng, count - len(belief.guests), problem.num_actions, shape)
    return around(problem, belief.mean, belief.spread, noise, belief.guests)


def update(
    problem: Problem, settings: IcemSettings, belief: Belief, candidates: FloatArray, costs: FloatArray
) -> Belief:
    """Move mean and spread to the K cheapest of the candidates and the elites kept from earlier rounds."""
    new, kept, done = cheapest(costs, settings.elites), _kept(settings), belief.round + 1
    pool = np.concatenate([candidates[new], belief.elites[:kept]])
    pool_costs = np.concatenate([costs[new], belief.costs[:kept]])
    best = cheapest(pool_costs, settings.elites)
    elites, elite_costs = pool[best], pool_costs[best]
    if done == settings.iterations or not len(best):  # nothing is drawn any more, or there is nothing to learn from
        return replace(belief, guests=belief.guests[:0], elites=elites, costs=elite_costs, round=done)
    old, floor = settings.momentum, settings.floor * (problem.high - problem.low)
    mean = old * belief.mean + (1 - old) * elites.mean(axis=0)
    spread = np.maximum(old * belief.spread + (1 - old) * elites.std(axis=0), floor)
    guests = mean[None] if done + 1 == settings.iterations else mean[None][:0]
    return Belief(mean, spread, guests, elites, elite_costs, done)


def _kept(settings: IcemSettings) -> int:
    return round(settings.keep * settings.elites)
