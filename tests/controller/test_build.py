from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.courses.goals import GOALS
from controller.courses.paths import START
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep
from controller.settings import assets
from controller.settings.layers import ConfigError, Layer
from controller.tick import TickResult
from dynamics import checkpoint
from dynamics.checkpoint import CheckpointError
from dynamics.transitions import FloatArray
from hardware.clock import VirtualClock, WallClock
from planners.factory import PLANNERS
from planners.icem import IcemSettings
from planners.rti import RtiSettings
from planners.shooting import ShootingSettings
from sim.perturbations import LegLoss, parse
from tests.controller.conftest import ADAPTERS, untrained


@pytest.fixture
def settings(untrained_models: Path) -> RunSettings:
    return run_settings([])


@pytest.mark.parametrize("recipe", sorted(ADAPTERS))
def test_every_recipe_can_be_wired_up(settings: RunSettings, recipe: str) -> None:
    rig = build(settings, load_model(settings, recipe), fast=True)
    assert rig.header.adapter == recipe
    assert rig.robot.spec.name == "roach"
    assert rig.loop.ticks == round(settings.seconds * settings.control.rate_hz)


@pytest.mark.parametrize("goal", sorted(GOALS))
@pytest.mark.parametrize("recipe", sorted(ADAPTERS))
def test_every_recipe_can_pursue_every_goal(settings: RunSettings, recipe: str, goal: str) -> None:
    hidden = replace(settings, course=goal, seconds=0.2)
    rig = build(hidden, load_model(hidden, recipe), fast=True)
    costs: list[float] = []
    run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, lambda tick: costs.append(tick.result.cost))
    assert rig.header.course == goal
    assert str(rig.header.goal).startswith(f"{goal}:")
    assert len(costs) == 4
    assert np.isfinite(costs).all()


def test_action_changes_cost_as_shares_of_their_ranges(settings: RunSettings) -> None:
    priced = replace(settings, control=replace(settings.control, change=2.0))
    rig = build(priced, load_model(priced, "mb"), fast=True)
    width = np.array([action.high - action.low for action in rig.robot.spec.actions])
    jump = np.stack([np.zeros_like(width), width])[None]
    still = np.zeros((1, 1, 3, 3))
    free, dear = (build(s, load_model(s, "mb"), fast=True).controller._course for s in (settings, priced))
    costs = [task.cost(START, 0.05, (0, 1, 2), jump[0, 0])(still, jump)[0, 0] for task in (free, dear)]
    assert costs[1] - costs[0] == pytest.approx(2.0 * len(width))


def test_a_reward_is_all_there_is_to_a_hidden_goal(settings: RunSettings) -> None:
    hidden = replace(settings, course="hidden_turn", control=replace(settings.control, change=2.0))
    with pytest.raises(ConfigError, match=r"control.change: expected 0 on hidden_turn, .*got 2.0"):
        build(hidden, load_model(hidden, "mb"), fast=True)


def predictions(settings: RunSettings, recipe: str, side: int) -> list[FloatArray]:
    """Return what a controller predicts for its plan, tick by tick, while it should turn to a side."""
    hidden = replace(settings, course=f"hidden_turn:side={side}", seconds=1.0)
    rig = build(hidden, load_model(hidden, recipe), fast=True)
    seen: list[FloatArray] = []
    run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, lambda tick: seen.append(tick.result.plan.states[1:]))
    return seen


@pytest.mark.parametrize(
    "recipe,at_once,later", [("mb", False, False), ("grbal", False, True), ("informed", True, True)]
)
def test_only_rewards_tell_who_is_not_informed(settings: RunSettings, recipe: str, at_once: bool, later: bool) -> None:
    pairs = zip(predictions(settings, recipe, -1), predictions(settings, recipe, 1), strict=True)
    differ = [not np.array_equal(left, right) for left, right in pairs]
    assert differ[0] == at_once
    assert any(differ) == later


def test_lock_step_has_a_virtual_clock_and_real_time_the_walls(settings: RunSettings) -> None:
    model = load_model(settings, "mb")
    assert isinstance(build(settings, model, fast=True).clock, VirtualClock)
    assert isinstance(build(settings, model, fast=False).clock, WallClock)


