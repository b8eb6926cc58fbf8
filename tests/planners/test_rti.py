from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from benchmarks.planner_study import nlp
from benchmarks.planner_study.quadratic import QuadraticCost
from planners import rti
from planners.plan import PlanStatus
from planners.problem import FloatArray, PlanningError, Problem
from planners.rti import RtiSettings
from tests.planners.smooth import Blunt, Linear, linear, linear_problem, network, network_problem

NEWTON = RtiSettings(damping=0.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def textbook(problem: Problem) -> tuple[FloatArray, FloatArray]:
    """Return the actions (H, A) and gains (H, A, S) of the textbook recursion, in coordinates of the target."""
    assert isinstance(problem.model, Linear)
    assert isinstance(problem.cost, QuadraticCost)
    a, b = problem.model.by_state, problem.model.by_action
    q, r, target = np.diag(problem.cost.weights), np.diag(problem.cost.effort), problem.cost.target
    value, slope, gains, offsets = q, -q @ target, [], []
    for _ in range(problem.horizon):
        inverse = np.linalg.inv(r + b.T @ value @ b)
        gain, offset = -inverse @ b.T @ value @ a, -inverse @ b.T @ slope
        slope = -q @ target + a.T @ (slope + value @ b @ offset)
        value = q + a.T @ value @ (a + b @ gain)
        gains.append(gain)
        offsets.append(offset)
    state, actions = problem.state, []
    for gain, offset in zip(gains[::-1], offsets[::-1], strict=True):
        actions.append(gain @ state + offset)
        state = a @ state + b @ actions[-1]
    return np.array(actions), np.array(gains[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_one_step_solves_a_linear_quadratic_problem(seed: int) -> None:
    problem = linear_problem(rng(seed))
    plan = rti.plan(problem, NEWTON, None, rng())
    actions, gains = textbook(problem)
    np.testing.assert_allclose(plan.actions, actions, rtol=1e-6, atol=1e-6)
    assert plan.gains is not None
    np.testing.assert_allclose(plan.gains, gains, rtol=1e-6, atol=1e-6)


def test_gains_take_up_a_disturbance_as_a_new_plan_would() -> None:
    problem = linear_problem(rng(1))
    plan = rti.plan(problem, NEWTON, None, rng())
    pushed = plan.states[3] + 0.1 * rng(2).normal(size=6)
    rest = replace(problem, state=pushed, time=0.3, horizon=12)
    again = rti.plan(rest, NEWTON, None, rng())
    assert plan.gains is not None
    followed = plan.actions[3] + plan.gains[3] @ (pushed - plan.states[3])
    np.testing.assert_allclose(followed, again.action(0.3), atol=1e-6)


def bounded_optimum(problem: Problem) -> float:
    """Return the least cost within bounds: the costs are squares of what is linear in the actions."""
    assert isinstance(problem.cost, QuadraticCost)
    weights, effort, target = np.sqrt(problem.cost.weights), np.sqrt(problem.cost.effort), problem.cost.target

    def residuals(flat: FloatArray) -> FloatArray:
        actions = flat.reshape(1, problem.horizon, -1)
        states = problem.model.rollout(problem.state, actions)[0, 0, 1:]
        return np.concatenate([(weights * (states - target)).ravel(), (effort * actions[0]).ravel()])

    offset = residuals(np.zeros(problem.horizon * problem.num_actions))
    matrix = np.stack([residuals(unit) - offset for unit in np.eye(problem.horizon * problem.num_actions)], axis=1)
    bounds = (np.tile(problem.low, problem.horizon), np.tile(problem.high, problem.horizon))
    return float(2 * lsq_linear(matrix, -offset, bounds).cost)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_met_as_exactly_as_by_bounded_least_squares(seed: int) -> None:
    problem = linear_problem(rng(seed), bound=0.1)
    plan = rti.plan(problem, RtiSettings(iterations=25, damping=0.0), None, rng())
    assert np.all(np.abs(plan.actions) <= 0.1)
    assert np.mean(np.abs(plan.actions) == 0.1) > 0.05
    assert plan.cost == pytest.approx(bounded_optimum(problem), rel=1e-4)


def test_fifty_random_problems_come_out_as_by_the_reference() -> None:
    gaps: dict[int, list[float]] = {1: [], 2: [], 8: []}
    for seed in range(50):
        subject = network(rng(seed))
        problem = network_problem(subject, rng(seed))
        reference = nlp.solve(problem, subject, subject.prior).cost
        for iterations, found in gaps.items():
            plan = rti.plan(problem, RtiSettings(iterations=iterations, damping=0.1), None, rng())
            found.append(plan.cost / reference - 1)
    assert max(gaps[8]) < 0.01
    assert np.median(gaps[8]) < 1e-4
    assert np.median(gaps[2]) < 0.01


def test_one_step_a_tick_stays_near_the_reference_once_it_runs() -> None:
    gaps = []
    for seed in range(12):
        subject = network(rng(seed))
        problem, plan = network_problem(subject, rng(seed)), None
        for tick in range(6):
            problem = replace(problem, time=0.02 * tick)
            plan = rti.plan(problem, RtiSettings(), plan, rng())
            before, problem = problem, replace(problem, state=plan.states[1])
        assert plan is not None
        gaps.append(plan.cost / nlp.solve(before, subject, subject.prior, plan).cost - 1)
    assert np.median(gaps) < 0.002
    assert np.mean(np.array(gaps) < 0.01) > 0.8


def test_a_better_plan_comes_of_every_further_step() -> None:
    problem = network_problem(network(rng()), rng())
    costs = [rti.plan(problem, RtiSettings(iterations=k), None, rng()).cost for k in (1, 2, 4, 8)]
    assert costs == sorted(costs, reverse=True)
    idle, _ = problem.evaluate(np.zeros((1, 10, 3)))
    assert costs[0] < idle[0]


def test_it_carries_on_from_the_earlier_plan() -> None:
    problem = network_problem(network(rng()), rng())
    plan = None
    for _ in range(8):
        plan = rti.plan(problem, RtiSettings(), plan, rng())
    assert plan is not None
    settled = rti.plan(problem, RtiSettings(iterations=20), None, rng())
    assert plan.cost == pytest.approx(settled.cost, rel=1e-3)


def test_the_first_step_from_foreseen_states_closes_their_gaps() -> None:
    """Late by three steps and pushed off its path: what was foreseen starts elsewhere and ends too early."""
    problem = linear_problem(rng(7))
    previous = rti.plan(problem, NEWTON, None, rng())
    pushed = previous.states[3] + 0.3 * rng(8).normal(size=6)
    now = replace(problem, state=pushed, time=3 * problem.step)
    plan = rti.plan(now, NEWTON, previous, rng())
    np.testing.assert_allclose(plan.actions, textbook(now)[0], rtol=1e-6, atol=1e-6)
    assert plan.evaluations == 6, "a second step, from a roll-out, would mend a first one that is wrong"


def test_the_first_step_from_an_earlier_plan_costs_one_rollout() -> None:
    problem = linear_problem(rng(7))
    previous = rti.plan(problem, NEWTON, None, rng())
    assert isinstance(problem.model, Linear)
    problem.model.seen.clear()
    plan = rti.plan(replace(problem, state=previous.states[1], time=problem.step), NEWTON, previous, rng())
    assert [len(actions) for actions in problem.model.seen] == [2 + 4]
    assert plan.evaluations == 6


def test_it_answers_with_the_cheapest_sequence_it_evaluated() -> None:
    problem = linear_problem(rng(3), bound=0.5)
    plan = rti.plan(problem, RtiSettings(iterations=3), None, rng())
    assert isinstance(problem.model, Linear)
    candidates = np.concatenate(problem.model.seen)
    assert np.all(np.abs(candidates) <= 0.5)
    costs, _ = problem.evaluate(candidates)
    assert plan.cost == costs.min()
    assert plan.evaluations == len(candidates) == 2 + 3 * 4


def test_an_ensemble_of_equal_members_changes_nothing() -> None:
    alone = linear_problem(rng(4))
    assert isinstance(alone.model, Linear)
    together = replace(alone, model=replace(alone.model, members=3))
    one, three = (rti.plan(problem, NEWTON, None, rng()) for problem in (alone, together))
    np.testing.assert_allclose(three.actions, one.actions)


def test_an_earlier_plan_that_blows_up_now_is_left_for_holding_still() -> None:
    problem = linear_problem(rng(5))
    previous = rti.plan(problem, NEWTON, None, rng())
    wild = replace(previous, actions=np.full((15, 2), np.nan_to_num(np.inf)))
    plan = rti.plan(problem, NEWTON, wild, rng())
    assert plan.cost == pytest.approx(previous.cost)


def test_a_start_that_predicts_nothing_finite_keeps_the_earlier_plan() -> None:
    problem = linear_problem(rng(5))
    previous = rti.plan(problem, NEWTON, None, rng())
    lost = replace(problem, state=np.full(6, np.nan), time=0.1)
    assert rti.plan(lost, NEWTON, previous, rng()).status is PlanStatus.KEPT_PREVIOUS
    assert rti.plan(lost, NEWTON, None, rng()).status is PlanStatus.NO_PLAN


def test_a_deadline_leaves_the_warm_start() -> None:
    readings = iter([0.0, 0.0, 2.0, 2.0])
    problem = replace(linear_problem(rng(6)), deadline=1.5, clock=lambda: next(readings))
    plan = rti.plan(problem, NEWTON, None, rng())
    assert (plan.status, plan.evaluations) == (PlanStatus.OUT_OF_TIME, 2)
    np.testing.assert_array_equal(plan.actions, np.zeros((15, 2)))


def test_derivatives_are_asked_for() -> None:
    with pytest.raises(PlanningError, match="got Blunt and QuadraticCost"):
        rti.plan(replace(linear_problem(rng()), model=Blunt(linear(rng()))), NEWTON, None, rng())


@pytest.mark.parametrize("wrong", [{"iterations": 0}, {"damping": -1.0}, {"lengths": ()}, {"lengths": (0.0,)}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        RtiSettings(**wrong)  # type: ignore[arg-type]
