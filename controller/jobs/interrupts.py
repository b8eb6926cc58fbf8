"""How a command is ended from outside: the first signal that asks for it is a KeyboardInterrupt, later ones nothing.

It comes only where it may: not while processes and files are half made, nor while they are taken down, whatever a
terminal, a service manager and an impatient person send in whatever order.
"""

from __future__ import annotations

import atexit
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from hardware.processes import ENDING

PATIENCE = 15.0
"""Who has not ended this long after an interrupt may be interrupted once more [s]; a robot is down sooner."""


class _Door:
    """What a signal finds: a process that may be interrupted now, later, or not again."""

    def __init__(self) -> None:
        self.open, self.waiting = True, False
        self.entered = -math.inf
        """When somebody came in [s]."""

    def knock(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if time.monotonic() - self.entered > PATIENCE:
            self.waiting = True
            if self.open:
                self.enter()

    def enter(self) -> None:
        """Interrupt."""
        self.entered, self.waiting = time.monotonic(), False
        raise KeyboardInterrupt


_door = _Door()


@contextmanager
def termination() -> Iterator[None]:
    """Let signals end what is inside by a KeyboardInterrupt; one that was ignored before, as by nohup, still is."""
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set, and are called
        yield
        return
    _door.entered = -math.inf
    asked = [number for number in ENDING if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, _door.knock) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        atexit.register(_deafen, asked)  # last, for it has to come first


@contextmanager
def uninterrupted() -> Iterator[Callable[[], bool]]:
    """Let nothing but a kill end what is inside; yields whether a signal has come, which is forgotten at the end."""
    before, _door.open = _door.open, False
    try:
        yield lambda: _door.waiting
    finally:
        _door.open, _door.waiting = before, False


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal end what is inside though what is around must not be; also one that has come already."""
    before = _door.open
    try:
        _door.open = True
        if _door.waiting:
            _door.enter()
        yield
    finally:
        _door.open = before


def _deafen(numbers: list[signal.Signals]) -> None:
    """At the end of a process: all is done, and a signal would only spoil its exit status."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
