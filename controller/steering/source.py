"""Where commands come from, as far as whoever steers needs to know.

A source has no clock and no thread of its own: once a tick it is asked what came in since, takes a bounded share of it,
and stamps it with the time that it is told. So a flood costs a tick no more than its bound, and a test needs no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from hardware.robot import RobotState
from hardware.steering import Velocity

MOST = 64
"""Messages that a source takes in at a time."""


class Command(NamedTuple):
    """The newest thing that a source was told."""

    time: float
    """When, on the clock of the run [s]."""
    velocity: Velocity


@runtime_checkable
class Listener(Protocol):
    """A source that wants to hear what becomes of its commands."""

    def tell(self, state: RobotState, message: str, facts: Mapping[str, str]) -> None:
        """Take in where a robot is after a tick, what is believed of it in words, and further facts by name."""


class Source(Protocol):
    """Something that commands come from."""

    def poll(self, now: float) -> Command | None:
        """Return the newest command that came in since the last call, `now` being the time [s]; None without one."""

    def counts(self) -> Mapping[str, int]:
        """Return how many messages were taken, and how many refused for which reason."""

    def close(self) -> None:
        """Let go of whatever it listens to; closing twice is allowed."""
