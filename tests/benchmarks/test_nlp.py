from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.planner_study import nlp
from planners import rti
from planners.costs.path import PathCost, PathWeights
from planners.problem import PlanningError
from planners.rti import RtiSettings
from tests.dynamics import toys as vehicle
from tests.planners.costs.test_path import POSE, bend
from tests.planners.smooth import network, network_problem


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", ["network", "vehicle with an angle"])
def test_the_graph_predicts_what_the_kernel_predicts(kind: str) -> None:
    subject = network(rng()) if kind == "network" else vehicle.model(rng())
    problem = network_problem(subject, rng(1))
    step = nlp._step(subject.space, problem.num_actions, tuple(w.shape[-1] for w in subject.prior[::2]))
    actions = rng(2).uniform(-1, 1, (4, 1, problem.num_actions))
    _, states = problem.evaluate(actions)
    for n in range(4):
        after = step(problem.state, actions[n, 0], nlp._network_parameters(subject, subject.prior)).full()[:, 0]
        np.testing.assert_allclose(states[0, n, 1], after, rtol=1e-4, atol=1e-5)


def test_nothing_near_its_answer_is_cheaper() -> None:
    subject = network(rng())
    problem = network_problem(subject, rng())
    plan = nlp.solve(problem, subject, subject.prior)
    around = plan.actions + 0.02 * rng(1).normal(size=(200, *plan.actions.shape))
    costs, _ = problem.evaluate(np.clip(around, problem.low, problem.high))
    assert plan.cost <= costs.min() + 1e-5


def test_other_weights_need_no_other_program() -> None:
    one, other = network(rng(0)), network(rng(1))
    problem = network_problem(one, rng())
    nlp.solve(problem, one, one.prior)
    before = nlp._solver.cache_info().misses
    nlp.solve(network_problem(other, rng()), other, other.prior)
    assert nlp._solver.cache_info().misses == before


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_little_to_improve_where_newton_steps_follow_a_path(seed: int) -> None:
    subject = vehicle.model(rng(seed))
    cost = PathCost(bend(0.5), PathWeights(), 0.05, POSE, change=np.full(2, 0.05), previous_action=np.zeros(2))
    problem = network_problem(subject, rng(), horizon=8)
    problem = replace(problem, cost=cost, state=np.array([0.1, 0.02, 0.1, 0.0, 0.5]))
    plan = rti.plan(problem, RtiSettings(iterations=30), None, rng())
    reference = nlp.solve(problem, subject, subject.prior, plan)
    assert 0.99 * plan.cost < reference.cost < plan.cost + 1e-3


def test_what_it_cannot_solve_is_refused() -> None:
    subject = network(rng())
    problem = network_problem(subject, rng())
    double = tuple(w.repeat(2, *(1,) * (w.ndim - 1)) for w in subject.prior)
    for wrong, weights in (
        (problem, double),
        (replace(problem, cost=lambda states, actions: states[..., -1, 0]), subject.prior),
    ):
        with pytest.raises(PlanningError, match="nlp: expected"):
            nlp.solve(wrong, subject, weights)
