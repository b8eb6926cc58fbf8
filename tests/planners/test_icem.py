from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planners import cem, icem
from planners.icem import IcemSettings
from planners.plan import Plan, PlanStatus
from planners.problem import AnyFloats, FloatArray, PlanningError, Problem
from tests.planners.toys import Toy, reach_problem

SETTINGS = IcemSettings(candidates=60, elites=10, iterations=3, decay=1.25, keep=0.3, momentum=0.0)


def rounds_of(problem: Problem) -> list[FloatArray]:
    assert isinstance(problem.model, Toy)
    return problem.model.seen


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def solved(settings: IcemSettings = SETTINGS) -> tuple[Problem, Plan]:
    problem = reach_problem()
    return problem, icem.plan(problem, settings, None, rng())


def later(problem: Problem) -> Problem:
    rounds_of(problem).clear()
    return replace(problem, time=0.1)


def test_every_round_has_fewer_candidates_but_at_least_two_per_elite() -> None:
    problem, _ = solved(replace(SETTINGS, iterations=8))
    assert [len(batch) for batch in rounds_of(problem)] == [60, 48, 38, 31, 25, 20, 20, 20]


def test_the_mean_of_the_k_cheapest_is_tried_in_the_last_round() -> None:
    problem, _ = solved()
    first, second, third = rounds_of(problem)
    costs = [problem.evaluate(batch)[0] for batch in (first, second)]
    kept = first[np.argsort(costs[0])[:3]]
    pool, pool_costs = np.concatenate([second, kept]), np.append(costs[1], np.sort(costs[0])[:3])
    elites = pool[np.argsort(pool_costs)[:10]]
    np.testing.assert_allclose(third[0], elites.mean(axis=0))
    assert not np.any(np.all(second == first[np.argsort(costs[0])[:10]].mean(axis=0), axis=(1, 2)))


def test_kept_elites_are_not_rolled_out_again() -> None:
    problem, _ = solved()
    candidates = np.concatenate(rounds_of(problem)).reshape(-1, 20)
    assert len(np.unique(candidates, axis=0)) == len(candidates)


def test_the_memory_holds_the_cheapest_of_all_sequences_cheapest_first() -> None:
    problem, plan = solved(replace(SETTINGS, keep=0.9))
    candidates = np.concatenate(rounds_of(problem))
    costs, _ = problem.evaluate(candidates)
    assert plan.memory is not None
    assert plan.memory.shape == (10, 10, 2)
    np.testing.assert_array_equal(plan.memory[0], plan.actions)
    np.testing.assert_array_equal(plan.memory[:9], candidates[np.argsort(costs)[:9]])


def test_the_mean_of_the_elites_can_be_the_answer() -> None:
    problem, plan = solved(replace(SETTINGS, answer="mean"))
    _, best = solved()
    assert plan.memory is not None
    np.testing.assert_array_equal(plan.memory, best.memory)
    np.testing.assert_allclose(plan.actions, plan.memory.mean(axis=0))
    costs, states = problem.evaluate(plan.actions[None])
    assert plan.cost == pytest.approx(costs[0])
    np.testing.assert_allclose(plan.states, states[:, 0].mean(axis=0))
    assert (plan.status, plan.evaluations) == (PlanStatus.OK, best.evaluations + 1)


