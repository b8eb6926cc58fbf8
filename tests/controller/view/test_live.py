from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.config import run_settings
from controller.runs import watched
from controller.runs.folder import Outcome
from controller.runs.simulated import execute
from controller.settings.layers import Layer
from controller.view.about import About, Address
from controller.view.frame import FRAMES, Frame
from controller.view.orders import Begin, End, Order, Pace, Pages, Remark, Reset, Step, Switch
from tests.golden.cases import TICK

Script = Mapping[int, Sequence[Order]]


class Clicks:
    """A page without a page: orders by the number of pictures that were shown before them."""

    def __init__(self, script: Script) -> None:
        self.script, self.frames = dict(script), list[Frame]()

    def __call__(self, about: About, address: Address) -> Clicks:
        self.about = about
        return self

    def __enter__(self) -> Clicks:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, frame: Frame) -> None:
        self.frames.append(FRAMES.validate_json(FRAMES.dump_json(frame)))

    def orders(self) -> Sequence[Order]:
        hurry = [Pace(None)] if len(self.frames) == 1 else []
        return [*hurry, *self.script.pop(len(self.frames), ())]


Watch = Callable[..., tuple[Outcome, Clicks]]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Drive a robot, usually in lock-step, while somebody clicks."""

    def run(script: Script, fast: bool = True, **values: object) -> tuple[Outcome, Clicks]:
        clicks = Clicks(script)
        monkeypatch.setattr(watched, "Window", clicks)
        settings = run_settings([Layer("test", {"seconds": 3.0, **values})])
        return watched.watched(settings, Address(), fast=fast, out=tmp_path / "live", video=False), clicks

    return run


def ticks(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("robot", ["roach", "go2"])
def test_what_was_clicked_repeats_bit_for_bit(watch: Watch, tmp_path: Path, robot: str) -> None:
    leg = {"roach": "left_middle", "go2": "front_left"}[robot]
    outcome, clicks = watch(
        {
            10: [Begin(f"leg_loss:leg={leg}")],
            15: [Begin("payload:mass=0.008,x=0.02"), Begin("terrain:kind=turf")],
            20: [Switch("adapter", "grbal"), Begin("push:x=0.005")],
            25: [End(None)],
            30: [Switch("course", "zigzag"), Begin("slope:deg=4"), Begin("noise:scale=3"), Begin("delay:ms=20")],
            40: [Switch("adapter", "mb"), Pace(0.0)],
            41: [Step()],
            43: [Pace(None)],
        },
        robot=robot,
    )
    text = (outcome.folder / "settings.yaml").read_text()
    again = run_settings([], outcome.folder / "settings.yaml")
    execute(again, fast=True, out=tmp_path / "again", video=False)
    live, repeated = ticks(outcome.folder), ticks(tmp_path / "again")
    assert "slope:deg=4@" in text
    assert "course=zigzag@" in text
    assert live[0] == repeated[0]
    assert len(live) == len(repeated)
    for before, after in zip(live[1:], repeated[1:], strict=True):
        assert {key: before[key] for key in (*TICK, "notes", "path")} == {
            key: after[key] for key in (*TICK, "notes", "path")
        }
    assert [note for tick in live[1:] for note in tick["notes"]] == ["adapter grbal", "course zigzag", "adapter mb"]
    assert {frame.adapter for frame in clicks.frames} == {"snail", "grbal", "mb"}


def test_a_leg_heals_and_what_never_began_is_forgotten(watch: Watch) -> None:
    outcome, clicks = watch(
        {10: [Begin("leg_loss:leg=left_middle")], 20: [End("leg_loss:leg=left_middle@0.5"), Begin("slope:deg=4")]}
        | {21: [Begin("gravity:z=-3"), End("gravity:z=-3@1.05")]}
    )
    settings = run_settings([], outcome.folder / "settings.yaml")
    assert [str(each) for each in settings.perturbations] == ["leg_loss:leg=left_middle@0.5-1", "slope:deg=4@1"]
    assert clicks.frames[15].perturbations == ("leg_loss:leg=left_middle@0.5",)
    assert clicks.frames[-1].perturbations == ("slope:deg=4@1",)


def test_what_cannot_be_is_said_and_not_done(watch: Watch) -> None:
    outcome, clicks = watch(
        {5: [Begin("leg_loss:leg=left_midle")], 8: [Switch("adapter", "nobody")], 60: [Begin("slope:deg=4")]}
    )
    said = [frame.notice for frame in clicks.frames if frame.notice]
    assert "did you mean 'left_middle'" in said[0]
    assert "unknown adapter 'nobody'" in said[1]
    assert not run_settings([], outcome.folder / "settings.yaml").perturbations


def test_begin_again_leaves_the_last_run_alone(watch: Watch) -> None:
    outcome, _ = watch({5: [Pages(1), Begin("slope:deg=4")], 12: [Reset(7)], 20: [Remark("nice"), Pages(0)]})
    settings = run_settings([], outcome.folder / "settings.yaml")
    assert (settings.seed, settings.perturbations) == (7, ())
    notes = [note for tick in ticks(outcome.folder)[1:] for note in tick["notes"]]
    assert notes == ["nice"]


@pytest.mark.alone
def test_what_stands_still_may_begin_again_in_real_time(watch: Watch) -> None:
    outcome, _ = watch({5: [Pages(1), Pace(0.0)], 6: [Reset(7)], 12: [Pages(0)]}, fast=False, seconds=1.0)
    assert run_settings([], outcome.folder / "settings.yaml").seed == 7


def test_the_page_may_begin_again_after_the_end(watch: Watch) -> None:
    outcome, clicks = watch({5: [Pages(1)], 61: [Reset(3)], 100: [Pages(0)]})
    assert [frame.over for frame in clicks.frames if frame.over] == ["time is up", "time is up"]
    assert run_settings([], outcome.folder / "settings.yaml").seed == 3


def test_a_page_is_told_what_there_is(watch: Watch) -> None:
    _, clicks = watch({})
    assert {"snail", "grbal", "mb", "informed"} <= set(clicks.about.adapters)
    assert "zigzag" in clicks.about.courses
    assert len(clicks.frames[30].fan) > 1
    assert [len(clicks.frames[30].record.plan), len(clicks.frames[30].fan[0])] == [13, 13]
