from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planners import hybrid, icem, rti
from planners.hybrid import HybridSettings
from planners.icem import IcemSettings
from planners.plan import PlanStatus
from planners.problem import PlanningError, Problem
from planners.rti import RtiSettings
from tests.planners.smooth import Blunt, Linear, linear, linear_problem, network, network_problem

SETTINGS = HybridSettings(search=IcemSettings(candidates=24, elites=6), polish=RtiSettings(), seeds=2)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_polish_makes_the_search_better() -> None:
    for seed in range(5):
        problem = network_problem(network(rng(seed)), rng(seed))
        searched = icem.plan(problem, SETTINGS.search, None, rng())
        plan = hybrid.plan(problem, SETTINGS, None, rng())
        assert plan.cost < searched.cost
        assert plan.status is PlanStatus.OK
        assert plan.gains is not None
        assert plan.evaluations == searched.evaluations + 2 * 4


def test_the_polished_plan_is_the_first_candidate_of_the_next_search() -> None:
    problem = linear_problem(rng(), bound=1.0)
    assert isinstance(problem.model, Linear)
    plan = hybrid.plan(problem, SETTINGS, None, rng())
    problem.model.seen.clear()
    later = hybrid.plan(replace(problem, time=0.1), SETTINGS, plan, rng(1))
    np.testing.assert_array_equal(problem.model.seen[0][0], plan.actions[[*range(1, 15), 14]])
    assert later.memory is not None


def test_without_derivatives_it_is_the_search() -> None:
    problem = linear_problem(rng(), bound=1.0)
    problem = replace(problem, model=Blunt(linear(rng())))
    plan, searched = hybrid.plan(problem, SETTINGS, None, rng()), icem.plan(problem, SETTINGS.search, None, rng())
    np.testing.assert_array_equal(plan.actions, searched.actions)
    assert plan.gains is None


def slow(problem: Problem, deadline: float) -> Problem:
    """Every reading of the clock takes a second."""
    readings = iter(np.arange(0.0, 1e3))
    return replace(problem, deadline=deadline, clock=lambda: float(next(readings)))


def test_the_polish_gets_its_share_of_the_time() -> None:
    problem = linear_problem(rng(1), bound=1.0)
    plan = hybrid.plan(slow(problem, deadline=12.0), SETTINGS, None, rng())
    assert plan.status in (PlanStatus.OK, PlanStatus.OUT_OF_TIME)
    assert plan.gains is not None
    assert hybrid.plan(slow(problem, deadline=0.5), SETTINGS, None, rng()).status is not PlanStatus.OK


def test_when_the_search_took_all_the_time_nothing_else_is_rolled_out() -> None:
    problem = linear_problem(rng(1), bound=1.0)
    model = problem.model
    assert isinstance(model, Linear)
    hurried = replace(problem, deadline=0.9, clock=lambda: float(len(model.seen)))
    plan = hybrid.plan(hurried, SETTINGS, None, rng())
    assert plan.status is PlanStatus.OUT_OF_TIME
    assert len(model.seen) == 1


def test_nothing_finite_keeps_the_earlier_plan() -> None:
    problem = linear_problem(rng(2), bound=1.0)
    previous = hybrid.plan(problem, SETTINGS, None, rng())
    lost = replace(problem, state=np.full(6, np.nan))
    assert hybrid.plan(lost, SETTINGS, previous, rng()).status is PlanStatus.KEPT_PREVIOUS
    assert hybrid.plan(lost, SETTINGS, None, rng()).status is PlanStatus.NO_PLAN


def test_seeds_are_the_best_and_those_farthest_from_it() -> None:
    sequences = np.array([0.0, 0.1, 3.0, -1.0]).reshape(4, 1, 1)
    chosen = hybrid._apart(sequences, 3, np.ones(1))
    np.testing.assert_array_equal(chosen[:, 0, 0], [0.0, 3.0, -1.0])
    assert len(hybrid._apart(sequences, 9, np.ones(1))) == 4


def test_it_is_no_worse_than_its_parts_from_tick_to_tick() -> None:
    problem = network_problem(network(rng(3)), rng(3))
    both, newton = hybrid.plan(problem, SETTINGS, None, rng()), rti.plan(problem, SETTINGS.polish, None, rng())
    searched = icem.plan(problem, SETTINGS.search, None, rng())
    for seed in range(1, 4):
        both = hybrid.plan(problem, SETTINGS, both, rng(seed))
        newton = rti.plan(problem, SETTINGS.polish, newton, rng(seed))
        searched = icem.plan(problem, SETTINGS.search, searched, rng(seed))
    assert both.cost <= 1.001 * min(newton.cost, searched.cost)


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"share": 0.0}, {"share": 1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PlanningError, match="hybrid: expected"):
        HybridSettings(**wrong)  # type: ignore[arg-type]
