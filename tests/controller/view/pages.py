"""A run with a live page, and Chromium looking at it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

T = TypeVar("T")

CHROMIUM = shutil.which("chromium")
SOFTWARE = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MAIN = "import sys; from controller.entry import main; sys.exit(main())"
WIDTH, HEIGHT = 1240, 480
PATIENCE = 60.0
"""A page is drawn without a graphics card, on processors that others use too [s]."""


@dataclass
class Watched:
    """A run, and what it said."""

    process: subprocess.Popen[str]
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        said = until(lambda: next((line for line in self.said if "page: http" in line), ""))
        return str(re.findall(r"http\S+", said)[0])

    def ticks(self) -> list[dict[str, Any]]:
        log = self.folder / "log.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []  # the page is there before it
        return [json.loads(line) for line in lines[1:] if line.endswith("}")]

    def end(self) -> int:
        """Press Ctrl-C and wait for the report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def until(look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Return what is found as soon as it is something."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return found


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Watched]:
    """Run `limber` until the end of the block."""
    with started(folder, *arguments, "--out", str(folder)) as watched:
        yield watched


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[Watched]:
    """Start `limber` and end it with the block; a folder of a run that belongs to it."""
    command = [sys.executable, "-c", MAIN, *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    watched = Watched(process, folder)
    assert process.stderr is not None
    reader = threading.Thread(target=_keep, args=(process.stderr, watched.said), daemon=True)
    reader.start()
    try:
        yield watched
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.kill()
            reader.join(10)
            process.stderr.close()


def opened(browser: Any, run: Watched, script: str = "") -> Any:
    """Open the page of a run, behind a script of its own, and wait until it shows something."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(60_000)
    page.add_init_script(script)
    page.goto(run.url)
    page.get_by_text(" on ").first.wait_for()
    return page


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


def place(page: Any, name: str) -> tuple[float, float]:
    """Return where a part of a robot is on the page [pixels]."""
    x, y = page.evaluate(PLACES, f"/run0/{name}")[0]
    return float(x), float(y)


def chosen(page: Any, value: str, option: str) -> None:
    """Choose another name where one is chosen."""
    page.locator(f"input[value='{value}']").first.click()
    page.get_by_role("option", name=option, exact=True).click()


def clicked(page: Any, name: str) -> None:
    """Click on a part of a robot."""
    page.mouse.move(*place(page, name))
    page.mouse.down()
    page.mouse.up()


def _keep(stream: IO[str], said: list[str]) -> None:
    said.extend(stream)  # line by line
