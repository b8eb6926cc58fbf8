"""The diagnosis of a run: beside its log, in its summary, and once more from what the log holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from controller.build import build, load_model
from controller.config import run_settings
from controller.diagnosis.observer import Diagnosis, Observer
from controller.loop.advance import GivenUp
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.runs.simulated import execute
from controller.settings import assets, robots
from controller.settings.layers import ConfigError, Layer
from controller.telemetry.run_log import Log
from controller.telemetry.watch import Watch, again, diagnosed, seconds_to_right
from dynamics.diagnosis import reader as readers
from tests.controller.diagnosis.test_observer import SPEC, reader
from tests.controller.logs import make_log

DEAD = "dead_motor:left"


def told(log: Log, right_from: float, simulated: bool = True) -> Log:
    """Return a log whose diagnosis is right before its onset at 2 s, and again from a time on [s]."""
    lost = Diagnosis({"leg_loss:left_middle": 0.9, "none": 0.1})
    records = tuple(
        replace(record, diagnosis=lost if record.time >= right_from else Diagnosis({"none": 1.0}), qpos=(0.0,))
        for record in log.records
    )
    return Log(log.header if simulated else replace(log.header, terrain="lo, domain 1"), records)


def test_a_run_says_how_soon_and_how_often_it_was_right() -> None:
    found = diagnosed(told(make_log(), right_from=2.5))
    assert found is not None
    assert found["words"] == "left-middle leg lost"
    assert found["seconds_to_right"] == pytest.approx(0.5)
    assert found["right_share"] == pytest.approx(35 / 40)


def test_an_answer_that_never_came_has_no_time() -> None:
    assert seconds_to_right(told(make_log(), right_from=9.0)) is None


def test_a_real_robot_knows_no_truth() -> None:
    found = diagnosed(told(make_log(), right_from=2.5, simulated=False))
    assert found is not None
    assert "right_share" not in found


def test_a_run_without_a_diagnosis_has_none() -> None:
    assert diagnosed(make_log()) is None


def test_a_watched_run_leaves_its_diagnosis_and_it_comes_out_again_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "roach.safetensors"
    readers.save(reader(), file)
    monkeypatch.setattr(assets, "diagnosis", lambda model: file)
    own = {"robot": "roach", "adapter": "mb", "seconds": 1.0, "perturbations": ["leg_loss:leg=left_front@0.5"]}
    settings = run_settings([Layer("test", own)])
    outcome = execute(settings, fast=True, out=tmp_path / "run", video=False)
    log = Log.read(outcome.folder / "log.jsonl")
    assert outcome.summary["diagnosis"] is not None
    assert (outcome.folder / "diagnosis.png").is_file()
    assert len(log.records[-1].signs) > 0
    logged = [record.diagnosis for record in log.records]
    for then, now in zip(logged, again(log, Observer(SPEC, readers.load(file))), strict=True):
        assert now.causes == pytest.approx(dict(then.causes), abs=1e-6)
        assert now.amounts.keys() == then.amounts.keys()


def test_a_robot_without_a_trained_diagnosis_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "diagnosis", lambda model: tmp_path / "none.safetensors")
    assert Watch.over(run_settings([Layer("test", {"robot": "roach"})])) is None


def test_a_diagnosis_lies_in_a_folder_of_its_own() -> None:
    file = assets.diagnosis(robots.checkpoint("roach", assets.DIAGNOSIS))
    assert file.parts[-3:] == ("models", "diagnosis", "roach.safetensors")


class Believing(Watch):
    """Believes what it is told to, tick by tick."""

    def __init__(self, beliefs: list[Diagnosis], stop_on: list[str]) -> None:
        super().__init__(SPEC, reader())
        self._beliefs, self._stop_on = iter(beliefs), frozenset(stop_on)

    def _look(self, tick: LoopTick) -> tuple[Diagnosis, tuple[float, ...]]:
        return next(self._beliefs), ()


def stopped(beliefs: list[Diagnosis], stop_on: list[str]) -> tuple[int, str] | None:
    """Return after how many ticks a run is given up, and why."""
    watch, log = Believing(beliefs, stop_on), cast(LoopTick, None)
    for tick in range(len(beliefs)):
        try:
            watch.judge(log)
        except GivenUp as given_up:
            return tick + 1, f"{given_up.check}: {given_up}"
    return None


def test_a_robot_is_stopped_once_it_has_been_a_fact_for_three_ticks() -> None:
    sure, doubtful = Diagnosis({DEAD: 0.9, "none": 0.1}), Diagnosis({DEAD: 0.6, "none": 0.4})
    found = stopped([doubtful, doubtful, sure, sure, doubtful, sure, sure, sure, sure], [DEAD])
    told = f"diagnosis: left motor dead (90 %), and {SPEC.name} is not to walk on with that (control.stop_on)"
    assert found == (8, told)


def test_only_what_is_listed_stops_a_robot() -> None:
    assert stopped([Diagnosis({DEAD: 1.0})] * 9, []) is None
    assert stopped([Diagnosis({"none": 1.0})] * 9, [DEAD]) is None
    assert stopped([Diagnosis({})] * 9, [DEAD]) is None, "nothing is believed yet"


def weak(likely: float, gain: float, deviation: float = 0.1) -> Diagnosis:
    """Believe in a motor that gives some of its torque, else in a dead one."""
    return Diagnosis({"motor:left": likely, DEAD: 1.0 - likely}, {"motor.gain": (gain, deviation)})


def test_a_motor_that_may_as_well_give_nothing_counts_as_dead() -> None:
    found = stopped([weak(0.95, 0.4), weak(0.9, 0.2), weak(0.6, 0.2), weak(0.5, 0.1), weak(0.4, 0.1)], [DEAD])
    assert found is not None
    assert found[0] == 4
    assert stopped([weak(1.0, 0.3)] * 9, [DEAD]) is None, "a weak one walks on"
    assert stopped([weak(1.0, 0.2, deviation=0.05)] * 9, [DEAD]) is None, (
        "so does a very weak one that is sure to give some"
    )
    assert stopped([weak(1.0, 0.1)] * 9, ["motor:left"]) is not None, "who stops on a weak one stops on this"
    assert stopped([Diagnosis({"motor": 1.0}, {"motor.gain": (0.1, 0.1)})] * 9, [DEAD]) is None, "which one?"


def test_a_cause_that_no_diagnosis_knows_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"control.stop_on: expected one of .*did you mean '.*:left'\?, got dead_mtor:left"
    ):
        Watch(SPEC, reader(), ["dead_mtor:left"])


def test_without_a_diagnosis_it_is_said_that_nothing_stops_the_robot(caplog: pytest.LogCaptureFixture) -> None:
    settings = run_settings([Layer("test", {"robot": "go2", "control": {"stop_on": ["dead_motor:front_left_hip"]}})])
    assert Watch.over(settings) is None
    assert "there is no diagnosis of robot go2" in caplog.text
    caplog.clear()
    assert Watch.over(run_settings([Layer("test", {"robot": "go2"})])) is None
    assert not caplog.text


def test_a_walker_whose_front_hip_dies_is_stopped_before_it_falls() -> None:
    values = {
        "robot": "go2-walker",
        "adapter": "mb",
        "seconds": 8.0,
        "perturbations": ["dead_motor:name=front_left_hip@3"],
    }
    mission = Mission.of(run_settings([Layer("test", values)]), fast=True)
    ticks: list[LoopTick] = []
    loop = build(mission, load_model(mission, "mb")).drive(ticks.append)
    assert loop.fault is not None
    assert loop.fault.check == "diagnosis"
    assert "front-left hip motor dead" in str(loop.fault)
    assert not loop.fell
    assert 3.3 < ticks[-1].time < 4.5
