from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from planners.factory import PLANNERS, make
from planners.plan import Plan, PlanFunction, PlanStatus
from planners.problem import CHUNK, AnyFloats, FloatArray, Problem
from planners.sampling.loop import search
from tests.planners.toys import SlowToy, Toy, point_mass, reach_problem


@dataclass
class CountingToy(SlowToy):
    """A model that takes a millisecond of its own clock for every sequence."""

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        self.now += 1e-3 * len(actions) - 1.0
        return super().rollout(state, actions)


def hurried(seconds: float) -> tuple[Problem, CountingToy]:
    model = CountingToy(point_mass)
    return replace(reach_problem(), model=model, deadline=100.0 + seconds, clock=lambda: model.now), model


def draws(count: int) -> FloatArray:
    """Forces from away from the target to towards it: the later, the better."""
    actions: FloatArray = np.linspace(-0.1, 0.3, count)[:, None, None] * np.array([1.0, -0.7]) + np.zeros((10, 2))
    return actions


def note(proposal: list[FloatArray], candidates: FloatArray, costs: FloatArray) -> list[FloatArray]:
    return [*proposal, costs]


def run(problem: Problem, count: int, iterations: int = 2) -> tuple[Plan, list[FloatArray]]:
    start: list[FloatArray] = []
    return search(problem, None, start, iterations, lambda proposal: draws(count + len(proposal)), note)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_candidates_are_evaluated_in_order_in_equal_chunks(count: int) -> None:
    model = Toy(point_mass)
    _, costs = run(replace(reach_problem(), model=model), count)
    sizes = [len(batch) for batch in model.seen]
    assert max(sizes) <= CHUNK
    assert len(sizes) == -(-count // CHUNK) + -(-(count + 1) // CHUNK)
    np.testing.assert_array_equal(np.concatenate(model.seen), np.concatenate([draws(count), draws(count + 1)]))
    assert [len(batch) for batch in costs] == [count, count + 1]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.35, 0.6, 0.95])
def test_whatever_the_budget_the_answer_is_at_most_one_chunk_late(share: float) -> None:
    problem, model = hurried(share * 0.6)
    answer, _ = run(problem, 300)
    assert model.now <= 100 + share * 0.6 + 1e-3 * CHUNK
    assert answer.status is PlanStatus.OUT_OF_TIME
    assert answer.evaluations == sum(len(batch) for batch in model.seen) > 0


def test_more_time_is_never_worse() -> None:
    costs = [run(hurried(share * 0.6)[0], 300)[0].cost for share in (0.1, 0.3, 0.5, 0.7, 1.1)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


def test_what_the_deadline_left_out_cannot_teach() -> None:
    _, costs = run(hurried(0.13)[0], 200)
    assert len(costs) == 1
    finite = np.isfinite(costs[0])
    assert finite[:100].all()
    assert not finite[100:].any()


PLANS = {kind: make(PLANNERS[kind].settings()) for kind in ("cem", "icem", "mppi", "predictive", "shooting")}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
@pytest.mark.parametrize("budget", [0.031, 0.1, 0.2, 1.0])
def test_every_sampler_improves_on_the_plan_before_or_keeps_it_whatever_the_budget(
    budget: float, plan: PlanFunction
) -> None:
    costs: list[float] = []
    answer, rng = None, np.random.default_rng(0)
    for _ in range(5):
        problem, model = hurried(budget)
        answer = plan(problem, answer, rng)
        assert model.now <= 100 + budget + 1e-3 * CHUNK
        costs.append(answer.cost)
    # The same sequence, rolled out in a batch of another size, may differ in its last bit.
    assert all(after <= before + 1e-12 for before, after in pairwise(costs))