def test_the_robot_gets_its_perturbations(settings: RunSettings) -> None:
    hurt = replace(settings, perturbations=(LegLoss(("left_middle",)),))
    model = load_model(settings, "mb")
    intact, wounded = (build(s, model, fast=True).robot.true_condition() for s in (settings, hurt))
    assert not np.array_equal(intact, wounded)


def test_real_time_needs_a_tick_to_plan_in(settings: RunSettings) -> None:
    hasty = replace(settings, control=replace(settings.control, delay_ticks=0))
    model = load_model(settings, "mb")
    build(hasty, model, fast=True)
    with pytest.raises(ConfigError, match="control.delay_ticks"):
        build(hasty, model, fast=False)


def test_a_rate_that_the_servo_cannot_divide_is_refused(settings: RunSettings) -> None:
    odd = replace(settings, control=replace(settings.control, rate_hz=33.0))
    with pytest.raises(ConfigError, match="control.rate_hz"):
        build(odd, untrained("mb", period=1 / 33), fast=True)


@pytest.mark.parametrize(
    "wrong,message",
    [
        (untrained("mb", robot="go2"), "robot: expected roach, got go2"),
        (untrained("mb_de"), "recipe: expected mb, got mb_de"),
        (untrained("mb", period=0.02), "period: expected 0.05 s, the control period, got 0.02 s"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    settings: RunSettings, wrong: checkpoint.Checkpoint, message: str
) -> None:
    checkpoint.save(wrong, assets.checkpoint("roach", "mb"))
    with pytest.raises(CheckpointError, match=message):
        load_model(settings, "mb")


@pytest.mark.parametrize("kind", sorted(PLANNERS))
def test_every_planner_drives_the_robot(settings: RunSettings, kind: str) -> None:
    chosen = run_settings([Layer("command line", {"planner": {"kind": kind}, "seconds": 0.3})])
    rig = build(chosen, load_model(chosen, "mb"), fast=True)
    results: list[TickResult] = []
    run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, lambda tick: results.append(tick.result))
    assert [result.status for result in results] == ["ok"] * 6
    assert rig.header.planner == kind


def test_the_oracle_needs_lock_step_and_a_planner_without_derivatives(settings: RunSettings) -> None:
    model = load_model(settings, "mb")
    knowing = replace(settings, model="oracle", planner=IcemSettings())
    assert build(knowing, model, fast=True).header.model == "oracle"
    with pytest.raises(ConfigError, match="model: expected learned in real time, got oracle.*--fast"):
        build(knowing, model, fast=False)
    with pytest.raises(ConfigError, match=r"planner.kind: expected one that samples.*got rti"):
        build(replace(knowing, planner=RtiSettings()), model, fast=True)


def test_with_the_oracle_the_loop_goes_where_it_was_foreseen(settings: RunSettings) -> None:
    hurt = tuple(parse(text) for text in ("noise:scale=0", "leg_loss:leg=left_middle", "delay:ms=25"))
    quick = ShootingSettings(candidates=2, rounds=1)
    knowing = replace(settings, model="oracle", planner=quick, perturbations=hurt, seconds=0.6)
    rig = build(knowing, load_model(knowing, "mb"), fast=True)
    ticks: list[LoopTick[TickResult]] = []
    run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, ticks.append)
    for now, then in pairwise(ticks[1:]):  # before there is a command in the delay line the battery's rhythm differs
        np.testing.assert_allclose(now.result.plan.states[0], then.observation.state, atol=1e-9)
    assert ticks[-1].result.progress.s > 0.02


def test_a_closed_course_is_drawn_closed(settings: RunSettings) -> None:
    header = build(settings, load_model(settings, "mb"), fast=True).header
    assert header.path[0] == header.path[-1]


def test_states_are_estimated_where_that_is_asked_for_and_possible() -> None:
    on_legs = run_settings([Layer("test", {"robot": "go2", "adapter": "mb", "state": "estimated", "seconds": 0.2})])
    rig = build(on_legs, untrained("mb", robot="go2", period=0.04), fast=True)
    with rig.servo as servo:
        servo.arm()
        told, true = servo.observe(), rig.robot.true_state()
    assert told.position.tolist() != true.position.tolist()
    assert told.position[2] == pytest.approx(true.position[2], abs=0.05)
    crawling = run_settings([Layer("test", {"robot": "roach", "state": "estimated"})])
    with pytest.raises(ConfigError, match="state: expected measured for robot roach"):
        build(crawling, untrained("mb"), fast=True)
