from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from controller.build import Rig, build, controller, load_model
from controller.config import RunSettings, run_settings
from controller.courses.goals import GOALS
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import assets
from controller.settings.layers import Layer
from controller.tick import Observation, TickResult
from dynamics import checkpoint
from dynamics.checkpoint import CheckpointError
from dynamics.transitions import FloatArray
from hardware.clock import VirtualClock, WallClock
from planners.factory import PLANNERS
from planners.plan import Plan
from planners.problem import Problem
from planners.shooting import ShootingSettings
from planners.shooting import plan as shoot
from sim.perturbations import LegLoss, parse
from tests.controller.conftest import ADAPTERS, untrained


@pytest.fixture
def settings(untrained_models: Path) -> RunSettings:
    return run_settings([])


def wired(settings: RunSettings, recipe: str) -> Rig:
    """Return a run in lock-step with a recipe."""
    mission = Mission.of(settings, fast=True)
    return build(mission, load_model(mission, recipe))


@pytest.mark.parametrize("recipe", sorted(ADAPTERS))
def test_every_recipe_can_be_wired_up(settings: RunSettings, recipe: str) -> None:
    rig = wired(settings, recipe)
    assert rig.header.adapter == recipe
    assert rig.robot.spec.name == "roach"
    assert rig.loop.ticks == round(settings.seconds * settings.control.rate_hz)


@pytest.mark.parametrize("goal", sorted(GOALS))
@pytest.mark.parametrize("recipe", sorted(ADAPTERS))
def test_every_recipe_can_pursue_every_goal(settings: RunSettings, recipe: str, goal: str) -> None:
    hidden = replace(settings, course=goal, seconds=0.2)
    rig = wired(hidden, recipe)
    costs: list[float] = []
    rig.drive(lambda tick: costs.append(tick.result.cost))
    assert rig.header.course == goal
    assert str(rig.header.goal).startswith(f"{goal}:")
    assert len(costs) == 4
    assert np.isfinite(costs).all()


def predictions(settings: RunSettings, recipe: str, side: int | str) -> list[FloatArray]:
    """Return what a controller predicts for its plan, tick by tick, while it should turn to a side."""
    hidden = replace(settings, course=f"hidden_turn:side={side}", seconds=1.0)
    rig = wired(hidden, recipe)
    seen: list[FloatArray] = []
    rig.drive(lambda tick: seen.append(tick.result.plan.states[1:]))
    return seen


@pytest.mark.parametrize(
    "recipe,at_once,later", [("mb", False, False), ("grbal", False, True), ("informed", True, True)]
)
def test_only_rewards_tell_who_is_not_informed(settings: RunSettings, recipe: str, at_once: bool, later: bool) -> None:
    pairs = zip(predictions(settings, recipe, -1), predictions(settings, recipe, 1), strict=True)
    differ = [not np.array_equal(left, right) for left, right in pairs]
    assert differ[0] == at_once
    assert any(differ) == later


def test_an_informed_model_is_told_that_the_goal_changes(settings: RunSettings) -> None:
    same = predictions(settings, "informed", 1)
    changing = predictions(settings, "informed", "1,later=-1,at=0.5")
    assert [np.array_equal(*pair) for pair in zip(same, changing, strict=True)][:11] == [True] * 10 + [False]


def test_lock_step_has_a_virtual_clock_and_real_time_the_walls(settings: RunSettings) -> None:
    model = load_model(Mission.of(settings, fast=True), "mb")
    assert isinstance(build(Mission.of(settings, fast=True), model).clock, VirtualClock)
    assert isinstance(build(Mission.of(settings, fast=False), model).clock, WallClock)


@pytest.mark.parametrize("fast", [False, True])
def test_in_real_time_searches_are_fitted_to_the_budget(settings: RunSettings, fast: bool) -> None:
    mission, asked = Mission.of(settings, fast=fast), list[Problem]()

    def planner(problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        asked.append(problem)
        time.sleep(0.8 * settings.control.budget * mission.loop.period * (0.5 + 2.0 * problem.size))
        return replace(shoot(problem, ShootingSettings(), previous, rng), size=problem.size)

    brain = controller(mission, load_model(mission, "mb"), search=planner)
    begun = time.perf_counter()
    for tick in range(3):
        brain.tick(Observation(tick * mission.loop.period, np.zeros(len(mission.spec.channels)), None))
    sizes = [problem.size for problem in asked]
    assert sizes[0] == 1.0
    if fast:
        assert sizes == [1.0] * 3
        assert asked[2].deadline is None
    else:
        assert sizes[2] < 0.6
        assert asked[0].deadline is not None
        assert 0 <= asked[0].deadline - begun - settings.control.latest * mission.loop.period < 0.1


def test_the_robot_gets_its_perturbations(settings: RunSettings) -> None:
    hurt = replace(settings, perturbations=(LegLoss(("left_middle",)),))
    model = load_model(Mission.of(settings, fast=True), "mb")
    intact, wounded = (build(Mission.of(s, fast=True), model).robot.true_condition() for s in (settings, hurt))
    assert not np.array_equal(intact, wounded)


@pytest.mark.parametrize(
    "wrong,message",
    [
        (untrained("mb", robot="go2"), "channels: expected .*emf_right.*, got .*, of robot go2"),
        (untrained("mb_de"), "recipe: expected mb, got mb_de"),
        (untrained("mb", period=0.02), "period: expected 0.05 s, the control period, got 0.02 s"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    settings: RunSettings, wrong: checkpoint.Checkpoint, message: str
) -> None:
    checkpoint.save(wrong, assets.checkpoint("roach", "mb"))
    with pytest.raises(CheckpointError, match=message):
        load_model(Mission.of(settings, fast=True), "mb")


@pytest.mark.parametrize("kind", sorted(PLANNERS))
def test_every_planner_drives_the_robot(settings: RunSettings, kind: str) -> None:
    chosen = run_settings([Layer("command line", {"planner": {"kind": kind}, "seconds": 0.3})])
    rig = wired(chosen, "mb")
    results: list[TickResult] = []
    rig.drive(lambda tick: results.append(tick.result))
    assert [result.status for result in results] == ["ok"] * 6
    assert rig.header.planner == kind


def test_with_the_oracle_the_loop_goes_where_it_was_foreseen(settings: RunSettings) -> None:
    hurt = tuple(parse(text) for text in ("noise:scale=0", "leg_loss:leg=left_middle", "delay:ms=25"))
    quick = ShootingSettings(candidates=2, rounds=1)
    knowing = replace(settings, model="oracle", planner=quick, perturbations=hurt, seconds=0.6)
    rig = wired(knowing, "mb")
    ticks: list[LoopTick] = []
    rig.drive(ticks.append)
    for now, then in pairwise(ticks[1:]):  # before there is a command in the delay line the battery's rhythm differs
        np.testing.assert_allclose(now.result.plan.states[0], then.observation.state, atol=1e-9)
    assert ticks[-1].result.progress.s > 0.02


def test_states_are_estimated_where_that_is_asked_for() -> None:
    on_legs = run_settings([Layer("test", {"robot": "go2", "adapter": "mb", "state": "estimated", "seconds": 0.2})])
    rig = build(Mission.of(on_legs, fast=True), untrained("mb", robot="go2", period=0.04))
    with rig.servo as servo:
        servo.arm()
        told, true = servo.observe(), rig.robot.true_state()
    assert told.position.tolist() != true.position.tolist()
    assert told.position[2] == pytest.approx(true.position[2], abs=0.05)
