"""Every planner answers in time, with the best it has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planners.plan import PlanFunction, PlanStatus
from planners.problem import Problem
from tests.planners.every import ROUNDS, each_planner, each_sampler, rng, seen
from tests.planners.toys import SlowToy, point_mass, reach_problem


def slow_problem(deadline: float) -> tuple[Problem, SlowToy]:
    model = SlowToy(point_mass)
    return replace(reach_problem(), model=model, deadline=deadline, clock=lambda: model.now), model


@each_sampler
def test_stops_before_a_round_that_would_end_after_the_deadline(name: str, plan: PlanFunction) -> None:
    problem, model = slow_problem(deadline=102.9)
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OUT_OF_TIME
    assert model.now == 102.0
    assert answer.evaluations == sum(ROUNDS[name][:2])
    costs, _ = problem.evaluate(seen(problem))
    assert answer.cost == pytest.approx(costs.min(), rel=1e-12)


@each_sampler
def test_a_generous_deadline_changes_nothing(name: str, plan: PlanFunction) -> None:
    problem, _ = slow_problem(deadline=100.1 + len(ROUNDS[name]))
    hurried, free = plan(problem, None, rng()), plan(reach_problem(), None, rng())
    assert hurried.status is PlanStatus.OK
    np.testing.assert_array_equal(hurried.actions, free.actions)


@each_planner
def test_with_a_tenth_of_the_time_it_still_answers_within_one_chunk_and_no_worse_than_before(
    plan: PlanFunction,
) -> None:
    unhurried, model = slow_problem(deadline=1e6)
    previous = plan(unhurried, None, rng())
    tenth = (model.now - 100.0) / 10
    problem, model = slow_problem(deadline=100.0 + tenth)
    answer = plan(problem, previous, rng(1))
    assert model.now <= 100.0 + tenth + 1.0
    whole, clock = slow_problem(deadline=1e6)
    plan(whole, previous, rng(1))
    one_rollout_is_all = clock.now == 101.0
    assert answer.status is (PlanStatus.OK if one_rollout_is_all else PlanStatus.OUT_OF_TIME)
    assert answer.cost <= previous.cost * (1 + 1e-12)


@each_planner
def test_evaluates_nothing_after_the_deadline(plan: PlanFunction) -> None:
    problem, model = slow_problem(deadline=99.0)
    previous = plan(reach_problem(), None, rng())
    assert plan(problem, previous, rng()).status is PlanStatus.KEPT_PREVIOUS
    assert plan(problem, None, rng()).status is PlanStatus.NO_PLAN
    assert not model.seen
