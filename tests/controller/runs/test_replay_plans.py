"""The controller of a logged run decides the same again; what cannot be the same is told apart."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.build import build, controller, load_model
from controller.cli import main
from controller.config import run_settings
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep, warm_up
from controller.loop.steered import SteeredPlanning
from controller.mission import Mission
from controller.runs import trace
from controller.runs.replay_plans import NotRerun, rerun
from controller.runs.trace import Noted
from controller.settings import assets
from controller.settings.layers import Layer
from dynamics import checkpoint
from planners import factory as planners
from planners.plan import Plan, PlanFunction
from planners.problem import Problem

pytest.importorskip("mcap", reason="the extra log is not installed")

from mcap.writer import Writer

from hardware.servo_log.reader import LogError, read_log

CUT = range(8, 11)
"""Ticks whose search is cut short, where a test asks for it."""


class Hurried:
    """Gives a planner, at some ticks, a deadline and a clock that let it have one round, or more smaller ones."""

    def __init__(self, searcher: PlanFunction, size: float) -> None:
        self.planner, self.hurry, self.size = searcher, False, size

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        if self.hurry:
            clock = map(float, itertools.count()).__next__
            problem = replace(problem, deadline=2.5 / self.size, clock=clock, size=self.size)
        return self.planner(problem, previous, rng)


def drive(
    kind: str,
    adapter: str,
    cut: bool = False,
    model: Path | None = None,
    feedback: float = 0.0,
    size: float = 1.0,
    course: str = "figure8",
) -> list[Noted]:
    """Run the crawler for a second as a deployment does; return the notes of its plan loop."""
    flags: dict[str, object] = {"robot": "roach", "adapter": adapter, "seconds": 1.0, "planner": {"kind": kind}}
    flags |= {"control": {"feedback": feedback}, "course": course}
    settings = run_settings([Layer("test", flags | ({} if model is None else {"checkpoint": str(model)}))])
    mission = Mission.of(settings, fast=True)
    loaded = load_model(mission, adapter)
    rig, witness = build(mission, loaded), trace.Witness(planners.make(settings.planner))
    search = Hurried(witness, size)
    brain = controller(mission, loaded, search=search)
    notes = [trace.of_run(settings, rig.header.versions)]

    def note(tick: LoopTick) -> None:
        notes.append(trace.of_tick(len(notes) - 1, tick, witness.chance))
        search.hurry = False
        planning.rehearse(tick.observation)
        search.hurry = cut and tick.tick + 1 in CUT

    planning = brain if rig.helm is None else SteeredPlanning(brain, rig.helm)
    warm_up(planning, rig.servo.spec, replace(rig.loop, warmup_ticks=3))
    with rig.servo:
        run_lockstep(planning, rig.servo, rig.clock, rig.loop, note)
    return notes


def write(path: Path, notes: list[Noted], robot: str = "roach") -> Path:
    """Write notes as the log process does."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="limber")
        writer.add_metadata("limber", {"robot": robot})
        schema = writer.register_schema("limber", "jsonschema", b"{}")
        channel = writer.register_channel("note", "json", schema)
        for number, what in enumerate(notes):
            writer.add_message(channel, number, json.dumps(what).encode(), number, number)
        writer.finish()  # type: ignore[no-untyped-call]
    return path


@pytest.mark.parametrize("kind, adapter", [("hybrid", "grbal"), ("icem", "grbal"), ("rti", "mb_de")])
def test_it_decides_the_same_to_the_last_bit(kind: str, adapter: str, tmp_path: Path) -> None:
    found = rerun(read_log(write(tmp_path / "a.mcap", drive(kind, adapter))))
    assert (found.ticks, found.actions.ticks, found.cut_short) == (20, 20, 0)
    assert (found.actions.largest, found.actions.first, found.errors.largest) == (0.0, None, 0.0)
    assert found.errors_logged == found.errors_rerun
    assert found.errors_logged[0] is not None
    assert (found.lost, found.remarks, found.differs) == (0, (), False)


def test_a_robot_that_was_told_is_told_again(tmp_path: Path) -> None:
    (tmp_path / "told.csv").write_text("0.1,0.2,0,1\n0.6,0.1,0,-1\n")
    notes = drive("cem", "grbal", course=f"velocity:{tmp_path / 'told.csv'}")
    found = rerun(read_log(write(tmp_path / "a.mcap", notes)))
    assert (found.ticks, found.actions.largest, found.errors.largest, found.differs) == (20, 0.0, 0.0, False)
    told = json.loads(json.dumps(notes))
    for note in told[1:]:
        note["search"]["wanted"] = [0.0, 0.0, 0.0]
    assert rerun(read_log(write(tmp_path / "b.mcap", told))).actions.differing > 5


def test_what_the_servo_followed_is_expected_again(tmp_path: Path) -> None:
    notes = drive("hybrid", "grbal", feedback=0.5)
    found = rerun(read_log(write(tmp_path / "a.mcap", notes)))
    assert (found.actions.largest, found.errors.largest, found.differs) == (0.0, 0.0, False)
    told = json.loads(json.dumps(notes))
    for note in told[1:]:
        note["search"]["plan"]["gains"] = None
    assert rerun(read_log(write(tmp_path / "b.mcap", told))).actions.differing > 5


