from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planners import cem, shooting
from planners.cem import CemSettings
from planners.problem import FloatArray, PlanningError, Problem
from tests.planners.toys import Toy, reach_problem

PLAIN = CemSettings(candidates=64, elites=6, iterations=3, momentum=0.0, hold=1)


def candidates_of(problem: Problem) -> list[FloatArray]:
    assert isinstance(problem.model, Toy)
    return problem.model.seen


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_k_cheapest_candidates_make_the_next_mean() -> None:
    problem = reach_problem()
    cem.plan(problem, PLAIN, None, rng())
    first, second, _ = candidates_of(problem)
    costs, _ = problem.evaluate(first)
    elites = first[costs <= np.sort(costs)[5]]
    assert len(elites) == 6
    np.testing.assert_allclose(second[0], elites.mean(axis=0))
    np.testing.assert_array_equal(second[1], first[costs.argmin()])


def test_momentum_keeps_a_share_of_the_old_mean() -> None:
    plain, slow = reach_problem(), reach_problem()
    cem.plan(plain, PLAIN, None, rng())
    cem.plan(slow, replace(PLAIN, momentum=0.25), None, rng())
    np.testing.assert_allclose(candidates_of(slow)[1][0], 0.75 * candidates_of(plain)[1][0])


def test_the_search_starts_wide_again_on_every_warm_start() -> None:
    wide = replace(PLAIN, candidates=2002, elites=20, iterations=4, std=0.1)
    problem = reach_problem()
    plan = cem.plan(problem, wide, None, rng())
    rounds = np.concatenate(candidates_of(problem)).reshape(4, 2002, 10, 2)
    stds = [batch[2:].std(axis=0).mean() for batch in rounds]
    assert stds[0] == pytest.approx(0.2, rel=0.05)
    assert stds[-1] < 0.17
    candidates_of(problem).clear()
    cem.plan(replace(problem, time=0.1), wide, plan, rng(1))
    first = np.concatenate(candidates_of(problem))[:2002]
    assert np.median(np.abs(first[2:] - first[0])) == pytest.approx(0.2 * 0.6745, rel=0.05)


def test_the_std_never_falls_below_its_floor() -> None:
    problem = reach_problem()
    cem.plan(problem, replace(PLAIN, elites=1, candidates=402, floor=0.05), None, rng())
    second = np.concatenate(candidates_of(problem))[402:804]
    assert second[2:].std(axis=0).max() == pytest.approx(0.1, rel=0.2)


def test_the_earlier_plan_shifted_in_time_is_a_candidate() -> None:
    problem = reach_problem()
    plan = cem.plan(problem, PLAIN, None, rng())
    candidates_of(problem).clear()
    cem.plan(replace(problem, time=0.1), PLAIN, plan, rng(1))
    np.testing.assert_array_equal(candidates_of(problem)[0][0], plan.actions[[*range(1, 10), 9]])


def test_candidates_leave_the_mean_for_several_steps_at_once() -> None:
    problem = reach_problem()
    cem.plan(problem, replace(PLAIN, hold=5, iterations=1, std=0.05), None, rng())
    drawn = candidates_of(problem)[0][2:]
    np.testing.assert_array_equal(drawn[:, 5], drawn[:, 9])
    assert not np.any(drawn[:, 4] == drawn[:, 5])


def test_a_round_without_a_finite_candidate_leaves_the_mean() -> None:
    problem = reach_problem()
    blind = replace(problem, cost=lambda states, actions: np.full(len(actions), np.nan))
    cem.plan(blind, PLAIN, None, rng())
    np.testing.assert_array_equal(candidates_of(problem)[2][0], np.zeros((10, 2)))


def test_beats_random_shooting_with_as_many_evaluations() -> None:
    costs: dict[str, list[float]] = {"cem": [], "shooting": []}
    for seed in range(8):
        problem = reach_problem()
        costs["cem"].append(cem.plan(problem, CemSettings(candidates=64), None, rng(seed)).cost)
        costs["shooting"].append(shooting.plan(problem, shooting.ShootingSettings(candidates=64), None, rng(seed)).cost)
    assert max(costs["cem"]) < min(costs["shooting"])


def test_comes_close_to_the_optimum_of_a_linear_quadratic_problem() -> None:
    problem = replace(reach_problem(), low=np.full(2, -9.0), high=np.full(2, 9.0))
    plan = cem.plan(problem, CemSettings(candidates=256, elites=24, iterations=12, hold=1), None, rng())
    assert plan.cost == pytest.approx(linear_quadratic_optimum(problem), rel=0.02)


def linear_quadratic_optimum(problem: Problem) -> float:
    """Least squares over all actions, since the toy's cost is a sum of squares of a linear map of the actions."""
    size = problem.horizon * problem.num_actions

    def residuals(actions: FloatArray) -> FloatArray:
        shaped = actions.reshape(1, problem.horizon, problem.num_actions)
        states = problem.model.rollout(problem.state, shaped)
        misses = states[0, 0, 1:, :2] - np.array([0.3, -0.2])
        return np.append(misses, 0.1 * actions)

    offset = residuals(np.zeros(size))
    matrix = np.stack([residuals(unit) - offset for unit in np.eye(size)], axis=1)
    solution = np.linalg.lstsq(matrix, -offset)[0].astype(np.float64)
    return float(np.square(residuals(solution)).sum())


@pytest.mark.parametrize(
    "wrong",
    [
        {"elites": 0},
        {"elites": 300},
        {"candidates": 2, "elites": 1},
        {"iterations": 0},
        {"hold": 0},
        {"floor": 0.0},
        {"floor": 0.4},
        {"momentum": 1.0},
        {"std": float("nan")},
        {"std": 1.1},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        CemSettings(**wrong)
