"""The only door to a robot: every command passes here, and what must not pass becomes holding still, then damping.

A bad or missing command matters for a moment only: the robot holds its last one, then it is damped. A bad state
(fallen, stale, hot, the robot's own fault) is a trip: a soft one makes the robot sit down, a hard one damps it at
once, and either is kept until somebody resets it. docs/safety.md says what is promised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hardware.guard.asked import Asked
from hardware.guard.bounds import Bounds, fits, is_finite
from hardware.guard.checks import Trip, Watch
from hardware.guard.posture import Move
from hardware.guard.rising import Rising
from hardware.guard.state_machine import LATCHED, UPRIGHT, Mode, StateMachine
from hardware.limits import Severity
from hardware.motors import PositionServo, VelocityServo
from hardware.robot import DRIVEN, CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec

LEASE = 0.1
"""Longest time for which a sent command stays valid [s]: a host that hangs brakes the robot this soon."""
STILL = 0.5
"""Largest motor speed at which a fault may be reset [rad/s]."""


@dataclass(frozen=True)
class Verdict:
    """What may be sent instead of what was asked for."""

    command: RobotCommand
    mode: Mode
    reasons: tuple[str, ...] = ()
    """Why `command` is not the one asked for; empty when it is."""
    fault: Trip | None = None
    """The latched fault, if there is one."""
    trips: tuple[Trip, ...] = ()
    """Every check that tripped in this cycle, those that only warn too."""
    follows: bool = False
    """`command` is the one asked for, brought within bounds."""


class _Cycle(NamedTuple):
    """What one cycle goes by."""

    state: RobotState
    now: float
    """Host clock [s]."""
    trips: tuple[Trip, ...]
    """What is wrong with the state."""


class Guard:
    """Checks states and commands once per servo cycle, and walks through the modes."""

    def __init__(self, spec: RobotSpec) -> None:
        self._spec, servo = spec, spec.servo
        self._joints = servo if isinstance(servo, PositionServo) else None
        self._bounds, self._watch, self._rising = Bounds(spec), Watch(spec), Rising(spec)
        self._machine = StateMachine(poses=self._joints is not None)
        none = np.zeros(len(spec.motors))
        self._damping = none if isinstance(servo, VelocityServo) else none + servo.damping
        self._entered = self._machine.mode
        """The mode of the last cycle: a request, a reset or a trip may have changed it since."""
        self._move: Move | Asked | None = None
        self._sent: RobotCommand | None = None
        self._last: RobotCommand | None = None
        """What the motors were told in the last cycle, driven or not."""
        self._vouched = 0.0

    @property
    def fault(self) -> Trip | None:
        """The first soft or hard trip since the last reset."""
        return self._machine.fault

    @property
    def mode(self) -> Mode:
        """What the robot is doing."""
        return self._machine.mode

    def request(self, target: Mode) -> bool:
        """Head for PASSIVE, DAMP, STAND, RUN or SIT_DOWN, or make an emergency stop; False while a fault forbids it."""
        return self._machine.request(target)

    def off(self) -> None:
        """The motors were switched off from outside; a fault is kept."""
        self._machine.mode = self._machine.target = Mode.PASSIVE
        self._bounds.forget()
        self._sent, self._move, self._last = None, None, None

    def reset(self, state: RobotState, now: float) -> tuple[str, ...]:
        """Forget the fault when the robot is well and still; returns what speaks against it, if anything does."""
        if self.fault is None:
            return ()
        against = [str(trip) for trip in self._watch.look(state, now) if trip.severity is not Severity.WARN]
        if self.mode in UPRIGHT:
            against.append(f"mode: {self.mode.value}, wait until it is damped")
        speed = float(np.abs(state.motor_velocity).max())
        if not speed <= STILL:
            against.append(f"motors turn at {speed:.3g} rad/s, limit {STILL:g}")
        if not against:
            self._machine.reset()
        return tuple(against)

    def check(self, command: RobotCommand | None, state: RobotState, now: float, late: float = 0.0) -> Verdict:
        """Return what may be sent at `now` [s], given the newest state.

        Args:
            command: what to do while running; None when there is nothing to run by.
            state: the newest one.
            now: host clock [s].
            late: how late this servo cycle began [s].
        """
        # The state: whatever trips is acted on, before anything else is asked.
        self._watch.learn(state, now, self._last, walks=self.mode is Mode.RUN)
        caught, move = self._caught(state, now), self._move
        cycle = _Cycle(state, now, (*self._watch.look(state, now, late), *caught))
        for trip in cycle.trips:
            self._machine.latch(trip)

        # The mode: one step towards what was requested, prepared for where it is a new one.
        refusal = self._refusal(command, now)
        arrived = move is None or move.arrived(state, now)
        overdue = move is None or move.overdue(now) or bool(caught)
        mode = self._machine.step(arrived=arrived, overdue=overdue, live=refusal is None)
        if mode is not self._entered:
            self._enter(mode, self._entered, state, now)
            self._entered = mode

        # The command: what the plan asks for, what the way to a pose asks for, or none.
        if mode is Mode.RUN:
            return self._run(command, refusal, cycle)
        if self._move is not None:
            return self._drive(self._move.command(now, now + LEASE), cycle, (f"mode: {mode.value}",))
        return self._still(cycle, (str(self.fault),) if self.fault is not None and mode is not Mode.PASSIVE else ())

    def _caught(self, state: RobotState, now: float) -> list[Trip]:
        """Return what is in the way of a robot on its way up or down."""
        move, sent, goes_up = self._move, self._sent, self._machine.goes_up
        if move is None or sent is None:
            return []
        if isinstance(move, Asked):
            return move.caught(self._spec.checks.stand_up, state, now) if goes_up else []
        move.follow(sent.position, state.motor_position, now)
        if self.mode is Mode.SIT_DOWN:
            return self._rising.down(move)
        return self._rising.up(move, state, now) if goes_up else []

    def _enter(self, mode: Mode, before: Mode, state: RobotState, now: float) -> None:
        """Prepare for a mode that begins now."""
        self._vouched, joints = now, self._joints
        if joints is None or mode not in {Mode.STAND_UP, Mode.STAND, Mode.SIT_DOWN}:
            self._move = None
            return
        if mode is Mode.STAND and before is Mode.STAND_UP:
            return  # it stands already
        if self._spec.own:
            way = CommandMode.SIT if mode is Mode.SIT_DOWN else CommandMode.STAND
            self._move = Asked(len(self._spec.motors), way, joints.rise_seconds, now)
            return
        sent = self._sent
        start = state.motor_position if sent is None else sent.position
        kp, kd = (np.zeros(len(start)), self._damping) if sent is None else (sent.kp, sent.kd)
        target = np.array(joints.sit if mode is Mode.SIT_DOWN else joints.stand)
        quick = self._machine.target is Mode.SIT_DOWN
        self._move = Move(joints, target, np.array(start, dtype=np.float64), kp, kd, now, quick=quick)

    def _refusal(self, command: RobotCommand | None, now: float) -> Trip | None:
        """Return why a command cannot be followed; None when it can."""
        checks, count = self._spec.checks, len(self._spec.motors)
        if command is None:
            return Trip("command_age", checks.command_age.severity, "there is none")
        if not fits(command, count, len(self._spec.actions)):
            wants, shape = (count,), command.velocity.shape
            if command.mode is CommandMode.WALK:
                wants, shape = (len(self._spec.actions),), command.walk.shape
            return Trip("finite", checks.finite.severity, f"command: expected arrays {wants}, got {shape}")
        if command.mode in DRIVEN and self._spec.own is (command.mode is CommandMode.SERVO):
            return Trip("finite", checks.finite.severity, f"command: {command.mode.value} is not for this robot")
        if not is_finite(command):
            return Trip("finite", checks.finite.severity, "command: not finite")
        if not now < command.expires:
            detail = f"command: expired {now - command.expires:.3f} s ago"
            return Trip("command_age", checks.command_age.severity, detail)
        return None

    def _run(self, command: RobotCommand | None, refusal: Trip | None, cycle: _Cycle) -> Verdict:
        """Follow a command; without a good one hold the last, then damp."""
        if command is not None and refusal is None:
            self._vouched = cycle.now
            following = command.mode in DRIVEN
            return self._drive(command, cycle, (), follows=True) if following else self._still(cycle, ())
        assert refusal is not None
        reasons = () if command is None else (refusal.detail,)
        limit, age, sent = self._spec.checks.command_age.limit, cycle.now - self._vouched, self._sent
        if refusal.check == "finite" or age >= limit:
            self._machine.latch(refusal)
        if sent is not None and self.mode is Mode.RUN and (age < limit or self.fault is not None):
            held = replace(sent, velocity=np.zeros_like(sent.velocity), expires=cycle.now + LEASE)
            held = replace(held, walk=np.zeros_like(sent.walk)) if sent.mode is CommandMode.WALK else held
            return self._drive(held, cycle, (f"hold: {age:.3f} s without a command", *reasons))
        if self._joints is not None:
            self._machine.collapse()
        return self._still(cycle, reasons)

    def _drive(self, wanted: RobotCommand, cycle: _Cycle, reasons: tuple[str, ...], follows: bool = False) -> Verdict:
        """Send a command within bounds."""
        bounded, changes = self._bounds.apply(wanted, cycle.state, cycle.now + LEASE)
        for change in changes:
            self._machine.latch(change)
        said = reasons + tuple(str(change) for change in changes)
        if not math.isfinite(bounded.position @ bounded.kp):  # a measured angle was not: it cannot be driven
            self._machine.collapse()
            return self._still(cycle, (*said, "measured angles: not finite"))
        if self.mode in LATCHED:
            return self._still(cycle, said)
        self._sent = self._last = bounded
        return Verdict(bounded, self.mode, said, self.fault, (*cycle.trips, *changes), follows)

    def _still(self, cycle: _Cycle, reasons: tuple[str, ...]) -> Verdict:
        """Send damping, or nothing to motors that are off."""
        self._bounds.forget()
        self._sent, self._move = None, None
        mode = CommandMode.OFF if self.mode is Mode.PASSIVE else CommandMode.DAMP
        damping: FloatArray | float = 0.0 if mode is CommandMode.OFF else self._damping
        self._last = command = RobotCommand.passive(mode, len(self._spec.motors), cycle.now + LEASE, damping)
        return Verdict(command, self.mode, reasons, self.fault, cycle.trips)
