"""Standing up and lying down where a controller of the robot's own does it: it is asked, and given its time."""

from __future__ import annotations

import numpy as np

from hardware.guard.checks import Trip
from hardware.guard.posture import GRACE
from hardware.limits import Check
from hardware.robot import CommandMode, RobotCommand, RobotState

LONGEST = 20.0
"""Such a controller may take velocities and do nothing for ten seconds and more; after this long it never will [s]."""
_REST = 0.5
"""Speed of the joints below which a robot has lain down [rad/s]."""


class Asked:
    """A way up or down that begins now; beside `Move`, which goes there joint by joint.

    Args:
        count: how many motors the robot has.
        mode: STAND or SIT.
        seconds: time to lie down [s].
        now: host clock [s].
    """

    def __init__(self, count: int, mode: CommandMode, seconds: float, now: float) -> None:
        self._count, self._mode, self._begin = count, mode, now
        self._seconds = LONGEST if mode is CommandMode.STAND else seconds

    def arrived(self, state: RobotState, now: float) -> bool:
        """Tell whether it is ready to walk, or has lain down."""
        if self._mode is CommandMode.STAND:
            return state.ready == 1.0
        return now - self._begin >= self._seconds and float(np.abs(state.motor_velocity).max()) < _REST

    def overdue(self, now: float) -> bool:
        """Tell whether that should have been so long ago."""
        return now - self._begin >= self._seconds + GRACE

    def command(self, now: float, expires: float) -> RobotCommand:
        """Return what is asked for at `now` [s]."""
        return RobotCommand.passive(self._mode, self._count, expires)

    def caught(self, check: Check, state: RobotState, now: float) -> list[Trip]:
        """Return what speaks against waiting for it to stand any longer."""
        if not check.on or not self.overdue(now) or self.arrived(state, now):
            return []
        waited = f"{now - self._begin:.0f} s after it was asked to stand its own controller follows no velocity"
        return [Trip("stand_up", check.severity, waited)]
