"""A page in a real browser, which draws without a graphics card: short, and left out where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.controller.view.pages import CHROMIUM, SOFTWARE, Watched, running, until

pytest.importorskip("viser")
api = pytest.importorskip("playwright.sync_api")
missing = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
pytestmark = [pytest.mark.alone, pytest.mark.browser, missing]
WIDTH, HEIGHT = 1240, 480


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE))
        yield chromium
        chromium.close()


def opened(browser: Any, run: Watched) -> Any:
    """Open the page of a run, and wait until it shows something."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(60_000)
    page.goto(run.url)
    page.get_by_text(" on ").first.wait_for()
    return page


RUN = ("run", "--fast", "--seconds", "4000", "--no-video", "--view")


def is_lost(tick: dict[str, Any]) -> bool:
    return any(text.startswith("leg_loss:leg=left_middle") for text in tick["perturbations"])


def last(run: Watched) -> dict[str, Any]:
    return until(run.ticks)[-1]


def settled(run: Watched) -> dict[str, Any]:
    """Return the tick at which a run was paused."""

    def standing() -> dict[str, Any] | None:
        before = last(run)
        time.sleep(1.0)
        return before if last(run) == before else None

    return until(standing)


PLACES = """(prefix) => {
  const {nodeRefFromName: nodes, camera} = window.__viserMutable;
  const canvas = document.querySelector("canvas").getBoundingClientRect();
  const times = (m, [x, y, z]) => [0, 1, 2, 3].map((row) => m[row] * x + m[row + 4] * y + m[row + 8] * z + m[row + 12]);
  camera.updateMatrixWorld();
  return Object.keys(nodes).filter((name) => name.startsWith(prefix) && nodes[name]).map((name) => {
    nodes[name].updateWorldMatrix(true, false);
    const place = nodes[name].matrixWorld.elements.slice(12, 15);
    const seen = times(camera.matrixWorldInverse.elements, place);
    const [x, y, , w] = times(camera.projectionMatrix.elements, seen.slice(0, 3));
    return [canvas.x + (x / w + 1) / 2 * canvas.width, canvas.y + (1 - y / w) / 2 * canvas.height];
  });
}"""
"""Where parts of the robot are on the page: of nodes whose names begin so [pixels]."""


def clicked(page: Any, name: str) -> None:
    """Click on a part of a robot."""
    x, y = page.evaluate(PLACES, f"/run0/{name}")[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.up()


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
        again.locator("input[value='snail']").first.click()
        again.get_by_role("option", name="mb", exact=True).click()
        until(lambda: [t for t in run.ticks() if "adapter mb" in t["notes"]])
        again.close()
    assert "adapter=mb@" in (tmp_path / "run" / "settings.yaml").read_text()


def test_keys_steer(browser: Any, tmp_path: Path) -> None:
    steered = ("--course", "velocity", "--steer", "page")
    with running(tmp_path / "run", *RUN, *steered) as run:
        page = opened(browser, run)

        def steered_there() -> bool:
            return any(t["wanted"] and t["wanted"][0] > 0.1 and t["wanted"][2] > 0.5 for t in run.ticks())

        for _ in range(5):  # a page that is still drawing its first picture may miss a key
            if not steered_there():
                page.mouse.click(WIDTH / 2, 30)
                page.keyboard.down("w")
                page.keyboard.down("a")
                time.sleep(3.0)
        until(steered_there)
        page.keyboard.up("a")
        page.keyboard.up("w")
        after = last(run)["time"]
        until(lambda: [t for t in run.ticks() if t["time"] > after + 0.5 and t["wanted"] == [0.0, 0.0, 0.0]])
        page.close()
