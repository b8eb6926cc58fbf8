from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planners.plan import Feedback, Plan, PlanStatus, better, fallback, warm_start
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


GAINS = np.arange(32.0).reshape(4, 2, 4) / 1000
FED_BACK = replace(PLAN, feedback=Feedback(GAINS, np.zeros(2), np.ones(2), angles=(3,)))


def test_without_a_state_or_gains_the_action_is_the_planned_one() -> None:
    far = PLAN.states[1] + 9.0
    np.testing.assert_array_equal(FED_BACK.action(10.05), PLAN.actions[1])
    np.testing.assert_array_equal(PLAN.action(10.05, far), PLAN.actions[1])


@pytest.mark.parametrize("time, knot, share", [(10.05, 1, 0.0), (10.075, 1, 0.5), (10.199, 3, 0.98)])
def test_an_action_follows_what_the_state_is_off_its_prediction(time: float, knot: int, share: float) -> None:
    predicted = (1 - share) * PLAN.states[knot] + share * PLAN.states[knot + 1]
    off = np.array([0.1, -0.2, 0.3, 0.4])
    expected = PLAN.actions[knot] + GAINS[knot] @ off
    np.testing.assert_allclose(FED_BACK.action(time, predicted + off), expected, atol=1e-9)


def test_full_turns_are_no_deviation() -> None:
    turned = PLAN.states[2] + np.array([0, 0, 0, 4 * np.pi])
    np.testing.assert_allclose(FED_BACK.action(10.1, turned), PLAN.actions[2])


def test_feedback_keeps_bounds_and_ends_with_the_plan() -> None:
    wild = PLAN.states[1] + 1e4
    np.testing.assert_array_equal(FED_BACK.action(10.05, wild), np.ones(2))
    np.testing.assert_array_equal(FED_BACK.action(9.9, wild), PLAN.actions[0])
    np.testing.assert_array_equal(FED_BACK.action(10.3, wild), PLAN.actions[3])
    np.testing.assert_array_equal(FED_BACK.action(10.05, wild * np.nan), PLAN.actions[1])
