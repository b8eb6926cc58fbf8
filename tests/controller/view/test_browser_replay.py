"""Logs on a page in a real browser, with a slider for the time; two of them side by side."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main
from tests.controller.view.pages import CHROMIUM, PLACES, opened, started, until

pytest.importorskip("viser")
pytest.importorskip("playwright.sync_api")
missing = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
pytestmark = [pytest.mark.alone, pytest.mark.browser, missing]

LOST = "leg_loss:leg=left_middle@3"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs that lose a leg, with adaptation and without."""
    folder = tmp_path_factory.mktemp("runs")
    flags = ("run", "--fast", "--no-video", "--seconds", "12", "--perturb", LOST)
    for adapter in ("snail", "mb"):
        assert main([*flags, "--adapter", adapter, "--out", str(folder / adapter)]) == 0
    return [folder / "snail", folder / "mb"]


def shown(page: Any) -> float:
    """Return which time of a log a page shows [s]."""
    text = page.get_by_text(" of 11.95 s").first.inner_text()
    return float(text.split(" · ")[1].split(" of ")[0])


def sought(page: Any, seconds: float) -> None:
    """Show some time of a log: into the number beside the slider."""
    field = page.locator(".mantine-NumberInput-input").first
    field.fill(f"{seconds:g}")
    field.press("Enter")
    until(lambda: abs(shown(page) - seconds) < 0.11)


def test_a_log_is_shown_at_any_time(browser: Any, runs: list[Path]) -> None:
    with started(runs[0], "replay", str(runs[0]), "--view-at", "127.0.0.1:0") as replay:
        page = opened(browser, replay)
        again = page.get_by_role("button", name="Go on")
        again.wait_for()  # its end
        assert shown(page) > 11.0
        again.click()  # from the beginning
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("paused").wait_for()
        assert shown(page) < 11.0
        sought(page, 10.0)
        page.locator("code", has_text="leg_loss:leg=left_middle").wait_for()
        sought(page, 1.0)  # before it happened
        page.get_by_text("happens: nothing").wait_for()
        assert page.get_by_role("button", name="Let it happen").count() == 0
        again.click()
        until(lambda: shown(page) > 2.0)
        page.close()
        assert replay.end() == 0


def test_two_logs_are_shown_side_by_side(browser: Any, runs: list[Path]) -> None:
    with started(runs[0], "replay", str(runs[0]), "--beside", str(runs[1]), "--view-at", "127.0.0.1:0") as replay:
        page = opened(browser, replay)
        page.get_by_role("button", name="Go on").wait_for()
        for name in ("snail", "mb"):
            page.locator("strong", has_text=name).first.wait_for()
        time.sleep(2.0)  # for the last picture
        one, other = (page.evaluate(PLACES, f"/run{run}/trunk/")[0] for run in (0, 1))
        assert abs(one[0] - other[0]) + abs(one[1] - other[1]) > 50.0
        page.close()
