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
        said = until(lambda: next((line for line in self.said if "live page: http" in line), ""))
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
    command = [sys.executable, "-c", MAIN, *arguments, "--out", str(folder)]
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


def _keep(stream: IO[str], said: list[str]) -> None:
    said.extend(stream)  # line by line