def test_the_best_is_the_answer_where_the_mean_leads_nowhere() -> None:
    problem, best = solved()
    assert best.memory is not None

    def cost(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return problem.cost(states, actions) if len(actions) > 1 else np.full(1, np.nan)

    plan = icem.plan(replace(problem, cost=cost), replace(SETTINGS, answer="mean"), None, rng())
    np.testing.assert_array_equal(plan.actions, best.actions)
    assert plan.cost == pytest.approx(best.cost)


def test_a_search_that_is_cut_short_answers_with_the_best() -> None:
    problem, _ = solved()
    clock = iter(np.arange(100.0))
    short = replace(problem, clock=lambda: float(next(clock)), deadline=2.5)
    plan = icem.plan(short, replace(SETTINGS, answer="mean"), None, rng())
    assert plan.status is PlanStatus.OUT_OF_TIME
    assert plan.memory is not None
    np.testing.assert_array_equal(plan.actions, plan.memory[0])


def test_elites_of_the_tick_before_come_back_shifted_in_time() -> None:
    problem, plan = solved()
    assert plan.memory is not None
    icem.plan(later(problem), SETTINGS, plan, rng(1))
    extra = rounds_of(problem)[0][:4]
    ahead = [*range(1, 10), 9]
    np.testing.assert_array_equal(extra[0], plan.actions[ahead])
    np.testing.assert_array_equal(extra[1:], plan.memory[:3][:, ahead])
    assert len(icem.init(later(problem), SETTINGS, plan).extra) == 4, "no more of them than are kept"


def test_elites_do_not_survive_a_reset() -> None:
    problem, plan = solved()
    before = [batch.copy() for batch in rounds_of(problem)]
    icem.plan(later(problem), SETTINGS, plan, rng(1))
    rounds_of(problem).clear()
    icem.plan(problem, SETTINGS, None, rng())
    for one, other in zip(before, rounds_of(problem), strict=True):
        np.testing.assert_array_equal(one, other)


def test_elites_for_wider_bounds_and_another_horizon_are_made_to_fit() -> None:
    problem, plan = solved()
    narrow = replace(later(problem), horizon=14, high=np.full(2, 0.05))
    answer = icem.plan(narrow, SETTINGS, plan, rng(1))
    assert rounds_of(problem)[0].shape == (60, 14, 2)
    assert np.concatenate(rounds_of(problem)).max() <= 0.05
    assert answer.actions.shape == (14, 2)


def test_the_search_starts_wide_again_at_every_tick() -> None:
    wide = replace(SETTINGS, candidates=64, elites=4, iterations=5, decay=1.0, std=0.1, colour=0.0)
    problem, plan = solved(wide)
    stds = [batch[5:].std(axis=0).mean() for batch in rounds_of(problem)]
    assert stds[-1] < 0.6 * stds[0]
    icem.plan(later(problem), wide, plan, rng(1))
    first = rounds_of(problem)[0]
    assert np.median(np.abs(first[5:] - first[0])) == pytest.approx(0.2 * 0.6745, rel=0.1)


def test_momentum_keeps_a_share_of_the_old_mean() -> None:
    plain, slow = reach_problem(), reach_problem()
    two = replace(SETTINGS, iterations=2)
    icem.plan(plain, two, None, rng())
    icem.plan(slow, replace(two, momentum=0.25), None, rng())
    np.testing.assert_allclose(rounds_of(slow)[1][0], 0.75 * rounds_of(plain)[1][0])


def test_nothing_finite_keeps_the_elites_of_the_plan_that_is_kept() -> None:
    problem, plan = solved()
    blind = replace(later(problem), cost=lambda states, actions: np.full(len(actions), np.nan))
    kept = icem.plan(blind, SETTINGS, plan, rng(1))
    assert kept.memory is plan.memory


def test_beats_the_plain_method_with_as_many_evaluations() -> None:
    costs: dict[str, list[float]] = {"icem": [], "cem": []}
    for seed in range(8):
        problem = reach_problem()
        answer = icem.plan(problem, IcemSettings(candidates=64), None, rng(seed))
        plain = cem.plan(problem, cem.CemSettings(candidates=answer.evaluations // 3, hold=1), None, rng(seed))
        costs["icem"].append(answer.cost)
        costs["cem"].append(plain.cost)
    assert np.mean(costs["icem"]) < np.mean(costs["cem"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"elites": 0},
        {"elites": 65},
        {"iterations": 0},
        {"decay": 0.9},
        {"keep": 1.0},
        {"keep": -0.1},
        {"colour": -1.0},
        {"colour": float("nan")},
        {"hold": 0},
        {"floor": 0.0},
        {"std": float("nan")},
        {"momentum": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        IcemSettings(**wrong)
