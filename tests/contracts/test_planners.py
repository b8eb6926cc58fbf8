"""What every planner must hold to, whatever its method. Adding a planner adds one line to PLANNERS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planners import cem, shooting
from planners.plan import Plan, PlanStatus
from planners.problem import AnyFloats, Cost, FloatArray, Problem
from tests.planners.toys import SlowToy, Toy, point_mass, reach, reach_problem

PlanFunction = Callable[[Problem, Plan | None, np.random.Generator], Plan]

CEM = cem.CemSettings(candidates=48, elites=8, iterations=3)
SHOOTING = shooting.ShootingSettings(candidates=48, rounds=3)
PLANNERS: dict[str, PlanFunction] = {
    "cem": lambda problem, previous, rng: cem.plan(problem, CEM, previous, rng),
    "cem, nothing held": lambda problem, previous, rng: cem.plan(problem, replace(CEM, hold=1), previous, rng),
    "shooting": lambda problem, previous, rng: shooting.plan(problem, SHOOTING, previous, rng),
    "shooting, held": lambda problem, previous, rng: shooting.plan(problem, replace(SHOOTING, hold=3), previous, rng),
}
EVALUATIONS = 144

each_planner = pytest.mark.parametrize("plan", PLANNERS.values(), ids=PLANNERS.keys())


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def toy(problem: Problem) -> Toy:
    assert isinstance(problem.model, Toy)
    return problem.model


def seen(problem: Problem) -> FloatArray:
    return np.concatenate(toy(problem).seen)


def poisoned(cost: Cost, value: float) -> Cost:
    """Give every candidate that starts towards +x, which is the good direction, a poisonous cost."""

    def poisoned_cost(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return np.where(actions[:, 0, 0] > 0, value, cost(states, actions))

    return poisoned_cost


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
    assert answer.cost == costs.min()
    np.testing.assert_array_equal(answer.actions, candidates[costs.argmin()])
    np.testing.assert_array_equal(answer.states, states[0, costs.argmin()])
    assert answer.evaluations == len(candidates) == EVALUATIONS


@each_planner
def test_evaluates_only_actions_within_bounds(plan: PlanFunction) -> None:
    problem = replace(reach_problem(), low=np.array([-0.1, -1.0]), high=np.array([0.05, -0.5]))
    plan(problem, plan(problem, None, rng()), rng(1))
    candidates = seen(problem)
    assert np.all(candidates >= problem.low)
    assert np.all(candidates <= problem.high)
    assert np.ptp(candidates[:, :, 0]) > 0.1


@each_planner
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_non_finite_cost_never_wins(plan: PlanFunction, value: float) -> None:
    problem = reach_problem()
    problem = replace(problem, cost=poisoned(problem.cost, value))
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

    def cost(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return -states[0, :, -1, 0]

    problem = replace(reach_problem(horizon=3), model=Toy(explode), cost=cost)
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OK
    assert np.isfinite(answer.states).all()
    assert np.all(answer.actions[:, 0] <= 0)


@each_planner
def test_keeps_the_previous_plan_when_nothing_is_finite(plan: PlanFunction) -> None:
    problem = reach_problem()
    previous = plan(problem, None, rng())
    broken = replace(problem, time=0.2, cost=poisoned(lambda states, actions: np.full(len(actions), np.nan), np.nan))
    kept = plan(broken, previous, rng(1))
    assert kept.status is PlanStatus.KEPT_PREVIOUS
    assert kept.time == previous.time
    assert kept.evaluations == EVALUATIONS
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
    """Draws the same candidates as the default generator, in another order."""

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        return super().standard_normal(*args, **kwargs)[::-1]

    def uniform(self, *args: Any, **kwargs: Any) -> Any:
        return super().uniform(*args, **kwargs)[::-1]


@pytest.mark.parametrize("plan", [PLANNERS["cem"], PLANNERS["cem, nothing held"]])
def test_the_order_of_candidates_does_not_matter(plan: PlanFunction) -> None:
    problem, shuffled = reach_problem(), reach_problem()
    answer, other = plan(problem, None, rng()), plan(shuffled, None, Shuffled(np.random.PCG64(0)))
    assert not np.array_equal(toy(problem).seen[0], toy(shuffled).seen[0])
    np.testing.assert_allclose(other.actions, answer.actions, atol=1e-12)


@each_planner
def test_adding_a_constant_to_the_cost_changes_nothing_else(plan: PlanFunction) -> None:
    problem = reach_problem()
    cost = problem.cost
    answer = plan(problem, None, rng())
    shifted = plan(replace(problem, cost=lambda states, actions: cost(states, actions) - 64.0), None, rng())
    np.testing.assert_array_equal(shifted.actions, answer.actions)
    assert shifted.cost == pytest.approx(answer.cost - 64.0)


@each_planner
def test_the_same_seed_gives_the_same_plan_whatever_was_planned_before(plan: PlanFunction) -> None:
    first = plan(reach_problem(), None, rng())
    elsewhere = replace(reach_problem(), cost=reach(np.array([-5.0, 5.0])))
    plan(elsewhere, plan(elsewhere, None, rng(7)), rng(8))
    second = plan(reach_problem(), None, rng())
    np.testing.assert_array_equal(first.actions, second.actions)
    assert first.cost == second.cost


@each_planner
def test_inputs_are_never_written_to(plan: PlanFunction) -> None:
    problem = replace(reach_problem(), previous_action=np.array([0.5, -0.5]))
    previous = plan(problem, None, rng())
    kept = [problem.state, problem.low, problem.high, problem.previous_action, previous.actions, previous.states]
    copies = [array.copy() for array in kept if array is not None]
    for array in kept:
        assert array is not None
        array.flags.writeable = False
    plan(problem, previous, rng(1))
    for array, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@each_planner
def test_a_plan_owns_its_arrays(plan: PlanFunction) -> None:
    states = np.empty((1, 48, 11, 4))

    class Buffered:
        def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
            states[:] = Toy(point_mass).rollout(state, actions)
            return states

    answer = plan(replace(reach_problem(), model=Buffered()), None, rng())
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
    assert costs[-1] < costs[0]


def slow_problem(deadline: float) -> tuple[Problem, SlowToy]:
    model = SlowToy(point_mass)
    return replace(reach_problem(), model=model, deadline=deadline, clock=lambda: model.now), model


@each_planner
def test_stops_before_a_round_that_would_end_after_the_deadline(plan: PlanFunction) -> None:
    problem, model = slow_problem(deadline=102.9)
    answer = plan(problem, None, rng())
    assert answer.status is PlanStatus.OUT_OF_TIME
    assert model.now == 102.0
    assert answer.evaluations == EVALUATIONS * 2 // 3
    costs, _ = problem.evaluate(seen(problem))
    assert answer.cost == costs.min()


@each_planner
def test_a_generous_deadline_changes_nothing(plan: PlanFunction) -> None:
    problem, _ = slow_problem(deadline=103.1)
    hurried, free = plan(problem, None, rng()), plan(reach_problem(), None, rng())
    assert hurried.status is PlanStatus.OK
    np.testing.assert_array_equal(hurried.actions, free.actions)


@each_planner
def test_evaluates_nothing_after_the_deadline(plan: PlanFunction) -> None:
    problem, model = slow_problem(deadline=99.0)
    previous = plan(reach_problem(), None, rng())
    assert plan(problem, previous, rng()).status is PlanStatus.KEPT_PREVIOUS
    assert plan(problem, None, rng()).status is PlanStatus.NO_PLAN
    assert not model.seen


@each_planner
def test_ensembles_are_judged_by_their_mean(plan: PlanFunction) -> None:
    alone = reach_problem()
    together = replace(alone, model=Toy(point_mass, members=3))
    one, three = plan(alone, None, rng()), plan(together, None, rng())
    assert three.states.shape == (11, 4)
    np.testing.assert_allclose(three.actions, one.actions)
    np.testing.assert_allclose(three.states, one.states)


@each_planner
def test_single_precision_predictions_will_do(plan: PlanFunction) -> None:
    class Single:
        def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
            return Toy(point_mass).rollout(state, actions).astype(np.float32)

    answer = plan(replace(reach_problem(), model=Single()), None, rng())
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
