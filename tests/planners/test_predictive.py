from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planners import predictive
from planners.predictive import PredictiveSettings
from planners.problem import PlanningError
from tests.planners.toys import Toy, reach_problem


def test_every_round_disturbs_the_best_so_far() -> None:
    problem = reach_problem()
    settings = PredictiveSettings(candidates=40, rounds=3, std=0.05)
    answer = predictive.plan(problem, settings, None, np.random.default_rng(0))
    assert isinstance(problem.model, Toy)
    first, second, third = problem.model.seen
    np.testing.assert_array_equal(first[0], np.zeros((10, 2)))
    np.testing.assert_array_equal(second[0], first[problem.evaluate(first)[0].argmin()])
    np.testing.assert_array_equal(third[0], second[problem.evaluate(second)[0].argmin()])
    assert np.std(second[1:] - second[0]) == pytest.approx(0.1, rel=0.15)
    assert answer.cost <= problem.evaluate(third)[0].min()


def test_disturbances_are_smooth() -> None:
    problem = reach_problem()
    settings = PredictiveSettings(candidates=200, rounds=1, std=0.05, hold=3, interpolation="cubic")
    predictive.plan(problem, settings, None, np.random.default_rng(0))
    assert isinstance(problem.model, Toy)
    drawn = np.concatenate(problem.model.seen)[1:]
    assert np.std(np.diff(drawn, axis=1)) < 0.7 * np.std(drawn)


@pytest.mark.parametrize("wrong", [{"candidates": 1}, {"rounds": 0}, {"hold": 0}, {"std": 0.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        PredictiveSettings(**wrong)
