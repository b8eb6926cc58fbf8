from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller import shipped
from controller.build import build, load_model, planner
from controller.config import PLANNERS, RunSettings, run_settings
from controller.strict import ConfigError, Layer
from dynamics import checkpoint
from dynamics.checkpoint import CheckpointError
from hardware.clock import VirtualClock, WallClock
from sim.perturbations import LegLoss
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
        (untrained("mb", robot="cockroach"), "robot: expected roach, got cockroach"),
        (untrained("mb_de"), "recipe: expected mb, got mb_de"),
        (untrained("mb", period=0.02), "period: expected 0.05 s, the control period, got 0.02 s"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    settings: RunSettings, wrong: checkpoint.Checkpoint, message: str
) -> None:
    checkpoint.save(wrong, shipped.checkpoint("roach", "mb"))
    with pytest.raises(CheckpointError, match=message):
        load_model(settings, "mb")


@pytest.mark.parametrize("kind", sorted(PLANNERS))
def test_every_planner_can_be_built(settings: RunSettings, kind: str) -> None:
    chosen = run_settings([Layer("command line", {"planner": {"kind": kind}})])
    assert callable(planner(chosen.planner))


def test_a_closed_course_is_drawn_closed(settings: RunSettings) -> None:
    header = build(settings, load_model(settings, "mb"), fast=True).header
    assert header.path[0] == header.path[-1]
