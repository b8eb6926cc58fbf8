"""The live panel: what the robot and its model do right now, on stderr, a few times a second.

Drawing takes a few milliseconds of the plan loop's thread, after the plan was published; hence the low rate. Where
stderr is no terminal, a plain line every five seconds takes its place.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from controller.diagnosis.words import phrase
from controller.telemetry.run_log import RunHeader, TickRecord

_HISTORY = 40
_BLOCKS = " ▁▂▃▄▅▆▇█"


class Panel:
    """Shows a run as it goes, a context: pictures `refresh` apart, without a terminal lines `plain_every` [s]."""

    def __init__(
        self,
        header: RunHeader,
        seconds: float,
        console: Console | None = None,
        *,
        refresh: float = 0.2,
        plain_every: float = 5.0,
    ) -> None:
        self._header, self._seconds = header, seconds
        self._console = console or Console(file=sys.stderr)
        self._live = Live(console=self._console, auto_refresh=False)
        self._interval = refresh if self._console.is_terminal else plain_every
        self._next_draw = -math.inf
        self._distances: deque[float] = deque(maxlen=_HISTORY)
        self._errors: deque[float] = deque(maxlen=_HISTORY)
        self._statuses: Counter[str] = Counter()
        self._last: TickRecord | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._last is not None:
            self._draw(self._last)
        self._live.stop()

    def show(self, record: TickRecord) -> None:
        """Take in a tick; draw when it is time to."""
        self._last = record
        self._statuses[record.status] += 1
        self._distances.append(abs(record.distance) if math.isfinite(record.distance) else max(record.cost, 0.0))
        if record.error_adapted is not None:
            self._errors.append(record.error_adapted)
        now = time.monotonic()
        if now >= self._next_draw:
            self._next_draw = now + self._interval
            self._draw(record)

    def _draw(self, record: TickRecord) -> None:
        if self._console.is_terminal:
            self._live.update(self._picture(record), refresh=True)
        else:
            self._console.print(self._line(record), soft_wrap=True, highlight=False)

    def _line(self, record: TickRecord) -> str:
        said = phrase(record.diagnosis)
        return (
            f"{self._header.brain} {record.time:5.1f} of {self._seconds:g} s: {record.speed:.2f} m/s, "
            f"{_pursued(record)}, model error {_model_errors(record)}, "
            f"tick {record.tick_ms:.1f} ms, {record.status}{f', {said}' if said else ''}"
        )

    def _picture(self, record: TickRecord) -> Table:
        header = self._header
        title = Text.assemble(
            (f" {header.brain} ", "bold reverse"),
            f"  {header.robot} on {header.course}, {header.planner}, {header.mode}  ",
            (f"{record.time:5.1f} of {self._seconds:g} s", "bold"),
        )
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim")
        grid.add_column(min_width=22)
        grid.add_column()
        grid.add_row("speed", f"{record.speed:.2f} m/s", f"{record.progress:.2f} m along the course")
        row = "path error" if math.isfinite(record.distance) else "goal" if record.command is None else "steered"
        grid.add_row(row, _pursued(record), sparkline(self._distances))
        grid.add_row("model error", _model_errors(record), sparkline(self._errors))
        used = f"{record.tick_ms:.1f} of {1e3 / header.rate_hz:.0f} ms"
        parts = f"adapt {record.adapt_ms:.1f}, plan {record.plan_ms:.1f} ms"
        grid.add_row("tick", Text(used, "bold red" if record.missed else ""), parts)
        if record.diagnosis.causes:
            grid.add_row("diagnosis", Text(phrase(record.diagnosis)), "")
        counts = ", ".join(f"{status} {count}" for status, count in self._statuses.most_common())
        acting = Text("  ".join(record.perturbations), style="bold yellow")
        trusted = "  adaptation not trusted" if record.rejected else ""
        grid.add_row("status", record.status + trusted, acting if record.perturbations else Text(counts, style="dim"))
        done = min(record.time, self._seconds)
        bar = ProgressBar(total=self._seconds, completed=done, width=76, complete_style="cyan", finished_style="cyan")
        picture = Table.grid()
        for part in (title, bar, grid):
            picture.add_row(part)
        return picture


def sparkline(values: Iterable[float]) -> str:
    """Draw values as a row of block characters, zero to the largest; a value that is not finite leaves a gap."""
    row = list(values)
    top = max((value for value in row if math.isfinite(value)), default=0.0) or 1.0
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[math.ceil(steps * value / top)] if math.isfinite(value) else " " for value in row)


def _pursued(record: TickRecord) -> str:
    """Return the distance from the path, or the reward where a hidden goal takes its place."""
    if math.isfinite(record.distance):
        return f"{1e3 * abs(record.distance):.0f} mm off"
    if record.command is not None:
        told = "{:.2f} m/s, {:.2f} m/s to the left, {:.2f} rad/s".format(*record.command)
        return f"told {told}, cost {record.cost:.2f}"
    return f"reward {-record.cost:.2f}"


def _model_errors(record: TickRecord) -> str:
    if record.error_prior is None or record.error_adapted is None:
        return "-"
    return f"{record.error_prior:.3f} -> {record.error_adapted:.3f}"
