from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planners import shooting
from planners.problem import PlanningError
from planners.shooting import ShootingSettings
from tests.planners.toys import Toy, reach_problem


def test_candidates_cover_the_whole_range_evenly() -> None:
    problem = reach_problem()
    shooting.plan(problem, ShootingSettings(candidates=400, rounds=1), None, np.random.default_rng(0))
    assert isinstance(problem.model, Toy)
    drawn = np.concatenate(problem.model.seen)[1:]
    counts, _ = np.histogram(drawn, bins=4, range=(-1, 1))
    np.testing.assert_allclose(counts / drawn.size, 0.25, atol=0.03)


def test_actions_are_held() -> None:
    problem = reach_problem()
    shooting.plan(problem, ShootingSettings(candidates=5, rounds=1, hold=4), None, np.random.default_rng(0))
    assert isinstance(problem.model, Toy)
    drawn = problem.model.seen[0][1:]
    np.testing.assert_array_equal(drawn[:, 4], drawn[:, 7])
    assert not np.any(drawn[:, 3] == drawn[:, 4])


@pytest.mark.parametrize("wrong", [{"candidates": 1}, {"rounds": 0}, {"hold": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        ShootingSettings(**wrong)
