"""The loop that all sampling planners share: draw candidates, roll them out, learn from their costs, repeat.

An algorithm is three pure functions: `init` makes a proposal, which says where good sequences may lie, `sample` draws
candidates from it, `update` moves it to what their costs say. The loop keeps the best sequence ever evaluated and works
in chunks, so that it can answer at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from planners.plan import Plan, better, fallback, judged
from planners.problem import FloatArray, Problem

Proposal = TypeVar("Proposal")


def search(
    problem: Problem,
    previous: Plan | None,
    proposal: Proposal,
    iterations: int,
    sample: Callable[[Proposal], FloatArray],
    update: Callable[[Proposal, FloatArray, FloatArray], Proposal],
) -> tuple[Plan, Proposal]:
    """Return the best sequence evaluated, or the earlier plan when none was finite, and the last proposal.

    Args:
        problem: what to solve, and by when.
        previous: the earlier plan.
        proposal: where the search starts.
        iterations: rounds of sampling.
        sample: draw candidates (N, H, A) within bounds from a proposal, the most promising first.
        update: move a proposal, given candidates (N, H, A) and their costs (N,); what the deadline left out costs +inf.
    """
    best, in_time, finished = fallback(problem, previous), problem.rounds(), True
    for _ in range(iterations):
        # Draw candidates.
        candidates = sample(proposal)
        costs = np.full(len(candidates), np.inf)
        # Roll them out, chunk by chunk, while the next chunk is likely to end in time; keep the best so far.
        for chunk in _chunks(len(candidates), problem.chunk):
            finished = next(in_time, None) is not None
            if not finished:
                break
            costs[chunk], states = problem.evaluate(candidates[chunk])
            best = better(best, problem, candidates[chunk], costs[chunk], states)
            del states  # the next ones then take the same memory, which is still in the cache
        # Learn, also from a round that was cut short.
        proposal = update(proposal, candidates, costs)
        if not finished:
            break
    return judged(best, finished), proposal


def around(
    problem: Problem, mean: FloatArray, std: FloatArray, noise: NDArray[np.float32], extra: FloatArray
) -> FloatArray:
    """Return candidates (G + N, H, A) within bounds: extra ones (G, H, A) as they are, then mean plus std times noise.

    The mean is (H, A), the std (H, A) or (A,), the noise of unit variance (N, H, A). In memory candidates lie as
    (H, A, G + N), side by side, and the result is a transposed view of that. So does the noise, and so does a roll-out
    read them: step by step, one action channel of all candidates at a time.
    """
    candidates = np.empty((*mean.shape, len(extra) + len(noise))).transpose(2, 0, 1)
    candidates[: len(extra)] = extra
    # In place, for a temporary array would have another layout, and twice the traffic.
    drawn = candidates[len(extra) :]
    np.multiply(std, noise, out=drawn)
    drawn += mean
    np.maximum(candidates, problem.low, out=candidates)
    return np.minimum(candidates, problem.high, out=candidates)


def _chunks(count: int, most: int) -> Iterator[slice]:
    """Cut 0..count into as few equal pieces as possible."""
    pieces = -(-count // most)
    for piece in range(pieces):
        yield slice(piece * count // pieces, (piece + 1) * count // pieces)
