from __future__ import annotations

import numpy as np
import pytest

from dynamics.rollout.kernel import Kernel
from planners import hybrid, rti
from planners.costs.residuals import ResidualCost, expand
from planners.costs.reward import RewardCost
from planners.hybrid import HybridSettings
from planners.plan import Plan
from planners.problem import FloatArray, Problem
from planners.rti import RtiSettings
from tests.dynamics.toys import REWARDED, rewarded

COST = RewardCost(int(REWARDED.signals[0]))


def problem(seed: int = 0) -> Problem:
    """Ask a model with a reward head for the most reward."""
    subject = rewarded(np.random.default_rng(seed), members=2)
    low, high = -np.ones(2), np.ones(2)
    return Problem(np.zeros(REWARDED.size), 0.0, 0.1, 6, Kernel(subject, subject.prior), COST, low, high)


def test_what_costs_is_the_reward_that_is_predicted_and_not_the_one_already_had() -> None:
    states = np.zeros((2, 3, 5, REWARDED.size))
    states[..., COST.channel] = [9.0, 1.0, 2.0, 3.0, -1.0]
    states[1, 2, 4, COST.channel] = 4.0
    np.testing.assert_array_equal(COST(states, np.zeros((3, 4, 2))), [[-5.0] * 3, [-5.0, -5.0, -10.0]])


def test_the_expansion_is_exact() -> None:
    assert isinstance(COST, ResidualCost)
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 5, REWARDED.size)), rng.normal(size=(2, 4, 2))
    terms, eps = expand(COST, states, actions), 1e-6
    np.testing.assert_allclose(terms.value.sum(axis=1), COST(states[None], actions)[0])
    for step in range(4):
        above, below = states.copy(), states.copy()
        above[:, step + 1, COST.channel] += eps
        below[:, step + 1, COST.channel] -= eps
        slope = (COST(above[None], actions)[0] - COST(below[None], actions)[0]) / (2 * eps)
        np.testing.assert_allclose(terms.gradient[:, step, 0], slope, atol=1e-6)
    np.testing.assert_array_equal(terms.hessian, 0.0)
    assert COST.residuals(2) is RewardCost(3).residuals(2)


def slope(asked: Problem, actions: FloatArray) -> FloatArray:
    """Return the derivative of the cost by every action (H, A), by finite differences."""
    basis = 1e-3 * np.eye(actions.size).reshape(-1, *actions.shape)
    above, below = (asked.evaluate(actions + sign * basis)[0] for sign in (1, -1))
    derivative: FloatArray = (above - below).reshape(actions.shape) / 2e-3
    return derivative


def climb(seed: int) -> tuple[Problem, Plan]:
    asked = problem(seed)
    plan: Plan | None = None
    for _ in range(30):
        plan = rti.plan(asked, RtiSettings(), plan, np.random.default_rng(0))
    assert plan is not None
    return asked, plan


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_newton_steps_climb_until_only_the_bounds_are_in_the_way(seed: int) -> None:
    asked, plan = climb(seed)
    assert plan.cost < asked.evaluate(np.zeros((1, 6, 2)))[0][0]
    downhill = -slope(asked, plan.actions)
    free = (np.abs(plan.actions) < 1) | (downhill * plan.actions < 0)
    assert np.abs(downhill[free]).max(initial=0.0) < 0.02


def test_search_and_polish_find_at_least_as_much() -> None:
    asked, climbed = climb(0)
    found = hybrid.plan(asked, HybridSettings(), None, np.random.default_rng(0))
    assert found.cost < climbed.cost + 0.02
