from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planners import mppi
from planners.mppi import MppiSettings, weights
from planners.problem import FloatArray, PlanningError, Problem
from tests.planners.toys import Toy, reach_problem

SETTINGS = MppiSettings(candidates=60, iterations=2)


def rounds_of(problem: Problem) -> list[FloatArray]:
    assert isinstance(problem.model, Toy)
    return problem.model.seen


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(offset=st.floats(-1e3, 1e3), scale=st.floats(1e-3, 1e3), seed=st.integers(0, 999))
def test_weights_do_not_depend_on_offset_and_unit_of_the_cost(offset: float, scale: float, seed: int) -> None:
    costs = np.random.default_rng(seed).normal(size=40)
    np.testing.assert_allclose(weights(offset + scale * costs, 0.1), weights(costs, 0.1), rtol=1e-6, atol=1e-9)


def test_weights_fall_with_cost_and_what_is_not_finite_has_none() -> None:
    got = weights(np.array([1.0, 3.0, 2.0, np.inf, 1.5]), 0.5)
    assert got.sum() == pytest.approx(1.0)
    assert got[3] == 0.0
    assert got[0] > got[4] > got[2] > got[1] > 0
    assert got[4] / got[0] == pytest.approx(np.exp(-0.5 / (0.5 * 0.75)))


def test_one_disaster_does_not_drown_the_differences_between_the_others() -> None:
    costs = np.linspace(0, 1, 30)
    with_disaster = weights(np.append(costs, 1e9), 0.1)
    np.testing.assert_allclose(with_disaster[:30], weights(costs, 0.1), atol=0.02)


def test_equal_costs_weigh_the_same() -> None:
    np.testing.assert_allclose(weights(np.array([2.0, 2.0, np.inf]), 0.1), [0.5, 0.5, 0.0])


def test_the_weighted_mean_is_the_next_mean() -> None:
    problem = reach_problem()
    mppi.plan(problem, SETTINGS, None, rng())
    first, second, last = rounds_of(problem)
    costs, _ = problem.evaluate(first)
    np.testing.assert_allclose(second[0], np.tensordot(weights(costs, SETTINGS.temperature), first, axes=1))
    costs, _ = problem.evaluate(second)
    assert last.shape == (1, 10, 2)
    np.testing.assert_allclose(last[0], np.tensordot(weights(costs, SETTINGS.temperature), second, axes=1))


def test_noise_shrinks_from_round_to_round_and_is_wide_again_at_the_next_tick() -> None:
    problem = reach_problem()
    settings = replace(SETTINGS, anneal=0.5, std=0.1, candidates=64, colour=0.0)
    plan = mppi.plan(problem, settings, None, rng())
    first, second, _ = rounds_of(problem)
    assert np.std(second[1:] - second[0]) == pytest.approx(0.5 * np.std(first[2:] - first[0]), rel=0.1)
    rounds_of(problem).clear()
    mppi.plan(problem, settings, plan, rng(1))
    again = rounds_of(problem)[0]
    assert np.std(again[2:] - again[0]) == pytest.approx(0.2, rel=0.1)


def test_the_mean_comes_back_shifted_in_time_and_the_best_sequence_is_tried_as_well() -> None:
    problem = reach_problem()
    plan = mppi.plan(problem, SETTINGS, None, rng())
    mean = rounds_of(problem)[-1][0]
    rounds_of(problem).clear()
    mppi.plan(replace(problem, time=0.1), SETTINGS, plan, rng(1))
    ahead = [*range(1, 10), 9]
    np.testing.assert_array_equal(rounds_of(problem)[0][:2], [mean[ahead], plan.actions[ahead]])


def test_a_round_without_a_finite_candidate_leaves_the_mean() -> None:
    problem = replace(reach_problem(), cost=lambda states, actions: np.full(len(actions), np.nan))
    assert mppi.plan(problem, SETTINGS, None, rng()).memory is None
    np.testing.assert_array_equal(rounds_of(problem)[-1], np.zeros((1, 10, 2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidates": 2},
        {"iterations": 0},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"std": 1.1},
        {"anneal": 0.0},
        {"hold": 0},
        {"colour": -0.5},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        MppiSettings(**wrong)
