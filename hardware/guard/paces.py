"""Does the robot's own controller go as fast as it was told? Speeds that were asked for against those that came of it.

Only sizes of velocities are compared, because makers do not say in which axes a robot tells its own; turning is the
gyro's. A walker that limps, slips or carries a load is slower than told; one that goes a third of it, or goes by
itself, follows somebody else.
"""

from __future__ import annotations

import math

import numpy as np

from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

_MEMORY = 1.2
"""Time constant of the means that are compared [s]."""
_FLOOR = 0.2
"""Speed that may be missing unnoticed; twice that may be too much, as after a push [m/s]."""
_LEVER = 0.4
"""What turning counts for: it moves the ends of the robot [m]."""


class Paces:
    """Compares states with the commands before them; beside `Obedience`, which looks at motors.

    Args:
        spec: the robot's.
        period: time between two states that are looked at [s].

    Attributes:
        most: share of all motion that is not as told: 0 all is, towards 1 nothing is.
        worst: the same of a single motor, of which nothing is known.
    """

    def __init__(self, spec: RobotSpec, period: float) -> None:
        names = [action.name for action in spec.actions]
        self._planar = [names.index(name) for name in ("forward", "lateral") if name in names]
        self._turn = names.index("turn") if "turn" in names else None
        self._share = 1.0 - math.exp(-period / _MEMORY)
        self.worst = 0.0
        self.forget()

    def forget(self) -> None:
        """Nobody was told anything."""
        self.most = 0.0
        self._told, self._done = np.zeros(2), np.zeros(2)

    def note(self, sent: RobotCommand) -> None:
        """Nothing has to be remembered: a command is compared with what is measured when it is the last one."""

    def look(self, state: RobotState, sent: RobotCommand) -> None:
        """Take a state, and the command before it; once a period."""
        if sent.mode is not CommandMode.WALK:
            self.forget()
            return
        done = np.array((math.hypot(*state.velocity[:2].tolist()), _LEVER * float(state.gyro[2])))
        if not math.isfinite(done[0]):  # not measured
            done[0] = self._told[0]
        self._told += self._share * (self._asked(sent.walk) - self._told)
        self._done += self._share * (done - self._done)
        told, came = math.hypot(*self._told), math.hypot(*self._done)
        size = came + 2.0 * _FLOOR if came > told else told + _FLOOR
        self.most = math.hypot(*(self._told - self._done)) / size

    def _asked(self, walk: FloatArray) -> FloatArray:
        turn = 0.0 if self._turn is None else _LEVER * float(walk[self._turn])
        return np.array((math.hypot(*walk[self._planar].tolist()), turn))

    def cause(self, limit: float) -> str:
        """Return in words what was told, and what came of it."""
        (speed, turn), (came, turned) = self._told.tolist(), self._done.tolist()
        told = f"its own controller was told {speed:.2f} m/s and {turn / _LEVER:.2f} rad/s"
        return f"{told}, and goes {came:.2f} m/s and {turned / _LEVER:.2f} rad/s"

    def names(self, limit: float) -> str:
        """Nothing is known of motors."""
        return "none"
