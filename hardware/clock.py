"""Time as the loops see it: the wall clock on a robot, a virtual one in lock-step, and the beat of a loop on either.

Both count seconds from their own start, so the times in logs and schedules stay small. What a machine sleeps through
counts: a robot does not sleep with it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Protocol

_LOOK = 0.02
"""How long a sleep may be that does not see a change of speed [s]."""
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where the system has such a clock."""


def uptime() -> float:
    """Return the time since the machine was started [s], the same in all its processes."""
    return time.clock_gettime(_UPTIME)


class Clock(Protocol):
    """A source of absolute times [s] that can wait for one of them."""

    def now(self) -> float:
        """Return the present time [s]."""
        ...

    def sleep_until(self, deadline: float) -> None:
        """Return when `now()` has reached `deadline` [s]; at once when it has passed already."""
        ...


class WallClock:
    """Seconds since `origin`, or since this clock was made; processes that share an origin share the time.

    Args:
        origin: a value of `uptime()` [s].
    """

    def __init__(self, origin: float | None = None) -> None:
        self.origin = uptime() if origin is None else origin

    def now(self) -> float:
        """Return the present time [s]."""
        return uptime() - self.origin

    def sleep_until(self, deadline: float) -> None:
        """Sleep to an absolute time, so that a late wake-up never shifts the next one."""
        while (left := deadline - self.now()) > 0.0:
            time.sleep(left)


class VirtualClock:
    """Time that passes only when somebody sleeps: runs are as fast as the machine and repeat exactly."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the present time [s]."""
        return self._now

    def sleep_until(self, deadline: float) -> None:
        """Jump to `deadline`; time never goes back.

        Raises:
            ValueError: the deadline is not a finite number.
        """
        if not math.isfinite(deadline):
            raise ValueError(f"VirtualClock.sleep_until: expected a finite time [s], got {deadline}")
        self._now = max(self._now, deadline)


class Tempo:
    """A clock whose time passes at a share of another one's, which any thread may change; 0 lets it stand still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = (0.0, clock.now(), 1.0)  # what it showed, when by the other clock, and its speed from then on

    @property
    def speed(self) -> float:
        """Return the share [-]."""
        return self._since[2]

    @speed.setter
    def speed(self, speed: float) -> None:
        self._since = self.now(), self._clock.now(), speed

    def now(self) -> float:
        """Return the present time [s]."""
        shown, then, speed = self._since
        return shown + (self._clock.now() - then) * speed

    def sleep_until(self, deadline: float) -> None:
        """Sleep to an absolute time, looking now and then whether the speed has changed."""
        while (left := deadline - self.now()) > 0.0:
            speed = self.speed
            time.sleep(min(left / speed, _LOOK) if speed > 0.0 else _LOOK)


@dataclass(frozen=True)
class Beat:
    """The beat of a loop: cycle k is due at `start + k / hz`, however late the cycles before it were.

    Attributes:
        clock: whose time it is.
        hz: cycles a second [Hz].
        start: when cycle 0 is due [s].
    """

    clock: Clock
    hz: float
    start: float

    def due(self, cycle: int) -> float:
        """Return when a cycle is due [s]."""
        return self.start + cycle / self.hz

    def sleep_until(self, cycle: int) -> None:
        """Wait for the beginning of a cycle."""
        self.clock.sleep_until(self.due(cycle))

    def after(self, cycle: int) -> int:
        """Return the cycle to run next: cycles that time has passed over are left out, never caught up on."""
        return max(cycle + 1, math.floor((self.clock.now() - self.start) * self.hz))
