"""What every planner must hold to, whatever its method; `tests/planners/every.py` lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.planner_study.quadratic import QuadraticCost
from planners.costs.residuals import ResidualCost
from planners.plan import PlanFunction, PlanStatus, checked
from planners.problem import AnyFloats, FloatArray, Problem, Risk
from tests.planners.every import ROUNDS, each_planner, each_sampler, rng, seen, toy
from tests.planners.toys import Toy, Twisted, point_mass, reach, reach_problem


def twisted(problem: Problem, twist: Callable[[AnyFloats, FloatArray], AnyFloats]) -> Problem:
    assert isinstance(problem.cost, ResidualCost)
    return replace(problem, cost=Twisted(problem.cost, twist))


def poisoned(problem: Problem, value: float) -> Problem:
    """Give every candidate that starts towards +x, which is the good direction, a poisonous cost."""
    return twisted(problem, lambda costs, actions: np.where(actions[:, 0, 0] > 0, value, costs))


@each_planner
def test_finds_something_better_than_to_do_nothing(plan: PlanFunction) -> None:
    problem = reach_problem()
    idle, _ = problem.evaluate(np.zeros((1, 10, 2)))
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OK
    assert answer.cost < idle[0]


@each_planner
def test_answers_with_the_cheapest_candidate_it_evaluated(plan: PlanFunction) -> None:
    problem = reach_problem()
    answer = plan(problem, None, rng())
    candidates = seen(problem)
    costs, states = problem.evaluate(candidates)
    assert answer.cost == pytest.approx(costs.min(), rel=1e-12)
    np.testing.assert_array_equal(answer.actions, candidates[costs.argmin()])
    np.testing.assert_array_equal(answer.states, states[0, costs.argmin()])
    assert answer.evaluations == len(candidates)


@each_sampler
def test_evaluates_as_many_candidates_as_its_settings_say(name: str, plan: PlanFunction) -> None:
    problem = reach_problem()
    plan(problem, None, rng())
    assert tuple(len(batch) for batch in toy(problem).seen) == ROUNDS[name]


@each_planner
@pytest.mark.parametrize("size", [0.01, 0.25, 0.6])
def test_a_smaller_search_is_one_all_the_same(size: float, plan: PlanFunction) -> None:
    whole, small = reach_problem(), replace(reach_problem(), size=size)
    before = plan(whole, None, rng())
    answer = checked(plan(small, before, rng(1)), small)
    assert answer.status is PlanStatus.OK
    assert answer.cost <= before.cost * (1 + 1e-12)
    assert answer.evaluations == len(seen(small)) <= len(seen(whole))
    assert answer.size in (size, 1.0)


@each_sampler
def test_a_smaller_search_evaluates_its_share_of_candidates(name: str, plan: PlanFunction) -> None:
    problem = replace(reach_problem(), size=0.5)
    answer = plan(problem, None, rng())
    assert answer.size == 0.5
    assert [len(batch) for batch in toy(problem).seen] == pytest.approx([count / 2 for count in ROUNDS[name]], abs=1)


@each_planner
def test_evaluates_only_actions_within_bounds(plan: PlanFunction) -> None:
    problem = replace(reach_problem(), low=np.array([-0.1, -1.0]), high=np.array([0.05, -0.5]))
    plan(problem, plan(problem, None, rng()), rng(1))
    candidates = seen(problem)
    assert np.all(candidates >= problem.low)
    assert np.all(candidates <= problem.high)
    assert np.ptp(candidates[:, :, 0]) > 0.05


@each_planner
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_non_finite_cost_never_wins(plan: PlanFunction, value: float) -> None:
    problem = poisoned(reach_problem(), value)
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OK
    assert np.isfinite(answer.cost)
    assert answer.actions[0, 0] <= 0


@each_planner
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_non_finite_prediction_never_wins_even_where_the_cost_does_not_look(plan: PlanFunction, value: float) -> None:
    def explode(states: FloatArray, actions: FloatArray) -> FloatArray:
        after = point_mass(states, actions)
        after[actions[:, 0] > 0, 3] = value
        return after

    only_x = QuadraticCost(np.array([9.0, 0, 0, 0]), np.array([1.0, 0, 0, 0]), np.zeros(2))
    problem = replace(reach_problem(horizon=3), model=Toy(explode), cost=only_x)
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OK
    assert np.isfinite(answer.states).all()
    assert np.all(answer.actions[:, 0] <= 0)


@each_planner
def test_keeps_the_previous_plan_when_nothing_is_finite(plan: PlanFunction) -> None:
    problem = reach_problem()
    previous = plan(problem, None, rng())
    broken = twisted(replace(problem, time=0.2), lambda costs, actions: np.full(len(actions), np.nan))
    kept = plan(broken, previous, rng(1))
    assert kept.status is PlanStatus.KEPT_PREVIOUS
    assert kept.time == previous.time
    np.testing.assert_array_equal(kept.actions, previous.actions)
    np.testing.assert_array_equal(kept.action(broken.time), previous.actions[2])


@each_planner
def test_says_so_when_nothing_is_finite_and_there_is_no_previous_plan(plan: PlanFunction) -> None:
    problem = replace(reach_problem(), state=np.full(4, np.nan))
    failed = plan(problem, None, rng())
    assert failed.status is PlanStatus.NO_PLAN
    assert np.isfinite(failed.actions).all()
    assert plan(problem, failed, rng()).status is PlanStatus.NO_PLAN


@each_planner
def test_recovers_after_a_kept_plan(plan: PlanFunction) -> None:
    problem = reach_problem()
    kept = replace(plan(problem, None, rng()), status=PlanStatus.KEPT_PREVIOUS, cost=np.inf)
    assert plan(replace(problem, time=0.1), kept, rng(1)).status is PlanStatus.OK


class Shuffled(np.random.Generator):
    """Draws the same candidates as the default generator, in another order; candidates are the last axis."""

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        return reordered(super().standard_normal(*args, **kwargs))

    def random(self, *args: Any, **kwargs: Any) -> Any:
        return reordered(super().random(*args, **kwargs))


def reordered(drawn: FloatArray) -> FloatArray:
    by_candidate = drawn.reshape(len(drawn), 2, -1)
    return by_candidate[:, :, ::-1].reshape(drawn.shape)


@each_sampler
def test_the_order_of_candidates_does_not_matter(name: str, plan: PlanFunction) -> None:
    problem, shuffled = reach_problem(), reach_problem()
    answer, other = plan(problem, None, rng()), plan(shuffled, None, Shuffled(np.random.PCG64(0)))
    assert not np.array_equal(toy(problem).seen[0], toy(shuffled).seen[0])
    np.testing.assert_allclose(other.actions, answer.actions, atol=1e-6)


@each_planner
def test_adding_a_constant_to_the_cost_changes_nothing_else(plan: PlanFunction) -> None:
    problem = reach_problem()
    answer = plan(problem, None, rng())
    shifted = plan(twisted(problem, lambda costs, actions: costs - 64.0), None, rng())
    np.testing.assert_allclose(shifted.actions, answer.actions, atol=1e-9)
    assert shifted.cost == pytest.approx(answer.cost - 64.0)


@each_sampler
def test_the_unit_of_the_cost_does_not_matter(name: str, plan: PlanFunction) -> None:
    problem = reach_problem()
    answer = plan(problem, None, rng())
    scaled = plan(twisted(problem, lambda costs, actions: 1024 * costs), None, rng())
    np.testing.assert_array_equal(scaled.actions, answer.actions)


@each_planner
def test_the_same_seed_gives_the_same_plan_whatever_was_planned_before(plan: PlanFunction) -> None:
    first = plan(reach_problem(), None, rng())
    elsewhere = replace(reach_problem(), cost=reach(np.array([-5.0, 5.0])))
    plan(elsewhere, plan(elsewhere, None, rng(7)), rng(8))
    afresh = reach_problem()
    second = plan(afresh, None, rng())
    np.testing.assert_array_equal(first.actions, second.actions)
    assert first.cost == second.cost


@each_planner
def test_inputs_are_never_written_to(plan: PlanFunction) -> None:
    problem = replace(reach_problem(), previous_action=np.array([0.5, -0.5]))
    previous = plan(problem, None, rng())
    given = (problem.state, problem.low, problem.high, problem.previous_action)
    kept = [
        array for array in (*given, previous.actions, previous.states, previous.memory) if isinstance(array, np.ndarray)
    ]
    copies = [array.copy() for array in kept]
    for array in kept:
        array.flags.writeable = False
    plan(problem, previous, rng(1))
    for array, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@each_planner
def test_a_plan_owns_its_arrays(plan: PlanFunction) -> None:
    states = np.empty((1, 128, 11, 4))

    class Buffered(Toy):
        def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
            states[:, : len(actions)] = super().rollout(state, actions)
            return states[:, : len(actions)]

    answer = plan(replace(reach_problem(), model=Buffered(point_mass)), None, rng())
    before = answer.states.copy()
    states[:] = 0.0
    np.testing.assert_array_equal(answer.states, before)
    assert answer.actions.base is None


@each_planner
def test_replanning_with_the_previous_plan_at_hand_is_never_worse(plan: PlanFunction) -> None:
    problem = reach_problem()
    answer, costs = None, []
    for seed in range(4):
        answer = plan(problem, answer, rng(seed))
        costs.append(answer.cost)
    assert costs == sorted(costs, reverse=True)


@each_planner
def test_starts_wide_again_after_a_good_plan(plan: PlanFunction) -> None:
    """Somewhere else is cheaper from one tick to the next: whoever still searches where it was does not get there."""
    previous = None
    for seed in range(4):
        previous = plan(reach_problem(), previous, rng(seed))
    moved = replace(reach_problem(), cost=reach(np.array([-0.3, 0.2])))
    afresh, warm = plan(moved, None, rng(9)), plan(moved, previous, rng(9))
    assert previous is not None
    stay, _ = moved.evaluate(previous.actions[None])
    assert afresh.cost < 0.7 * stay[0]
    assert warm.cost < 0.7 * stay[0]


@each_planner
def test_ensembles_are_judged_by_their_mean(plan: PlanFunction) -> None:
    alone = reach_problem()
    together = replace(alone, model=Toy(point_mass, members=3))
    one, three = plan(alone, None, rng()), plan(together, None, rng())
    assert three.states.shape == (11, 4)
    np.testing.assert_allclose(three.actions, one.actions)
    np.testing.assert_allclose(three.states, one.states)


@each_sampler
@pytest.mark.parametrize("risk", [Risk("worst"), Risk("cvar", tail=0.4)])
def test_a_risk_measure_ranks_candidates_by_the_members_it_looks_at(name: str, plan: PlanFunction, risk: Risk) -> None:
    def disagree(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return np.stack([np.square(actions[:, 0, 0] - member) for member in (-0.5, 0.0, 0.5)])

    model = Toy(point_mass, members=3)
    answer = plan(replace(reach_problem(horizon=1), model=model, cost=disagree, risk=risk), None, rng())
    costs = risk(disagree(np.empty(0), seen(replace(reach_problem(), model=model))))
    assert answer.cost == costs.min()


@each_planner
def test_single_precision_predictions_will_do(plan: PlanFunction) -> None:
    class Single(Toy):
        def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
            return super().rollout(state, actions).astype(np.float32)

    answer = plan(replace(reach_problem(), model=Single(point_mass)), None, rng())
    assert answer.status is PlanStatus.OK
    assert answer.actions.dtype == answer.states.dtype == np.float64


@each_planner
@settings(max_examples=25, deadline=None)
@given(
    horizon=st.integers(1, 7),
    low=st.floats(-3, 3),
    width=st.floats(0.01, 5),
    late=st.floats(0, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_sound_problem_gets_an_answer_within_its_bounds(
    plan: PlanFunction, horizon: int, low: float, width: float, late: float, seed: int
) -> None:
    previous = plan(reach_problem(), None, rng())
    problem = replace(reach_problem(late, horizon), low=np.full(2, low), high=np.full(2, low + width))
    answer = plan(problem, previous, rng(seed))
    assert answer.actions.shape == (horizon, 2)
    assert answer.states.shape == (horizon + 1, 4)
    assert np.all((answer.actions >= low) & (answer.actions <= low + width))
