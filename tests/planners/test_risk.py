from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planners.problem import AnyFloats, FloatArray, Risk
from tests.planners.toys import Toy, point_mass, reach_problem

COSTS = np.array([[1.0, 8.0], [2.0, 2.0], [4.0, 4.0], [3.0, 6.0]])


def test_measures_by_hand() -> None:
    np.testing.assert_allclose(Risk("mean")(COSTS), [2.5, 5.0])
    np.testing.assert_allclose(Risk("worst")(COSTS), [4.0, 8.0])
    np.testing.assert_allclose(Risk("cvar", tail=0.5)(COSTS), [3.5, 7.0])
    np.testing.assert_allclose(Risk("cvar", tail=0.375)(COSTS), [(4 + 0.5 * 3) / 1.5, (8 + 0.5 * 6) / 1.5])


@given(members=st.integers(1, 9), seed=st.integers(0, 999))
def test_cvar_goes_from_the_mean_to_the_worst(members: int, seed: int) -> None:
    costs = np.random.default_rng(seed).normal(size=(members, 5))
    np.testing.assert_allclose(Risk("cvar", tail=1.0)(costs), Risk("mean")(costs))
    np.testing.assert_allclose(Risk("cvar", tail=1e-6)(costs), Risk("worst")(costs))
    by_tail = np.array([Risk("cvar", tail=tail)(costs) for tail in (0.1, 0.3, 0.5, 0.8, 1.0)])
    assert np.all(np.diff(by_tail, axis=0) <= 1e-12)


@pytest.mark.parametrize("risk", [Risk("mean"), Risk("worst"), Risk("cvar")])
def test_one_member_is_what_it_says(risk: Risk) -> None:
    np.testing.assert_array_equal(risk(COSTS[:1]), COSTS[0])


@pytest.mark.parametrize("risk", [Risk("mean"), Risk("worst"), Risk("cvar")])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_candidate_that_any_member_cannot_judge_is_out(risk: Risk, value: float) -> None:
    def cost(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        costs = np.zeros(states.shape[:2])
        costs[1, 0] = value
        return costs

    problem = replace(reach_problem(), model=Toy(point_mass, members=3), cost=cost, risk=risk)
    costs, _ = problem.evaluate(np.zeros((2, 10, 2)))
    np.testing.assert_array_equal(costs, [np.inf, 0.0])


@pytest.mark.parametrize("tail", [0.0, -0.1, 1.1, float("nan")])
def test_a_tail_out_of_range_is_refused(tail: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        Risk("cvar", tail=tail)
