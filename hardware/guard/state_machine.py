"""What a robot is doing, and what it may do next.

    PASSIVE -> DAMP -> STAND_UP -> STAND <-> RUN, and down again STAND -> SIT_DOWN -> DAMP -> PASSIVE
    FAULT_DAMP and ESTOP from anywhere; only a reset leads out of them, to DAMP (to PASSIVE when motors were off)

An operator names a target; the machine walks there one step at a time. A soft trip makes DAMP the target and keeps it.
"""

from __future__ import annotations

import enum

from hardware.guard.checks import Trip
from hardware.limits import Severity


class Mode(enum.Enum):
    """What a robot is doing."""

    PASSIVE = "passive"
    """Motors off."""
    DAMP = "damp"
    """Motors brake softly."""
    STAND_UP = "stand_up"
    STAND = "stand"
    RUN = "run"
    """Follows the plan."""
    SIT_DOWN = "sit_down"
    FAULT_DAMP = "fault_damp"
    """Brakes until somebody resets the fault."""
    ESTOP = "estop"
    """Brakes until somebody resets the emergency stop."""


TARGETS = (Mode.PASSIVE, Mode.DAMP, Mode.STAND, Mode.RUN, Mode.SIT_DOWN)
"""What an operator may ask for, beside the emergency stop; who asks to sit down does not want to stand before it."""
LATCHED = frozenset({Mode.FAULT_DAMP, Mode.ESTOP})
UPRIGHT = frozenset({Mode.STAND_UP, Mode.STAND, Mode.RUN, Mode.SIT_DOWN})
"""Modes in which motors are driven."""
_UP = frozenset({Mode.STAND, Mode.RUN})


class StateMachine:
    """Starts passive.

    Args:
        poses: the robot has poses to stand up into; one without goes through them in no time.
    """

    def __init__(self, *, poses: bool) -> None:
        self._poses = poses
        self.mode = Mode.PASSIVE
        self.target = Mode.PASSIVE
        self.fault: Trip | None = None
        """The first soft or hard trip since the last reset."""
        self._off = False
        """The motors were off when the emergency stop came."""

    @property
    def goes_up(self) -> bool:
        """Whether it stands up, or stands and is to stay up."""
        return self.target in _UP and self.mode in {Mode.STAND_UP, Mode.STAND}

    def request(self, target: Mode) -> bool:
        """Head for a mode; False while a fault forbids it.

        Raises:
            ValueError: nobody can ask for that mode.
        """
        if target is Mode.ESTOP:
            self.stop("asked for")
            return True
        if target not in TARGETS:
            choices = ", ".join(mode.value for mode in (*TARGETS, Mode.ESTOP))
            raise ValueError(f"request: expected one of {choices}, got {target.value}")
        if self.fault is not None and target in _UP:
            return False
        if target is Mode.SIT_DOWN and self.mode not in UPRIGHT:
            return True  # it is down already, or off
        self.target = target
        return True

    def stop(self, reason: str) -> None:
        """Make an emergency stop."""
        if self.mode is not Mode.ESTOP:
            self._off = self.mode is Mode.PASSIVE
        self.mode, self.target = Mode.ESTOP, Mode.DAMP
        self.fault = self.fault or Trip("estop", Severity.HARD, reason)

    def collapse(self) -> None:
        """Damp a robot that has nothing to go by; it takes a new request to get up again."""
        if self.mode in UPRIGHT:
            self.mode, self.target = Mode.DAMP, Mode.DAMP

    def latch(self, trip: Trip) -> None:
        """Act on a soft or hard trip; motors that are off and stay off are not concerned."""
        if self.mode is self.target is Mode.PASSIVE or trip.severity not in {Severity.SOFT, Severity.HARD}:
            return
        self.fault = self.fault or trip
        if self.target is not Mode.PASSIVE:
            self.target = Mode.DAMP
        if trip.severity is Severity.HARD and self.mode is not Mode.ESTOP:
            self.mode = Mode.FAULT_DAMP

    def reset(self) -> None:
        """Forget a fault or an emergency stop: damped, or off where it was off before, and waiting for a request."""
        if self.mode is not Mode.PASSIVE:
            off = self.mode is Mode.ESTOP and self._off
            self.mode = self.target = Mode.PASSIVE if off else Mode.DAMP
        self.fault = None

    def step(self, *, arrived: bool, overdue: bool, live: bool) -> Mode:
        """Take the next step towards the target and return the new mode.

        Args:
            arrived: the pose that the present mode moves to is reached.
            overdue: it should have been reached long ago; good enough on the way down.
            live: there are commands to run by.
        """
        for _ in range(1 if self._poses else len(Mode)):
            arrived, live = arrived or not self._poses, live or not self._poses
            self.mode = self._next(arrived=arrived, down=arrived or overdue, live=live)
        return self.mode

    @property
    def _gently(self) -> bool:
        return self.fault is None and self.target is not Mode.SIT_DOWN

    def _next(self, *, arrived: bool, down: bool, live: bool) -> Mode:
        up = self.target in _UP
        match self.mode:
            case Mode.PASSIVE:
                return self.mode if self.target is Mode.PASSIVE else Mode.DAMP
            case Mode.DAMP:
                return Mode.STAND_UP if up else Mode.PASSIVE if self.target is Mode.PASSIVE else self.mode
            case Mode.STAND_UP if up:
                return Mode.STAND if arrived else self.mode
            case Mode.STAND if up:
                return Mode.RUN if self.target is Mode.RUN and live else self.mode
            case Mode.RUN if up:
                return self.target
            case Mode.RUN if self._gently:
                return Mode.STAND  # first the feet together, then down
            case Mode.STAND if self._gently:
                return Mode.SIT_DOWN if down else self.mode
            case Mode.STAND_UP | Mode.STAND | Mode.RUN:
                return Mode.SIT_DOWN
            case Mode.SIT_DOWN if up:
                return Mode.STAND_UP
            case Mode.SIT_DOWN:
                return Mode.DAMP if down else self.mode
        return self.mode
