"""The only door to a robot: every command passes here, and what does not pass becomes damping.

Two kinds of "no": a bad command is refused for this cycle only; a bad state (fallen, stale, invalid, the robot's
own fault) latches, and everything is damping until somebody calls `reset`.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np

from hardware.limits import Checks
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotSpec, RobotState

LEASE = 0.1
"""Longest time for which a sent command stays valid [s]: a host that hangs brakes the robot this soon."""


class FaultKind(enum.Enum):
    """Why a robot was stopped for good."""

    TILT = "tilt"
    STALE = "stale"
    STATE = "state"
    ROBOT = "robot"


@dataclass(frozen=True)
class Fault:
    """A reason to stop, with the measured value and the limit in words."""

    kind: FaultKind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.detail}"


@dataclass(frozen=True)
class Verdict:
    """What may be sent instead of what was asked for."""

    command: RobotCommand
    reasons: tuple[str, ...] = ()
    """Why `command` differs from the one asked for; empty when it does not."""
    fault: Fault | None = None
    """The latched fault, if there is one."""

    @property
    def ok(self) -> bool:
        """True when the command passed as it was."""
        return not self.reasons


class Guard:
    """Checks commands one after another, once per servo cycle; remembers the last one and the first fault.

    Raises:
        ValueError: the limits do not fit the motors or forbid standing still.
    """

    def __init__(self, spec: RobotSpec) -> None:
        _check_limits(spec)
        self._checks = spec.checks
        self._motors = spec.motors
        self._low = np.array(spec.limits.velocity_low, dtype=np.float64)
        self._high = np.array(spec.limits.velocity_high, dtype=np.float64)
        self._largest_change = spec.checks.slew.limit / spec.servo_hz
        self._last = np.zeros(len(spec.motors))
        self._fault: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        """The first fault since the last reset."""
        return self._fault

    def reset(self) -> None:
        """Forget the fault and the last command."""
        self._fault = None
        self._last = np.zeros(len(self._motors))

    def check(self, command: RobotCommand, state: RobotState, now: float) -> Verdict:
        """Return the command that may be sent at `now` [s], given the newest state."""
        self._fault = self._fault or find_fault(self._checks, state, now)
        if self._fault is not None:
            return self._damp(now, str(self._fault))
        if command.mode is not CommandMode.SERVO:
            return Verdict(self._still(command.mode, now))
        if command.velocity.shape != self._last.shape:
            return self._damp(now, f"command: expected shape {self._last.shape}, got {command.velocity.shape}")
        if not (np.isfinite(command.velocity).all() and math.isfinite(command.expires)):
            return self._damp(now, "command: not finite")
        if not now < command.expires:
            return self._damp(now, f"command: expired {now - command.expires:.3f} s ago")
        return self._bounded(command, now)

    def _bounded(self, command: RobotCommand, now: float) -> Verdict:
        within = np.clip(command.velocity, self._low, self._high)
        velocity = np.clip(within, self._last - self._largest_change, self._last + self._largest_change)
        reasons = self._changed("limit", command.velocity, within) + self._changed("slew", within, velocity)
        self._last = velocity
        return Verdict(RobotCommand.speeds(velocity.copy(), min(command.expires, now + LEASE)), reasons)

    def _changed(self, what: str, before: FloatArray, after: FloatArray) -> tuple[str, ...]:
        return tuple(
            f"{what}: {self._motors[i]} {before[i]:.3g} -> {after[i]:.3g} rad/s"
            for i in np.flatnonzero(before != after)
        )

    def _damp(self, now: float, reason: str) -> Verdict:
        return Verdict(self._still(CommandMode.DAMP, now), (reason,), self._fault)

    def _still(self, mode: CommandMode, now: float) -> RobotCommand:
        self._last = np.zeros(len(self._motors))
        return RobotCommand.passive(mode, len(self._motors), now)


def find_fault(checks: Checks, state: RobotState, now: float) -> Fault | None:
    """Return why a robot in this state must not run at `now` [s], or None.

    A robot that cannot measure its attitude says so with an infinite tilt limit.
    """
    if state.faults:
        return Fault(FaultKind.ROBOT, ", ".join(state.faults))
    age = now - state.time
    if not abs(age) <= checks.state_age.limit:
        return Fault(FaultKind.STALE, f"state is {age:.3f} s old, limit {checks.state_age.limit:.3f} s")
    if math.isinf(checks.tilt.limit):
        return None
    if not abs(math.hypot(*state.quaternion.tolist()) - 1.0) <= checks.attitude.limit:
        return Fault(FaultKind.STATE, f"attitude {state.quaternion.tolist()} is no unit quaternion")
    tilt = tilt_angle(state.quaternion)
    if not tilt <= checks.tilt.limit:
        return Fault(FaultKind.TILT, f"{math.degrees(tilt):.0f} deg, limit {math.degrees(checks.tilt.limit):.0f} deg")
    return None


def tilt_angle(quaternion: FloatArray) -> float:
    """Return the angle between the body's and the world's z axis [rad] of a unit quaternion wxyz (4,)."""
    _, x, y, _ = quaternion.tolist()
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))


def _check_limits(spec: RobotSpec) -> None:
    limits, count = spec.limits, len(spec.motors)
    if not len(limits.velocity_low) == len(limits.velocity_high) == count:
        raise ValueError(f"robot {spec.name}: expected {count} velocity limits, one per motor")
    for motor, low, high in zip(spec.motors, limits.velocity_low, limits.velocity_high, strict=True):
        if not -math.inf < low <= 0.0 <= high < math.inf:
            raise ValueError(f"robot {spec.name}: limits of {motor} must be finite and allow 0, got [{low}, {high}]")
    checks = (spec.checks.slew.limit, spec.checks.tilt.limit, spec.checks.state_age.limit)
    if not all(limit > 0.0 for limit in checks):
        raise ValueError(f"robot {spec.name}: slew, tilt and state_age must be positive, got {checks}")
