from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planners.plan import Plan, PlanStatus, better, checked, fallback, warm_start
from planners.problem import PlanningError
from tests.planners.toys import reach_problem

PLAN = Plan(
    time=10.0,
    step=0.05,
    actions=np.arange(8.0).reshape(4, 2) / 10,
    states=np.arange(20.0).reshape(5, 4),
    cost=1.5,
    status=PlanStatus.OK,
    evaluations=7,
)


@pytest.mark.parametrize(
    "time, row", [(9.0, 0), (10.0, 0), (10.049, 0), (10.05, 1), (10.1, 2), (10.15, 3), (10.2, 3), (99.0, 3)]
)
def test_an_action_is_held_for_its_step_and_the_last_one_for_ever(time: float, row: int) -> None:
    np.testing.assert_array_equal(PLAN.action(time), PLAN.actions[row])


def test_knots_are_met_in_spite_of_rounding_after_an_hour() -> None:
    plan = replace(PLAN, time=3600.0)
    for k in range(4):
        np.testing.assert_array_equal(plan.action(sum([0.05] * k, start=3600.0)), plan.actions[k])


def test_a_search_starts_from_the_rest_of_the_previous_plan() -> None:
    start = warm_start(replace(reach_problem(horizon=3), time=10.05, step=0.05), PLAN)
    np.testing.assert_array_equal(start, PLAN.actions[1:])


def test_a_previous_plan_for_wider_bounds_is_clipped() -> None:
    problem = replace(reach_problem(horizon=3), time=10.05, step=0.05, high=np.full(2, 0.4))
    np.testing.assert_array_equal(warm_start(problem, PLAN), np.minimum(PLAN.actions[1:], 0.4))


def test_a_search_without_a_plan_starts_from_the_action_under_way_else_mid_range() -> None:
    problem = replace(reach_problem(horizon=2), low=np.zeros(2))
    np.testing.assert_array_equal(warm_start(problem, None), np.full((2, 2), 0.5))
    moving = replace(problem, previous_action=np.array([0.25, 7.0]))
    np.testing.assert_array_equal(warm_start(moving, None), [[0.25, 1.0], [0.25, 1.0]])


def test_an_action_under_way_that_is_not_finite_is_no_start() -> None:
    problem = replace(reach_problem(horizon=1), previous_action=np.array([np.nan, np.inf]))
    np.testing.assert_array_equal(warm_start(problem, None), [[0.0, 1.0]])


def test_a_placeholder_is_never_a_start_nor_kept() -> None:
    problem = reach_problem()
    failed = replace(fallback(problem, None), actions=np.ones((10, 2)))
    assert fallback(problem, failed).status is PlanStatus.NO_PLAN
    np.testing.assert_array_equal(warm_start(problem, failed), np.zeros((10, 2)))


def test_a_kept_plan_can_be_beaten_by_any_finite_one() -> None:
    problem = reach_problem(horizon=4)
    kept = fallback(problem, PLAN)
    assert kept.cost == np.inf
    candidates = np.zeros((2, 4, 2))
    best = better(kept, problem, candidates, np.array([np.inf, 1e6]), np.zeros((1, 2, 5, 4)))
    assert (best.cost, best.status, best.evaluations) == (1e6, PlanStatus.OK, 2)
    assert better(best, problem, candidates, np.array([2e6, np.inf]), np.zeros((1, 2, 5, 4))).cost == 1e6


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": PLAN.actions.T},
        {"actions": PLAN.actions[None]},
        {"actions": PLAN.actions + 1j},
        {"actions": PLAN.actions.astype(object)},
        {"actions": PLAN.actions * np.nan},
        {"actions": PLAN.actions + 0.5},
        {"actions": PLAN.actions - 1.5},
        {"states": None},
        {"states": PLAN.states.T},
        {"gains": np.zeros((2, 4))},
    ],
)
def test_a_plan_of_another_shape_or_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    problem = reach_problem(horizon=4)
    assert checked(PLAN, problem) is PLAN
    checked(replace(PLAN, actions=PLAN.actions + 0.3 + 1e-9, gains=np.zeros((4, 2, 4))), problem)
    with pytest.raises(PlanningError, match="planner: expected "):
        checked(replace(PLAN, **wrong), problem)
