"""The filter is Bayes' rule over every course that things could have taken."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dynamics.diagnosis import evidence
from dynamics.transitions import FloatArray

CHANGE, TICKS = 0.2, 5
START, FRESH = np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])


def brute_force(likelihoods: FloatArray) -> FloatArray:
    """Return the probability of each cause at the end, summed over all sequences of causes (T, C) -> (C,)."""
    moves, total = (1.0 - CHANGE) * np.eye(3) + CHANGE * FRESH, np.zeros(3)
    for path in itertools.product(range(3), repeat=TICKS):
        weight = START @ moves[:, path[0]] * likelihoods[0, path[0]]
        for tick in range(1, TICKS):
            weight *= moves[path[tick - 1], path[tick]] * likelihoods[tick, path[tick]]
        total[path[-1]] += weight
    found: FloatArray = total / total.sum()
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_filter_sums_over_every_course_of_causes(seed: int) -> None:
    likelihoods = np.random.default_rng(seed).uniform(0.05, 1.0, (TICKS, 3))
    beliefs = evidence.over_time(np.log(likelihoods), START, FRESH, CHANGE)
    assert beliefs[-1] == pytest.approx(brute_force(likelihoods), abs=1e-12)
    assert beliefs.sum(axis=-1) == pytest.approx(np.ones(TICKS))


def test_what_a_window_says_under_a_prior_is_a_likelihood() -> None:
    prior, likelihood = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.5, 0.9])
    said = prior * likelihood / (prior @ likelihood)
    found = np.exp(evidence.likelihood(np.log(said), prior))
    assert found / found.max() == pytest.approx(likelihood / likelihood.max(), rel=1e-2)


def test_a_tick_without_a_window_lets_the_belief_fade() -> None:
    belief = np.array([0.0, 0.0, 1.0])
    assert evidence.advance(belief, None, FRESH, CHANGE) == pytest.approx([0.1, 0.06, 0.84])


def test_no_single_window_ends_a_belief_for_good() -> None:
    surely_not = np.log(np.array([1.0 - 2e-12, 1e-12, 1e-12]))
    seen = evidence.likelihood(surely_not, FRESH)
    after = evidence.advance(np.array([0.01, 0.98, 0.01]), seen, FRESH, 0.01)
    assert after[1] > 1e-4
