from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.config import RunSettings
from controller.controller import Controller
from controller.courses.paths import COURSES, Progress
from controller.loop.plan_loop import LoopTick
from controller.loop.timing import Journal, LoopResult, LoopSettings
from controller.mission import Mission
from controller.rhythm import ControlSettings
from controller.settings import robots
from controller.stress.settings import Trial
from controller.stress.suite import check, stress_settings
from controller.stress.trial import DIGITS, figures, last_onset, measure, run_cost
from controller.tick import Observation, TickResult
from dynamics.checkpoint import CheckpointError
from dynamics.files import fingerprint
from hardware.guard.checks import Trip
from hardware.limits import Severity
from hardware.schedule import ActionSchedule
from sim.perturbations import parse
from tests.controller.loops import decided
from tests.controller.suites import LEG, SMALL, suite, write

ZIGZAG = COURSES["zigzag"]


def ticks(count: int = 240) -> list[LoopTick]:
    """A run that is 1 mm off its course, and after 4 s for a second 3 cm."""
    blank = decided(ActionSchedule(0.0, 0.05, np.zeros((1, 2)), 1.0))
    made = []
    for number in range(count):
        off = 0.001 if number < 80 else 0.03 if number < 100 else 0.005
        result = replace(
            blank,
            cost=0.1,
            progress=Progress(0.01 * number, off, off, 0.0),
            error_prior=0.3 if number else None,
            error_adapted=0.2,
        )
        seen = Observation(number / 20.0, np.zeros(1), None)
        made.append(LoopTick(number, number / 20.0, seen, result, None, 0.0, missed=False))
    return made


def ended(fault: Trip | None = None) -> LoopResult:
    journal = Journal(LoopSettings(20.0, 12.0))
    journal.fault = fault
    return journal.result()


def test_a_run_comes_down_to_its_figures() -> None:
    run = Mission.of(suite().run(Trial(LEG, "grbal", 0)), fast=True)
    found = figures(run, ticks(), ended())
    assert found["cost"] == pytest.approx(0.1)
    assert found["progress_m"] == pytest.approx(2.39)
    assert found["prediction_error"] == {"prior": pytest.approx(0.3), "adapted": pytest.approx(0.2)}
    assert (found["onset_s"], found["failed"], found["fell"]) == (4.0, None, False)
    assert found["recovery_s"] == pytest.approx(1.0, abs=0.06)
    assert found["perturbations"] == ["leg_loss:leg=left_middle@4"]
    assert len(found["distance_mm"]) == 240
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_fall_costs_more_than_any_run_however_late_it_comes() -> None:
    run = Mission.of(suite().run(Trial(LEG, "grbal", 0)), fast=True)
    fallen = figures(run, ticks(239), ended(Trip("tilt", Severity.HARD, "80 deg")))
    assert fallen["fell"]
    assert fallen["failed"]
    assert fallen["recovery_s"] is None
    assert fallen["cost"] > 30.0


@pytest.mark.parametrize("costs", [[], [0.1, math.nan], [math.inf]])
def test_a_cost_that_is_not_finite_loses(costs: list[float]) -> None:
    lost = run_cost(ZIGZAG.weights, np.array(costs), 0.1, failed=False)
    assert math.isfinite(lost)
    assert lost > run_cost(ZIGZAG.weights, np.array([3.0, 3.0]), 0.1, failed=False) == 3.0
    assert run_cost(ZIGZAG.weights, np.array([100.0]), 0.1, failed=True) == 100.0


@pytest.mark.parametrize("name", sorted(COURSES))
def test_a_failed_run_costs_a_larger_robot_as_much_as_a_small_one(name: str) -> None:
    plain = {robot: ControlSettings(rate_hz=robots.spec(robot).control_hz) for robot in robots.names()}
    own = [RunSettings(robot=robot, course=name, control=control) for robot, control in plain.items()]
    missions = [Mission.of(settings, fast=True) for settings in own]
    small, *larger = (figures(mission, [], ended())["cost"] for mission in missions)
    assert larger == pytest.approx([small] * len(larger))


def test_a_run_that_was_interrupted_is_no_result(
    untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stress_settings(write(tmp_path, SMALL + f"models: {untrained_models}\n"), [])

    def interrupted(controller: Controller, observation: Observation) -> TickResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(Controller, "tick", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(settings, check(settings), settings.trials()[0])


def test_the_last_onset_is_the_one_to_recover_from() -> None:
    assert last_onset([parse("friction:mu=0.3@2-4.5"), parse("friction:mu=0.3@7")]) == 7.0
    assert last_onset([parse("friction:mu=0.3")]) is None


def test_the_same_trial_comes_out_the_same(untrained_models: Path, tmp_path: Path) -> None:
    settings = stress_settings(write(tmp_path), [])
    models = check(settings)
    first, again, other = (
        measure(settings, models, Trial(settings.conditions[1], "grbal", seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first["distance_mm"] != other["distance_mm"]
    assert first["model"] == fingerprint(untrained_models / "roach-grbal.safetensors", DIGITS)


def test_the_oracle_takes_part(untrained_models: Path, tmp_path: Path) -> None:
    small = "seconds: 0.4\ncontrol: {horizon: 4}\n"
    text = (
        SMALL.replace("seconds: 1.0\n", small)
        .replace("[mb, grbal]", "[mb, oracle]")
        .replace("24, elites: 6", "8, elites: 4")
        .replace("@0.5", "@0.2")
    )
    settings = stress_settings(write(tmp_path, text), [])
    models = check(settings)
    oracle, plain = (measure(settings, models, Trial(settings.conditions[0], name, 0)) for name in ("oracle", "mb"))
    assert oracle["model"] == fingerprint(untrained_models / f"roach-{settings.adapter}.safetensors", DIGITS)
    assert oracle["distance_mm"] != plain["distance_mm"]


def test_a_worker_with_another_model_refuses(untrained_models: Path, tmp_path: Path) -> None:
    settings = stress_settings(write(tmp_path), [])
    with pytest.raises(
        CheckpointError, match="roach-mb.safetensors: expected the checkpoint that the suite began with"
    ):
        measure(settings, {"roach-mb.safetensors": "another"}, settings.trials()[0])
