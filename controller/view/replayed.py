"""A log, or two side by side, on a page with a slider for the time."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Never

from controller.telemetry.run_log import Log, TickRecord
from controller.view.about import About, Address
from controller.view.frame import Frame
from controller.view.gate import Gate
from controller.view.live_page import Page, index, listen
from controller.view.orders import Order, Pace, Pages, Seek

LOG = "log.jsonl"
"""What a run's log is called in its folder."""
_BEFORE = 12.0
"""What curves and trail show of the time before [s]."""
_PICTURES = 20.0


class Player:
    """Where in the logs a page is; it begins when the first page comes, and a time that is sought may lie before."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs
        self._times = [[record.time for record in log.records] for log in logs]
        self.end = max((times[-1] for times in self._times if times), default=0.0)
        self.now, self.speed, self._awaited = 0.0, 0.0, True
        self._shown, self._changed = [0 for _ in logs], False

    def obey(self, order: Order) -> None:
        """Go to a time, or on at another speed; from the end, on means from the beginning."""
        match order:
            case Pages(count) if count and self._awaited:
                self.speed, self._awaited = 1.0, False
            case Seek(to):
                self.now = min(max(to, 0.0), self.end)
                self._shown = [bisect_right(times, self.now - _BEFORE) for times in self._times]
            case Pace(speed):
                if self.now == self.end:
                    self.obey(Seek(0.0))
                self.speed, self._changed = 1.0 if speed is None else speed, True

    def pass_by(self, seconds: float) -> list[Frame]:
        """Let some time pass [s]; return what comes up meanwhile, or what is there where only the speed is new."""
        self.now = min(self.now + seconds * self.speed, self.end)
        if self.now == self.end and self.speed > 0.0:
            self.speed, self._changed = 0.0, True
        frames = list[Frame]()
        for run, times in enumerate(self._times):
            upto = bisect_right(times, self.now)
            first = min(self._shown[run], upto - 1) if self._changed and upto else self._shown[run]
            frames += [self._frame(run, record) for record in self._logs[run].records[first:upto]]
            self._shown[run] = upto
        self._changed = False
        return frames

    def _frame(self, run: int, record: TickRecord) -> Frame:
        header = self._logs[run].header
        return Frame(record, [], header.brain, header.course, self.speed, record.perturbations, run=run)


def found(path: Path) -> Path:
    """Return the log that a path means: a file, or that of a run's folder."""
    return path / LOG if path.is_dir() else path


def replay(logs: Sequence[Log], address: Address, say: Callable[[str], None]) -> Never:
    """Show logs until somebody presses Ctrl-C; `say` is told where. Raises OSError where the page cannot listen."""
    player, orders = Player(logs), queue.SimpleQueue[Order]()
    about = About([log.header for log in logs], player.end, "replayed")
    gate = Gate(address, index(steered=False))
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        server = listen(address, gate)
    page = Page(server, about, gate, orders.put)
    say(Address(address.host, server.get_port(), address.token).url)
    before = time.monotonic()
    while True:
        with contextlib.suppress(queue.Empty):
            while True:
                player.obey(orders.get_nowait())
        now = time.monotonic()
        for frame in player.pass_by(now - before):
            page.note(frame)
        before = now
        page.draw()
        page.say()
        time.sleep(1.0 / _PICTURES)