def test_a_search_that_its_deadline_cut_short_is_cut_short_at_the_same_place(tmp_path: Path) -> None:
    notes = drive("icem", "grbal", cut=True)
    path = write(tmp_path / "a.mcap", notes)
    found = rerun(read_log(path))
    assert (found.cut_short, found.actions.ticks, found.actions.largest) == (len(CUT), 20, 0.0)
    told = json.loads(json.dumps(notes))
    for note in told[1:]:
        note["search"]["deadline"] = None
    without = rerun(read_log(write(tmp_path / "b.mcap", told)))
    assert 0 < without.actions.differing <= len(CUT)
    assert without.differs


def test_a_search_that_was_made_smaller_is_as_small_again(tmp_path: Path) -> None:
    notes = drive("icem", "grbal", cut=True, size=0.25)
    assert rerun(read_log(write(tmp_path / "a.mcap", notes))).actions.largest == 0.0
    told = json.loads(json.dumps(notes))
    for note in told[1:]:
        del note["search"]["size"]
    assert 0 < rerun(read_log(write(tmp_path / "b.mcap", told))).actions.differing <= len(CUT)


def test_another_model_shows(tmp_path: Path) -> None:
    model = checkpoint.load(assets.checkpoint("roach", "mb"))
    checkpoint.save(model, tmp_path / "mine.safetensors")
    path = write(tmp_path / "a.mcap", drive("icem", "mb", model=tmp_path / "mine.safetensors"))
    prior = tuple(1.05 * weight for weight in model.model.prior)
    checkpoint.save(replace(model, model=replace(model.model, prior=prior)), tmp_path / "mine.safetensors")
    with pytest.raises(NotRerun, match=r"expected the file of its model, .* got '.*mine.safetensors'"):
        rerun(read_log(path))
    found = rerun(read_log(path), tmp_path / "mine.safetensors")
    assert found.remarks == ("mine.safetensors is another model than then",)
    assert found.actions.differing > 10
    assert found.actions.first is not None
    assert found.errors.differing > 10
    assert found.differs


def test_a_tick_that_the_log_lacks_makes_the_rest_loose(tmp_path: Path) -> None:
    notes = drive("icem", "grbal")
    found = rerun(read_log(write(tmp_path / "a.mcap", [*notes[:6], *notes[7:]])))
    assert (found.lost, found.actions.ticks, found.loose.ticks) == (1, 5, 14)
    assert found.actions.largest == 0.0


def _old(notes: list[Noted]) -> list[Noted]:
    return [{"tick": 0, "status": "ok"}]


def _unknown(notes: list[Noted]) -> list[Noted]:
    return [json.loads(json.dumps(notes[0]).replace('"icem"', '"icen"')), *notes[1:]]


def _informed(notes: list[Noted]) -> list[Noted]:
    return [json.loads(json.dumps(notes[0]).replace('"mb"', '"informed"')), *notes[1:]]


def _gone(notes: list[Noted]) -> list[Noted]:
    assets.checkpoint("roach", "mb").unlink()
    return notes


@pytest.mark.usefixtures("untrained_models")
@pytest.mark.parametrize(
    "spoil, robot, message",
    [
        (_old, "roach", "does not hold what its ticks began from"),
        (_unknown, "roach", "settings in the log: planner.kind: unknown kind 'icen'.* did you mean 'icem'?"),
        (_informed, "roach", "got informed, which knows the simulated robot"),
        (_gone, "roach", "roach-mb.safetensors: no such checkpoint"),
        (lambda notes: notes, "go2", "expected robot go2, whose log it is, got roach"),
    ],
)
def test_what_cannot_be_run_again_says_why(
    spoil: Callable[[list[Noted]], list[Noted]], robot: str, message: str, tmp_path: Path
) -> None:
    log = read_log(write(tmp_path / "a.mcap", spoil(drive("icem", "mb")), robot))
    with pytest.raises(NotRerun, match=message):
        rerun(log)


def test_a_damaged_tick_is_an_error(tmp_path: Path) -> None:
    notes = json.loads(json.dumps(drive("icem", "mb")))
    notes[3]["search"]["plan"]["actions"][1] = [7, 7]
    with pytest.raises(
        LogError, match="log: note at .*: not as this version of Limber writes it: ValueError: cannot reshape"
    ):
        rerun(read_log(write(tmp_path / "a.mcap", notes)))


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = drive("icem", "grbal", cut=True)
    path = write(tmp_path / "a.mcap", notes)
    assert main(["replay", str(path)]) == 0
    said = capsys.readouterr().out
    assert "controller: 0 of 20 ticks differ; first actions by at most 0 of their range" in said
    assert "controller: 3 of them had been cut short by their deadline, and were again" in said
    assert "0 ticks differ, by at most 0" in said
    with pytest.raises(NotRerun, match="does not hold what its ticks began from"):
        rerun(read_log(write(tmp_path / "old.mcap", [])))
    assert main(["replay", str(write(tmp_path / "a.mcap", [*notes[:6], *notes[7:]]))]) == 0
    assert "controller: the log lacks 1 ticks; behind the first, " in capsys.readouterr().out
    notes[4]["search"]["error_prior"] = 7.0  # type: ignore[index]
    assert main(["replay", str(write(tmp_path / "a.mcap", notes))]) == 1
    assert "1 ticks differ" in capsys.readouterr().out
