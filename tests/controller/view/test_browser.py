"""A page in a real browser, which draws without a graphics card: short, and left out where there is none."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.controller.view.pages import CHROMIUM, chosen, clicked, last, opened, place, running, settled, until

pytest.importorskip("viser")
pytest.importorskip("playwright.sync_api")
missing = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
pytestmark = [pytest.mark.alone, pytest.mark.browser, missing]


RUN = ("run", "--fast", "--seconds", "4000", "--no-video", "--view")


def is_lost(tick: dict[str, Any]) -> bool:
    return any(text.startswith("leg_loss:leg=left_middle") for text in tick["perturbations"])


def test_a_leg_breaks_by_a_click_and_others_only_watch(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "run", *RUN) as run:
        page = opened(browser, run)
        page.get_by_role("button", name="Pause").click()
        settled(run)
        time.sleep(2.0)  # for the last picture
        acting = page.locator("input[value^='leg_loss:leg=left_middle']")
        for _ in range(5):  # a leg is as thin as a few pixels
            if acting.count() == 0:
                clicked(page, "left_middle/")
                time.sleep(3.0)
        page.get_by_role("button", name="Go on").click()
        page.locator("code", has_text="leg_loss:leg=left_middle").wait_for()
        broken = until(lambda: [t for t in run.ticks() if is_lost(t)])[0]["time"]

        second = opened(browser, run)
        second.get_by_text("Another page drives this run").wait_for()
        page.get_by_role("button", name="Pause").click()
        settled(run)
        time.sleep(2.0)
        for _ in range(5):
            if not any("a page that watches clicked" in line for line in run.said):
                clicked(second, "right_middle/")
                time.sleep(3.0)
        until(lambda: [line for line in run.said if "a page that watches clicked" in line])
        page.get_by_role("button", name="Go on").click()
        until(lambda: [t for t in run.ticks() if t["time"] > broken + 8.0])
        since = [t for t in run.ticks() if t["time"] > broken + 1.0 and t["error_prior"] is not None]
        assert np.mean([t["error_adapted"] for t in since]) < np.mean([t["error_prior"] for t in since])
        assert not any("right_middle" in text for t in since for text in t["perturbations"])

        page.close()
        second.get_by_role("button", name="Pause").wait_for()  # the one that watched drives now
        second.close()
        again = opened(browser, run)
        chosen(again, "snail", "mb")
        until(lambda: [t for t in run.ticks() if "adapter mb" in t["notes"]])
        chosen(again, "figure8", "zigzag")
        (moved,) = until(lambda: [t for t in run.ticks() if "course zigzag" in t["notes"]])
        until(lambda: last(run)["time"] > moved["time"] + 3.0)
        again.get_by_text("mb on zigzag").wait_for()
        again.close()
    settings = (tmp_path / "run" / "settings.yaml").read_text()
    assert "adapter=mb@" in settings
    assert f"course=zigzag@{moved['time']:g}" in settings
    assert len(moved["path"]) > 10
    assert abs(moved["distance"]) < 0.01  # it begins where the robot is
    ticks = [tick for tick in run.ticks() if tick["error_prior"] is not None]
    apart = {tick["time"]: tick["error_adapted"] != tick["error_prior"] for tick in ticks}
    switched = next(tick["time"] for tick in ticks if "adapter mb" in tick["notes"])
    assert any(apart[time] for time in apart if time < switched)
    assert not any(apart[time] for time in apart if time > switched + 0.5)  # it is never adapted


def test_a_drag_with_shift_on_the_trunk_pushes(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "run", *RUN) as run:
        page = opened(browser, run)
        page.get_by_role("button", name="Pause").click()
        settled(run)
        time.sleep(2.0)
        for _ in range(5):
            if page.locator("input[value^='push:']").count() == 0:
                x, y = place(page, "trunk/")
                page.mouse.move(x, y)
                page.keyboard.down("Shift")
                page.mouse.down()
                for part in range(1, 6):
                    page.mouse.move(x + 12 * part, y)
                    time.sleep(0.3)
                page.mouse.up()
                page.keyboard.up("Shift")
                time.sleep(2.0)
        page.get_by_role("button", name="Go on").click()
        (pushed, *_) = until(lambda: [t for t in run.ticks() if any(p.startswith("push:") for p in t["perturbations"])])
        page.close()
    (push,) = (each for each in pushed["perturbations"] if each.startswith("push:"))
    assert "push:" in (tmp_path / "run" / "settings.yaml").read_text()
    x, y = (float(re.findall(rf"{axis}=([-\d.]+)", push)[0]) for axis in "xy")
    assert x - y > 0.0  # the camera looks along (1, 1): to its right is (1, -1)
