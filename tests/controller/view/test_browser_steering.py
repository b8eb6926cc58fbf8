"""A robot that is steered from its page in a real browser: by keys, by the stick, by a gamepad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controller.view.pages import CHROMIUM, WIDTH, Watched, last, opened, running, until

pytest.importorskip("viser")
pytest.importorskip("playwright.sync_api")
missing = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
pytestmark = [pytest.mark.alone, pytest.mark.browser, missing]

RUN = ("run", "--fast", "--seconds", "4000", "--no-video", "--view", "--course", "velocity", "--steer", "page")
PAD = "window.pad = null; navigator.getGamepads = () => [null, window.pad];"
"""A gamepad that is not there yet."""


def told(run: Watched, since: float, wanted: Callable[[list[float]], bool]) -> float:
    """Return when, after some time, a robot is told what is wanted [s]."""

    def found() -> list[float]:
        return [tick["time"] for tick in run.ticks() if tick["time"] > since and wanted(tick["wanted"])]

    return until(found)[0]


def stands(run: Watched) -> None:
    told(run, last(run)["time"] + 0.5, lambda wanted: wanted == [0.0, 0.0, 0.0])


def test_keys_stick_and_gamepad_steer(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "run", *RUN) as run:
        page = opened(browser, run, PAD)
        page.mouse.click(WIDTH / 2, 30)
        page.keyboard.down("w")
        page.keyboard.down("a")
        told(run, 0.0, lambda wanted: wanted[0] > 0.1 and wanted[2] > 0.5)
        page.keyboard.up("a")
        page.keyboard.up("w")
        stands(run)

        box = page.locator("#limber-stick").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 31, y - 31)  # as far as it goes, ahead and to the right
        told(run, last(run)["time"], lambda wanted: wanted[0] > 0.1 and wanted[2] < -0.5)
        page.mouse.up()
        stands(run)

        page.evaluate("() => { window.pad = {connected: true, axes: [0, -0.5, -1, 0]}; }")
        there = told(run, last(run)["time"], lambda wanted: wanted[0] > 0.1 and wanted[2] > 2.0)
        held = [tick["wanted"] for tick in run.ticks() if tick["time"] > there]
        assert all(wanted == pytest.approx([0.15, 0.0, 2.4]) for wanted in held)
        page.evaluate("() => { window.pad = {connected: true, axes: [0.05, 0.1, -0.1, 0]}; }")  # nobody touches it
        stands(run)
        page.evaluate("() => { window.pad = {connected: true, axes: [0, -1, 0, 0]}; }")
        told(run, last(run)["time"], lambda wanted: wanted[0] > 0.1)
        page.evaluate("() => { window.pad = null; }")  # pulled out
        stands(run)

        page.keyboard.down("w")
        told(run, last(run)["time"], lambda wanted: wanted[0] > 0.1)
        page.close()  # with a key held down
        stands(run)
        assert run.end() == 130
    assert (tmp_path / "run" / "commands.csv").is_file()
