"""A page beside a robot that is not simulated here, in a real browser: it shows, takes remarks, and steers if asked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("viser")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")

from benchmarks.two_terminals import emulator, free_domain
from hardware.servo_log.reader import read_log
from tests.closed_loop.test_deploys import ATTEMPTS, BUSY
from tests.controller.view.pages import CHROMIUM, WIDTH, Watched, last, opened, started, until

missing = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
pytestmark = [pytest.mark.alone, pytest.mark.browser, missing]

FLAGS = ("--planner", "rti", "--course", "velocity", "--steer", "page", "--view-at", "127.0.0.1:0", "--seconds", "120")


def steered(page: Any, run: Watched) -> None:
    """Remark something, walk by a key, and let go of it."""
    page.get_by_role("textbox").first.fill("it limps")
    page.get_by_role("button", name="Write it down").dispatch_event("click")  # it may take long to be drawn
    until(lambda: [tick for tick in run.ticks() if "it limps" in tick["notes"]])
    page.mouse.click(WIDTH / 2, 30)
    page.keyboard.down("w")
    until(lambda: [tick for tick in run.ticks() if tick["wanted"][0] > 0.1])
    time.sleep(2.0)
    page.keyboard.up("w")
    after = last(run)["time"] + 0.6
    until(lambda: [tick for tick in run.ticks() if tick["time"] > after and tick["wanted"] == [0.0, 0.0, 0.0]])


def starved(run: Watched) -> bool:
    """Whether a deployment did not get the time that it needs."""
    return any(word in line for line in run.said for word in BUSY)


def test_a_robot_is_shown_remarked_on_and_steered(browser: Any, tmp_path: Path) -> None:
    for attempt in range(ATTEMPTS):
        domain, out = free_domain(), tmp_path / str(attempt)
        where = ("--interface", "lo", "--domain", str(domain), "--out", str(out))
        with emulator(domain) as robot, started(out, "deploy", "--robot", "go2", *where, *FLAGS) as run:
            try:
                page = opened(browser, run)
                steered(page, run)
                assert page.get_by_role("button", name="Let it happen").count() == 0
                page.close()
                break
            except Exception:
                if not starved(run):
                    raise
            finally:
                ended = run.end()
                robot.stop()
    else:
        pytest.skip(f"this machine is too busy to serve a robot 500 times a second: {run.said[-1]}")
    assert ended == 130 or (ended == 4 and starved(run))
    assert robot.report["outside_limits"] == 0
    ticks = run.ticks()
    forward = [tick["qpos"][0] for tick in ticks if tick["qpos"][0] is not None]
    assert max(forward) - min(forward) > 0.1
    notes = [entry.json() for entry in read_log(out / "servo.mcap").of("note")]
    assert any("it limps" in str(note.get("notes")) for note in notes)
    assert (out / "commands.csv").is_file()
