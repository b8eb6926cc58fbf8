"""Does a robot on a path get on? One that does not wears itself out, or falls: it is stopped, and why is said."""

from __future__ import annotations

import math
from collections import deque

from controller.courses.paths import Progress
from hardware.spec import CourseSize

_PACE = 0.03
"""Slower than this a robot the size of the crawler is stuck; larger ones by the scale of their courses [m/s]."""


class GivenUp(Exception):
    """Raised where a run is ended by decision, before the robot falls.

    Args:
        check: name under which logs and reports have it.
        told: why, in words.
        falling: it will not stay up for long, so that it is to sit down at once.
    """

    def __init__(self, check: str, told: str, *, falling: bool = False) -> None:
        super().__init__(told)
        self.check, self.falling = check, falling


class Advance:
    """Watches the progress of a robot along its path.

    Args:
        seconds: over which it is looked at [s]; 0 never stops a robot.
        size: of the robot's courses.
    """

    def __init__(self, seconds: float, size: CourseSize) -> None:
        self._seconds, self._least = seconds, _PACE * size.scale * seconds
        self._leap = size.tick
        self._trail: deque[tuple[float, float]] = deque()

    def look(self, time: float, progress: Progress) -> None:
        """Take a tick's progress at a time [s]. Raises GivenUp."""
        if not self._seconds or progress.lead is not None or not math.isfinite(progress.s):
            return
        if self._trail and abs(progress.s - self._trail[-1][1]) > self._leap + 1e-6:
            self._trail.clear()  # no robot is so fast: another course has begun
        self._trail.append((time, progress.s))
        # The trail begins with the last tick that is at least so long ago.
        while len(self._trail) > 1 and self._trail[1][0] <= time - self._seconds + 1e-6:
            self._trail.popleft()
        begun, before = self._trail[0]
        way = progress.s - before
        if begun <= time - self._seconds + 1e-6 and way < self._least:
            expected = f"expected at least {self._least:.2g} (control.stuck)"
            raise GivenUp("progress", f"the robot came {way:.2f} m along its path in {self._seconds:g} s, {expected}")
