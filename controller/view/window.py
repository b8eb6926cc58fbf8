"""The plan loop's side of a page: ticks go out through shared memory, what is clicked comes back through a pipe.

Nothing here waits: a page that is slow or gone overlooks ticks, the oldest first.
"""

from __future__ import annotations

import logging
import multiprocessing
from typing import Self

from pydantic import ValidationError

from controller.settings.layers import ConfigError
from controller.steering.pipe import Piped
from controller.view.about import LISTENING, About, Address
from controller.view.frame import FRAMES, Frame
from controller.view.orders import ORDERS, Order
from controller.view.process import serve
from hardware.processes import finish, sheltered
from hardware.servo.ring import RecordRing

_log = logging.getLogger(__name__)

_CAPACITY, _SLOTS = 1 << 17, 32
"""Bytes of a tick, and ticks that a page may be behind."""
_START, _END = 120.0, 3.0
"""How long a page may take to come up and to go [s]."""
_MOST = 50
"""Orders that are taken in one tick."""


class Window:
    """A page in a process of its own, a context."""

    def __init__(self, about: About, address: Address) -> None:
        """Bring the page up, and say where. Raises ConfigError where it cannot listen."""
        self._ring = RecordRing.create(_CAPACITY, _SLOTS)
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        told, tells = context.Pipe(duplex=False)
        self.steering = Piped(told)
        """What is steered on the page."""
        arguments = (about, address, self._ring.name, theirs, tells)
        self._process = context.Process(target=serve, args=arguments, name="limber-view", daemon=True)
        self.failed = ""
        """Why no more is shown; empty while something is."""
        with sheltered():
            self._process.start()
        theirs.close()
        tells.close()
        try:
            answer = self._orders.recv_bytes().decode() if self._orders.poll(_START) else "it did not come up in time"
        except EOFError:
            answer = "its process died"
        if not answer.startswith(LISTENING):
            self.close()
            raise ConfigError(f"--view: expected a page at {address.host}:{address.port}, got none: {answer}")
        self.url = answer.removeprefix(LISTENING)
        _log.warning("the live page: %s", self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, frame: Frame) -> None:
        """Leave a tick for the page; one that is too long for it is left out."""
        line = FRAMES.dump_json(frame)
        if len(line) <= _CAPACITY:
            self._ring.append(line)

    def orders(self) -> list[Order]:
        """Return what was clicked since the last call; where the page is gone, say so once."""
        taken: list[Order] = []
        try:
            while len(taken) < _MOST and self._orders.poll():
                taken.append(ORDERS.validate_json(self._orders.recv_bytes()))
        except (EOFError, OSError):
            self._lost("its process is gone; the run goes on without it")
        except ValidationError as error:
            self._lost(f"{error.errors()[0]['msg']} in what it asked for; it is not heard any more")
        return taken

    def close(self) -> None:
        """Take the page down; allowed any number of times."""
        finish(self._process, _END)
        self._orders.close()
        self.steering.close()
        self._ring.close()

    def _lost(self, why: str) -> None:
        self._orders.close()
        self._orders, theirs = multiprocessing.Pipe()
        self._silent = theirs  # kept open: nothing ever comes
        _log.warning("the live page: %s", why)
