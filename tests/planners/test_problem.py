from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planners.factory import PLANNERS
from planners.icem import IcemSettings
from planners.problem import AnyFloats, FloatArray, PlanningError, cheapest
from tests.planners.toys import Toy, reach_problem


@given(
    costs=arrays(np.float64, st.integers(1, 40), elements=st.floats(allow_nan=True, allow_infinity=True)),
    count=st.integers(1, 50),
)
def test_elites_are_the_k_cheapest_finite_candidates(costs: FloatArray, count: int) -> None:
    chosen = cheapest(costs, count)
    finite = np.sort(costs[np.isfinite(costs)])
    ranked = np.where(np.isfinite(costs), costs, np.inf)
    np.testing.assert_array_equal(np.sort(ranked[cheapest(ranked, count)]), finite[:count])
    assert len(set(chosen.tolist())) == len(chosen)
    assert np.isfinite(costs[chosen]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"horizon": 0},
        {"step": 0.0},
        {"step": float("nan")},
        {"low": np.ones(2)},
        {"low": np.zeros(3)},
        {"high": np.array([1.0, np.nan])},
        {"previous_action": np.zeros(3)},
        {"low": np.array([-np.inf, 0.0])},
        {"high": np.array([1.0, np.inf])},
        {"state": np.zeros((1, 4))},
        {"state": np.zeros(4, complex)},
        {"low": np.zeros(0), "high": np.zeros(0)},
        {"low": np.array([-1, -1], object)},
        {"step": float("inf")},
        {"chunk": -1},
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        replace(reach_problem(), **wrong)


def test_evaluation_turns_what_is_not_finite_into_infinite_cost_without_a_warning() -> None:
    def step(states: FloatArray, actions: FloatArray) -> FloatArray:
        return states / actions[:, :1]

    problem = replace(reach_problem(horizon=1), state=np.ones(4), model=Toy(step))
    costs, _ = problem.evaluate(np.array([[[0.0, 0.0]], [[0.5, 0.0]], [[np.nan, 0.0]]]))
    assert np.isinf(costs[[0, 2]]).all()
    assert np.isfinite(costs[1])


def test_a_prediction_that_is_not_finite_loses_even_where_it_costs_nothing() -> None:
    def step(states: FloatArray, actions: FloatArray) -> FloatArray:
        return np.concatenate([states[:, :3], 1.0 / actions[:, :1]], axis=-1)

    def first_channel(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return np.asarray(states[..., 0].sum(axis=-1))

    problem = replace(reach_problem(horizon=1), model=Toy(step), cost=first_channel)
    costs, _ = problem.evaluate(np.array([[[0.0, 0.0]], [[0.5, 0.0]]]))
    assert np.isfinite(costs).tolist() == [False, True]


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(6, complex),
        np.zeros(6, object),
        np.zeros(6, str),
        np.ma.masked_less(np.arange(6.0), 3.0),
        torch.zeros(6, requires_grad=True),
        [[0.0], [0.0, 1.0]],
        None,
        (number for number in range(6)),
    ],
    ids=lambda wrong: f"{type(wrong).__name__}-{getattr(wrong, 'dtype', '')}",
)
def test_what_is_no_real_number_is_no_cost_and_no_prediction(wrong: Any) -> None:
    problem = replace(reach_problem(horizon=2), cost=lambda states, actions: wrong)
    with pytest.raises(PlanningError, match="cost: expected real numbers, got "):
        problem.evaluate(np.zeros((6, 2, 2)))
    problem = replace(problem, model=SimpleNamespace(rollout=lambda state, actions: wrong))
    with pytest.raises(PlanningError, match="model: expected real numbers, got "):
        problem.evaluate(np.zeros((6, 2, 2)))


def test_a_list_of_numbers_is_a_cost() -> None:
    listed: Any = lambda states, actions: [3, 1, 2]  # noqa: E731
    costs, _ = replace(reach_problem(horizon=2), cost=listed).evaluate(np.zeros((3, 2, 2)))
    assert costs.tolist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("shape", [(), (1,), (1, 6)])
def test_a_risk_measure_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    measure: Any = lambda costs: np.zeros(shape)  # noqa: E731
    problem = replace(reach_problem(horizon=2), risk=measure, cost=lambda states, actions: np.zeros(6))
    with pytest.raises(PlanningError, match=re.escape(f"risk: expected one cost per candidate, (6,), got {shape}")):
        problem.evaluate(np.zeros((6, 2, 2)))


@pytest.mark.parametrize("kind", sorted(PLANNERS))
def test_no_count_of_a_search_may_fill_the_memory(kind: str) -> None:
    settings: Any = PLANNERS[kind].settings()
    counts = [name for name, value in vars(settings).items() if isinstance(value, int)]
    for name in counts:
        with pytest.raises(PlanningError, match=f"{kind}: expected at most 20,000, got {name} 20001"):
            replace(settings, **{name: 20_001})


def test_rounds_are_unlimited_in_time_without_a_deadline() -> None:
    assert list(reach_problem().rounds(3)) == [0, 1, 2]


def test_rounds_expect_the_next_one_to_take_as_long_as_the_average() -> None:
    ticks = iter([0.0, 0.0, 1.0, 4.0])
    problem = replace(reach_problem(), deadline=5.9, clock=lambda: next(ticks))
    assert list(problem.rounds(9)) == [0, 1]


def test_a_broken_rule_says_what_the_fields_in_it_are() -> None:
    with pytest.raises(PlanningError) as caught:
        IcemSettings(elites=70)
    assert str(caught.value) == ("icem: expected elites >= 1 and candidates >= 2 elites, got candidates 128, elites 70")


@pytest.mark.parametrize("shape", [(), (1,), (6, 1), (3, 6), (6, 6), (1, 6, 1)])
def test_a_cost_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    problem = replace(reach_problem(horizon=2), cost=lambda states, actions: np.zeros(shape))
    with pytest.raises(PlanningError, match=re.escape(f"expected shape (N,) or (E, N), (6,) or (1, 6), got {shape}")):
        problem.evaluate(np.zeros((6, 2, 2)))


class Wrong:
    """A model that answers in a shape of its own."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def rollout(self, state: FloatArray, actions: FloatArray) -> FloatArray:
        return np.zeros(self.shape)


@pytest.mark.parametrize("shape", [(6, 3, 4), (0, 6, 3, 4), (1, 6, 2, 4), (1, 1, 3, 4), (1, 6, 3, 1), (1, 6, 3, 5)])
def test_a_model_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    problem = replace(reach_problem(horizon=2), model=Wrong(*shape), cost=lambda states, actions: np.zeros(6))
    with pytest.raises(PlanningError, match=re.escape(f"states (E, N, H + 1, S) of (6, 3, 4), got shape {shape}")):
        problem.evaluate(np.zeros((6, 2, 2)))
