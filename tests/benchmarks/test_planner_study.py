"""The machinery of the planner comparison, as far as it needs no peers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.peers.published import PublishedPlanner
from benchmarks.peers.scaling import Scaled
from benchmarks.peers.torch_model import TorchModel
from benchmarks.planner_study import anytime, drives
from benchmarks.planner_study.arenas import synthetic
from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.contenders import by_name
from benchmarks.planner_study.entrants import DEFAULT, RECIPES, entrants, newton_price
from benchmarks.planner_study.networks import swing
from benchmarks.planner_study.ranges import Choice, Range, Space, draw
from benchmarks.planner_study.stopwatch import Stopwatch
from benchmarks.planner_study.upright import UprightCost
from controller.jobs import study
from controller.jobs.study import Store
from planners.costs.residuals import expand
from planners.factory import PLANNERS
from planners.plan import Plan
from planners.problem import Problem

each_entrant = pytest.mark.parametrize("name", [contender.name for contender in entrants()])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def problem() -> Problem:
    arena = synthetic()
    return arena.problem(arena.start(rng()))


def count(cell: Cell) -> dict[str, Any]:
    return {"amount": cell.amount}


def test_every_planner_that_can_be_named_takes_part() -> None:
    assert {contender.name for contender in entrants()} == set(PLANNERS) == set(RECIPES)
    assert DEFAULT in PLANNERS


@each_entrant
@pytest.mark.parametrize("budget", [64, 312])
def test_no_planner_rolls_out_more_than_its_sequences(name: str, budget: int) -> None:
    arena, contender = synthetic(), by_name(entrants())[name]
    for seed in range(8):
        setting = {**contender.default, **(draw(contender.space, rng(seed)) if seed else {})}
        watch = Stopwatch(contender.start(arena, setting, budget, seed))
        plan = watch(problem(), None, rng())
        watch(replace(problem(), time=arena.step), plan, rng())
        polish = newton_price(arena) if name == "hybrid" else 0
        assert max(watch.evaluations) <= max(budget - polish, 0) + 8
        assert max(watch.evaluations) >= budget // 8 or name in {"rti", "hybrid"}


def test_peers_see_the_network_that_the_kernel_uses() -> None:
    arena = synthetic()
    state, actions = arena.start(rng()), rng(1).uniform(-1, 1, (5, arena.horizon, 8))
    ours = arena.kernel.rollout(state, actions)[0]
    theirs = TorchModel.of(*arena.network()).rollout(torch.from_numpy(state).float(), torch.from_numpy(actions).float())
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-5)


def test_a_lent_kernel_and_the_torch_network_give_peers_the_same_costs() -> None:
    shifted = replace(problem(), low=np.full(8, -0.5), high=np.full(8, 1.5))
    scaled = torch.from_numpy(rng(1).uniform(-1, 1, (5, 15, 8))).float()
    lent = Scaled(shifted, None).costs(scaled)
    np.testing.assert_allclose(Scaled(shifted, TorchModel.of(*synthetic().network())).costs(scaled), lent, rtol=1e-5)
    actions = 0.5 + scaled.double().numpy()
    np.testing.assert_allclose(lent, shifted.evaluate(actions)[0], rtol=1e-5)
    np.testing.assert_allclose(Scaled(shifted, None).plan(scaled[0], 1).actions, actions[0], atol=1e-6)


def test_the_published_planner_starts_with_the_action_being_executed() -> None:
    planner = PublishedPlanner(sequences=50, horizon=4)
    asked = replace(problem(), previous_action=np.linspace(-1, 1, 8))
    first = planner(asked, None, rng())
    np.testing.assert_array_equal(first.actions[0], np.linspace(-1, 1, 8))
    second = planner(replace(asked, time=asked.step), first, rng(1))
    np.testing.assert_array_equal(second.actions[0], first.actions[1])
    assert second.actions.shape == (4, 8)


def test_the_published_planner_takes_the_cheapest_sequence() -> None:
    asked = problem()
    plan = PublishedPlanner(sequences=50, horizon=4, executing_first=False)(asked, None, rng())
    candidates = rng().uniform(asked.low, asked.high, (50, 4, 8))
    costs, _ = asked.evaluate(candidates)
    np.testing.assert_array_equal(plan.actions, candidates[costs.argmin()])


def test_a_drive_depends_on_its_seed_alone() -> None:
    arena, cem = synthetic(), by_name(entrants())["cem"]
    first, second, other = (drives.drive(arena, cem, cem.default, 32, [seed], short=True).costs for seed in (3, 3, 4))
    assert first == second != other


def test_swinging_keeps_energy_up_to_the_step_and_torque_adds_to_it() -> None:
    state = np.array([0.0, 0.0, 0.0, np.pi, 0.0])
    np.testing.assert_allclose(swing(state, np.zeros(1)), state, atol=1e-12)
    pushed = swing(state, np.array([5.0]))
    assert pushed[4] == pytest.approx(0.05 * 3.0 * 2.0)
    assert pushed[3] == pytest.approx(np.pi + 0.05 * pushed[4])
    assert swing(np.array([0.0, 0.0, 0.0, 0.1, 0.0]), np.zeros(1))[4] > 0


def test_the_pendulums_cost_is_what_its_residuals_say() -> None:
    cost, states, actions = UprightCost((3, 4)), rng().standard_normal((2, 5, 5)), rng(1).standard_normal((2, 4, 1))
    np.testing.assert_allclose(expand(cost, states, actions).value.sum(axis=1), cost(states[None], actions)[0])


def test_a_draw_stays_in_its_ranges_and_comes_again_with_its_seed() -> None:
    space: Space = {
        "a": Range(0.01, 1.0, log=True),
        "b": Range(2, 4, whole=True),
        "c": Choice((True, False)),
        "d": Range(-1, 1),
    }
    drawn = [draw(space, rng(seed)) for seed in range(50)]
    assert all(0.01 <= one["a"] <= 1 and one["b"] in (2, 3, 4) and -1 <= one["d"] <= 1 for one in drawn)
    assert {one["b"] for one in drawn} == {2, 3, 4}
    assert drawn[0] == draw(space, rng(0)) != drawn[1]


def test_a_study_goes_on_where_it_was(tmp_path: Path) -> None:
    store, todo = Store(tmp_path), [Cell("equal", "crawler, leg lost", "mbrl CEM", amount) for amount in (1, 2, 3)]
    store.put(todo[0], {"amount": "kept"})
    done: list[Cell] = []
    study.run(todo, store, count, None, done.append)
    assert done == todo[1:]
    assert [result["amount"] for result in store.all(todo).values()] == ["kept", 2, 3]
    assert len({cell.slug for cell in todo}) == 3


def test_the_hybrid_takes_over_what_is_tuned_of_its_search() -> None:
    hybrid = by_name(entrants())["hybrid"]
    assert hybrid.tuned_with == "icem"
    tuned = {**hybrid.default, **draw(RECIPES["icem"].space, rng())}
    assert set(tuned) == set(hybrid.default)
    settings = RECIPES["hybrid"].fill(tuned, 312, synthetic())
    assert settings["search"]["std"] == tuned["std"]
    assert settings["polish"] == {"damping": hybrid.default["damping"]}


def test_an_interval_covers_the_mean_and_shrinks_to_a_point() -> None:
    values = rng().standard_normal(40)
    found = drives.interval(values)
    assert found.low < found.mean < found.high
    assert found.mean == pytest.approx(values.mean())
    assert drives.interval([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_less_time_is_measured_as_lateness_and_chunks() -> None:
    arena, icem = synthetic(), by_name(entrants())["icem"]
    rows = anytime.curve(arena, icem, icem.default, 64, seeds=1)["rows"]
    assert [row["share"] for row in rows] == list(anytime.SHARES)
    assert all(len(row["costs"]) == 1 and row["chunk_ms"]["p50"] > 0 for row in rows)
    assert rows[0]["budget_ms"] < rows[-1]["budget_ms"]


def test_a_stopwatch_changes_nothing() -> None:
    cem = by_name(entrants())["cem"]
    plans: list[Plan] = [
        planner(problem(), None, rng())
        for planner in (
            cem.start(synthetic(), cem.default, 32, 0),
            Stopwatch(cem.start(synthetic(), cem.default, 32, 0)),
        )
    ]
    np.testing.assert_array_equal(plans[0].actions, plans[1].actions)
