"""The loop that all sampling planners share: draw candidates, roll them out, learn from their costs, repeat.

An algorithm is three pure functions: `init` makes its belief about good sequences, `sample` draws candidates from a
belief, `update` moves the belief to what their costs say. The loop keeps the best sequence ever evaluated and works in
chunks, so that it can answer at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from planners.plan import Plan, better, fallback, judged
from planners.problem import FloatArray, Problem

Belief = TypeVar("Belief")


def search(
    problem: Problem,
    previous: Plan | None,
    belief: Belief,
    iterations: int,
    sample: Callable[[Belief], FloatArray],
    update: Callable[[Belief, FloatArray, FloatArray], Belief],
) -> tuple[Plan, Belief]:
    """Return the best sequence evaluated, or the earlier plan when none was finite, and what was learned.

    Args:
        problem: what to solve, and by when.
        previous: the earlier plan.
        belief: where the search starts.
        iterations: rounds of sampling.
        sample: draw candidates (N, H, A) within bounds, the most promising first.
        update: learn from candidates and their costs (N,); what the deadline left out costs +inf.
    """
    best, in_time = fallback(problem, previous), problem.rounds()
    finished = True
    for _ in range(iterations):
        candidates = sample(belief)
        costs = np.full(len(candidates), np.inf)
        for chunk in _chunks(len(candidates), problem.chunk):
            finished = next(in_time, None) is not None
            if not finished:
                break
            best, costs[chunk] = _tried(best, problem, candidates[chunk])
        belief = update(belief, candidates, costs)
        if not finished:
            break
    return judged(best, finished), belief


def around(
    problem: Problem, mean: FloatArray, spread: FloatArray, noise: NDArray[np.float32], guests: FloatArray
) -> FloatArray:
    """Return guests (G, H, A) and then mean (H, A) plus spread, (H, A) or (A,), times noise (N, H, A), within bounds.

    They lie in memory as noise does.
    """
    candidates = np.empty((*mean.shape, len(guests) + len(noise))).transpose(2, 0, 1)
    candidates[: len(guests)] = guests
    drawn = candidates[len(guests) :]
    np.multiply(spread, noise, out=drawn)
    drawn += mean
    np.maximum(candidates, problem.low, out=candidates)
    return np.minimum(candidates, problem.high, out=candidates)


def _tried(best: Plan, problem: Problem, candidates: FloatArray) -> tuple[Plan, FloatArray]:
    """Return the better of a plan and the cheapest of N candidates, and what these cost (N,).

    Their predicted states end here: the next ones then take the same memory, which is still in the cache.
    """
    costs, states = problem.evaluate(candidates)
    return better(best, problem, candidates, costs, states), costs


def _chunks(count: int, most: int) -> Iterator[slice]:
    """Cut 0..count into as few equal pieces as possible."""
    pieces = -(-count // most)
    for piece in range(pieces):
        yield slice(piece * count // pieces, (piece + 1) * count // pieces)
