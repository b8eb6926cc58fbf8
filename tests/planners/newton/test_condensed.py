from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planners import rti
from planners.limits import StateLimits
from planners.newton import condensed, riccati
from planners.problem import FloatArray, Problem
from planners.rti import RtiSettings
from tests.planners.newton.test_riccati import random_problem
from tests.planners.smooth import linear_problem

CONDENSED = RtiSettings(iterations=3, damping=0.0, solver="condensed")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def limited(seed: int, high: float, weight: float = 1e3) -> Problem:
    """Return a problem whose first state channel should stay below a limit."""
    problem = linear_problem(rng(seed), bound=2.0)
    state = np.where(np.arange(6) == 0, 0.0, problem.state)
    limits = StateLimits(np.full(6, -np.inf), np.where(np.arange(6) == 0, high, np.inf), weight)
    return replace(problem, state=state, limits=limits)


def first(states: FloatArray) -> FloatArray:
    reached: FloatArray = states[1:, 0]
    return reached


def test_without_bounds_it_equals_the_sweep() -> None:
    problem = random_problem(rng(0))
    one = condensed.solve(problem, 0.0, np.zeros((3, 9, 4)))
    other = riccati.solve(problem, 0.0)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.change, other.change, atol=1e-5)


def test_state_limits_are_kept_where_they_can_be() -> None:
    for seed in range(4):
        problem = limited(seed, high=0.02)
        free = rti.plan(replace(problem, limits=None), CONDENSED, None, rng())
        kept = rti.plan(problem, CONDENSED, None, rng())
        assert first(free.states).max() > 0.03
        assert first(kept.states).max() < 0.02 + 1e-4


def test_limits_that_cannot_be_kept_are_left_as_little_as_possible() -> None:
    problem = limited(0, high=-5.0)
    plan = rti.plan(problem, CONDENSED, None, rng())
    idle = rti.plan(replace(problem, limits=None), CONDENSED, None, rng())
    assert problem.limits is not None
    left = [problem.limits.cost(p.states[None, None])[0, 0] for p in (plan, idle)]
    assert 0 < left[0] < left[1]


def test_every_planner_pays_for_leaving_the_limits() -> None:
    problem = limited(1, high=0.02)
    actions = rng(2).uniform(-1, 1, (3, 15, 2))
    costs, states = problem.evaluate(actions)
    free, _ = replace(problem, limits=None).evaluate(actions)
    outside = np.maximum(states[0, :, 1:, 0] - 0.02, 0).sum(axis=-1)
    np.testing.assert_allclose(costs - free, 1e3 * outside)


@pytest.mark.parametrize(
    "wrong",
    [{"low": np.zeros(2)}, {"low": np.ones(3)}, {"weight": 0.0}, {"weight": np.inf}, {"high": np.full(3, np.nan)}],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    limits = StateLimits(np.full(3, -1.0), np.ones(3))
    with pytest.raises(ValueError, match="limits: expected"):
        replace(limits, **wrong)


def test_numbers_that_are_not_finite_give_no_step() -> None:
    problem = random_problem(rng(3))
    broken = problem._replace(gradient=np.full((3, 8, 6), np.nan))
    assert condensed.solve(broken, 0.1, np.zeros((3, 9, 4))) is None
