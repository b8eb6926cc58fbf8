"""What a live page costs: ticks with a page open and in use beside ticks without, interleaved.

    python -m benchmarks.view [--robot roach] [--ticks 2000] [--parts 4]

Needs the extra `view`, playwright and Chromium. The browser runs on this machine and draws without a graphics card, so
on two processors it takes more from the run than the page itself; `--no-browser` measures that alone, and with
`--behind` the browser draws with what time is left over.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MAIN = "import sys; from controller.entry import main; sys.exit(main())"
SOFTWARE = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def main() -> None:
    """Measure, and print a row with a page and one without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--robot", default="roach")
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--parts", type=int, default=4, help="runs of each kind")
    parser.add_argument("--browser", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--behind", action="store_true", help="put the browser behind everything else (Linux)")
    options = parser.parse_args()
    rate = {"roach": 20.0}.get(options.robot, 25.0)
    seconds = options.ticks / options.parts / rate
    found: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    for _ in range(options.parts):
        for kind in found:
            found[kind] += run(
                options.robot, seconds, viewed=kind == "with", browser=options.browser, behind=options.behind
            )
    for kind, ticks in found.items():
        times = [tick["tick_ms"] for tick in ticks]
        missed = round(options.parts * seconds * rate) - sum(not tick["missed"] for tick in ticks)
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        print(f"{kind:>8} a page: {len(times)} ticks, {missed} missed, p50 {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} ms")


def run(robot: str, seconds: float, *, viewed: bool, browser: bool, behind: bool) -> list[dict[str, Any]]:
    """Return the ticks of one run in real time."""
    folder = Path(tempfile.mkdtemp()) / "run"
    command = [sys.executable, "-c", MAIN, "run", "--robot", robot, "--seconds", f"{seconds:g}", "--no-video"]
    process = subprocess.Popen(
        [*command, "--out", str(folder), *(["--view"] if viewed else [])],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    if viewed and browser:
        line = next(line for line in process.stderr if "live page" in line)
        chromium = behind_all(folder.parent) if behind else shutil.which("chromium")
        use(re.findall(r"http\S+", line)[0], chromium, lambda: process.poll() is None and not over(folder, seconds))
    process.communicate(timeout=10.0 * seconds + 120.0)
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    shutil.rmtree(folder.parent)
    return [json.loads(line) for line in lines]


def over(folder: Path, seconds: float) -> bool:
    """Whether the last tick of a run is in its log."""
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return len(lines) > 1 and lines[-1].endswith("}") and json.loads(lines[-1])["time"] > seconds - 0.2


def behind_all(folder: Path) -> str:
    """Write what starts Chromium in a session to which Linux gives the least of the processors; return the file."""
    file = folder / "chromium"
    file.write_text('#!/bin/sh\necho 19 > /proc/self/autogroup\nexec chromium "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def use(url: str, chromium: str | None, going: Callable[[], bool]) -> None:
    """Open a page and click on it now and then, as long as a run is going."""
    from playwright.sync_api import Error, sync_playwright  # only where a browser is wanted

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=list(SOFTWARE))
        page = browser.new_page(viewport={"width": 1000, "height": 460})
        page.goto(url)
        while going():
            with contextlib.suppress(Error):
                page.get_by_role("button", name="Let it happen").click(timeout=2000)
                page.get_by_role("button", name="End all").click(timeout=2000)
            time.sleep(1.0)
        browser.close()


if __name__ == "__main__":
    main()
