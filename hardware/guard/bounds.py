"""Set-points within what a robot's motors may be asked for: ranges, change per cycle, implied torque."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hardware.guard.checks import Trip
from hardware.limits import Check, Severity
from hardware.motors import TorqueServo, VelocityServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

_FIELDS = ("position", "velocity", "torque", "kp", "kd")


class Bounds:
    """Brings commands within bounds, one after another; remembers the last one."""

    def __init__(self, spec: RobotSpec) -> None:
        limits, checks = spec.limits, spec.checks
        self._motors, self._checks = spec.motors, checks
        self._velocity = np.array(limits.velocity_low), np.array(limits.velocity_high)
        self._step = checks.slew.limit / spec.servo_hz
        self._positions = not isinstance(spec.servo, VelocityServo)
        if self._positions:
            margin, torque = checks.range.limit, np.array(limits.torque)
            none, ones = np.zeros(len(spec.motors)), np.ones(len(spec.motors))
            lowest, highest = np.array(limits.position_low) + margin, np.array(limits.position_high) - margin
            if isinstance(spec.servo, TorqueServo):  # no angle is asked for, and none is bounded
                lowest = highest = none
            low = (lowest, self._velocity[0], -torque, none, none)
            high = (highest, self._velocity[1], torque, limits.kp * ones, limits.kd * ones)
            self._low, self._high, self._most = np.array(low), np.array(high), checks.torque.limit * torque
        self._actions = tuple(action.name for action in spec.actions)
        self._walk = np.array([(action.low, action.high) for action in spec.actions]).T
        self._last = self._none = np.zeros(len(spec.actions) if spec.own else len(spec.motors))
        self._driven = False

    def forget(self) -> None:
        """The motors are not driven now: the next command starts from where they are measured, or from rest."""
        self._last, self._driven = self._none, False

    def apply(
        self, command: RobotCommand, state: RobotState, until: float = math.inf
    ) -> tuple[RobotCommand, list[Trip]]:
        """Return the command within bounds, and what had to be changed.

        Args:
            command: set-points (n_motors,) that are finite.
            state: the newest one; a joint's way to its set-point begins there, and torque follows from it.
            until: host clock after which no command lasts [s].
        """
        trips: list[Trip] = []
        expires = min(command.expires, until)
        if command.mode is not CommandMode.SERVO:  # a controller of the robot's own does it
            return replace(self._bound(command, trips), expires=expires), trips
        if not self._positions:
            within = np.minimum(np.maximum(command.velocity, self._velocity[0]), self._velocity[1])
            self._say("range", "velocity", command.velocity, within, trips)
            self._last = velocity = self._slew("velocity", within, self._last, trips)
            return RobotCommand.speeds(velocity.copy(), expires), trips

        # Range: every number within its ends.
        asked = np.array((command.position, command.velocity, command.torque, command.kp, command.kd))
        within = np.maximum(asked, self._low)
        np.minimum(within, self._high, out=within)
        if within.tobytes() != asked.tobytes():  # the quickest way to see that nothing was changed
            for what, before, after in zip(_FIELDS, asked, within, strict=True):
                self._say("range", what, before, after, trips)

        # Change: from the last set-point, or from where the joint is when nothing was driven before.
        origin = self._last
        if not self._driven:
            origin = np.minimum(np.maximum(state.motor_position, self._low[0]), self._high[0])
        position = self._slew("position", within[0], origin, trips)
        self._last, self._driven = position, True

        # Torque: what all of it asks of a motor now.
        bounded = RobotCommand(command.mode, position, within[1], within[2], within[3], within[4], expires)
        return self._soften(bounded, state, trips), trips

    def _bound(self, command: RobotCommand, trips: list[Trip]) -> RobotCommand:
        """Bring a velocity of the whole robot within bounds; standing and lying have none."""
        asked = RobotCommand.passive(command.mode, len(self._motors), command.expires)
        if command.mode is not CommandMode.WALK:
            self.forget()
            return asked
        within = np.clip(command.walk, *self._walk)
        self._say("range", "walk", command.walk, within, trips)
        self._last = walk = self._slew("walk", within, self._last, trips)
        return replace(asked, walk=walk)

    def _slew(self, what: str, wanted: FloatArray, origin: FloatArray, trips: list[Trip]) -> FloatArray:
        near = origin - self._step
        np.maximum(wanted, near, out=near)
        np.minimum(near, origin + self._step, out=near)
        if near.tobytes() != wanted.tobytes():
            self._say("slew", what, wanted, near, trips)
        return near

    def _soften(self, command: RobotCommand, state: RobotState, trips: list[Trip]) -> RobotCommand:
        """Scale a motor's gains and feed-forward down together where they would ask for too much torque now."""
        if self._checks.torque.severity is Severity.OFF:
            return command
        asked = implied_torque(command, state)
        excess = np.abs(asked)
        excess /= self._most
        if float(np.maximum.reduce(excess)) <= 1.0:
            return command
        scale = 1.0 / np.maximum(excess, 1.0)
        self._say("torque", "torque", asked, asked * scale, trips)
        return replace(command, torque=command.torque * scale, kp=command.kp * scale, kd=command.kd * scale)

    def _say(self, name: str, what: str, before: FloatArray, after: FloatArray, trips: list[Trip]) -> None:
        if (before == after).all():
            return
        check: Check = getattr(self._checks, name)
        names = self._actions if what == "walk" else self._motors
        changes = (f"{names[i]} {before[i]:.3g} -> {after[i]:.3g}" for i in np.flatnonzero(before != after))
        trips.append(Trip(name, check.severity, f"{what} of {', '.join(changes)}"))


def implied_torque(command: RobotCommand, state: RobotState) -> FloatArray:
    """Return the torque that a command asks for in this state (n_motors,) [N m], before the motors' own limits."""
    torque: FloatArray = command.position - state.motor_position
    torque *= command.kp
    damping = command.velocity - state.motor_velocity
    damping *= command.kd
    torque += damping
    torque += command.torque
    return torque


def is_finite(command: RobotCommand) -> bool:
    """Tell whether every number of a command is finite."""
    arrays = (command.position, command.velocity, command.torque, command.kp, command.kd)
    walks = command.walk if command.mode is CommandMode.WALK else ()
    return math.isfinite(command.expires) and bool(np.isfinite(np.concatenate((*arrays, walks))).all())


def fits(command: RobotCommand, count: int, actions: int) -> bool:
    """Tell whether a command has one number for each of `count` motors everywhere, and as many as `actions` to walk."""
    arrays = (command.position, command.velocity, command.torque, command.kp, command.kd)
    walks = command.mode is not CommandMode.WALK or command.walk.shape == (actions,)
    return walks and all(array.shape == (count,) for array in arrays)
