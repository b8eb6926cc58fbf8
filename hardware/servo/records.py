"""What servo and plan process tell each other, as flat records: every cycle one way, orders the other way.

Numbers are float64 in a fixed layout that follows from the robot's spec; text comes behind them. What does not fit the
layout, or is out of range, is refused with a reason.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from hardware.feedback import Feedback
from hardware.guard.checks import Trip
from hardware.guard.state_machine import TARGETS, Mode
from hardware.limits import Severity
from hardware.robot import AVERAGED, CommandMode, FloatArray, RobotCommand, RobotState
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.servo import ServoReport
from hardware.spec import RobotSpec

KNOTS = 64
"""Most knots of a schedule."""
FOLLOWING = 8
"""Most knots of it that follow the state."""
TEXT = 1024
"""Most bytes of text behind the numbers of a cycle."""
LEAVING = -1
"""In place of an order's number: nobody is obeyed any more, the robot is taken down."""
_MODES, _RUNGS, _COMMANDS = tuple(Mode), tuple(Rung), tuple(CommandMode)
_REQUESTS = (*TARGETS, Mode.ESTOP)


class BadRecord(ValueError):
    """A record is not one of ours."""


@dataclass(frozen=True)
class Cycle:
    """One servo cycle as it is told."""

    time: float
    """Host clock at which it acted [s]."""
    late: float
    """How late it began [s]."""
    state: RobotState
    report: ServoReport
    order: int = 0
    """Number of the order it obeyed; LEAVING once the process lets go of the robot."""


@dataclass(frozen=True)
class Order:
    """What the plan process wants; the newest one counts."""

    published: float
    """Host clock [s]; an order that is not renewed loses its force."""
    request: Mode
    """PASSIVE, DAMP, STAND, RUN, SIT_DOWN or ESTOP."""
    requests: int = 0
    """The request is made whenever this grows: the same one may be made again."""
    resets: int = 0
    """Faults are reset whenever this grows."""
    stops: int = 0
    """An emergency stop is made whenever this grows, whatever was requested since: no order may be read in between."""
    schedule: ActionSchedule | None = None
    refused: str | None = None
    """Why there is no schedule, although one was sent."""


class CycleLayout:
    """Where each number of a cycle is."""

    def __init__(self, spec: RobotSpec) -> None:
        motors, feet, judged, actions = len(spec.motors), len(spec.feet), len(spec.judged), len(spec.actions)
        sizes = {"head": _HEAD, "position": 3, "quaternion": 4, "velocity": 3, "gyro": 3, "accelerometer": 3}
        sizes |= dict.fromkeys((*_PER_MOTOR, *_SENT), motors) | {"sent_walk": actions}
        sizes |= {"foot_force": feet, "judged": judged, "stride": actions, "action": actions}
        sizes |= {"averaged": len(AVERAGED)}
        ends = itertools.accumulate(sizes.values())
        self._at = {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}
        self._count = sum(sizes.values())
        self._buffer = np.full(self._count, np.nan)

    @property
    def capacity(self) -> int:
        """Most bytes of a record."""
        return 8 * self._count + TEXT

    def pack(self, cycle: Cycle) -> bytes:
        """Return a cycle as a record."""
        state, report, numbers, at = cycle.state, cycle.report, self._buffer, self._at
        sent, action = report.sent, report.action
        numbers[:_HEAD] = (
            *_scalars(state),
            *(cycle.time, cycle.late, report.plan_age, _MODES.index(report.mode), _RUNGS.index(report.rung)),
            math.nan if sent is None else _COMMANDS.index(sent.mode),
            cycle.order,
        )
        for name in _VECTORS:
            numbers[at[name]] = getattr(state, name)
        numbers[at["judged"]] = state.judged or math.nan
        numbers[at["action"]] = math.nan if action is None else action
        for name in _SENT:
            numbers[at[name]] = math.nan if sent is None else getattr(sent, name[5:])
        fault = report.fault
        told = "" if fault is None else f"{fault.check}\t{fault.severity.value}\t{fault.detail}"
        text = "\n".join((told, *state.faults)) if told or state.faults else ""
        return numbers.tobytes() + text.encode()[:TEXT]

    def check(self, state: RobotState) -> None:
        """Raise ValueError unless all that a state says is of the robot's size, or unknown."""
        for name, value in zip(_SCALARS, _scalars(state), strict=True):
            if not isinstance(value, int | float):
                raise ValueError(f"{name}: expected a number, got {value}")
        for name in _VECTORS:
            size, shape = self._at[name].stop - self._at[name].start, getattr(state, name).shape
            if shape not in ((size,), (1,)):
                raise ValueError(f"{name}: expected {size} numbers, got shape {shape}")

    def unpack(self, record: bytes) -> Cycle:
        """Return the cycle of a record; raises BadRecord when it has another size."""
        size, at = 8 * self._count, self._at
        if not size <= len(record) <= size + TEXT:
            raise BadRecord(f"cycle: expected {size} bytes and text, got {len(record)}")
        numbers = np.frombuffer(record[:size]).copy()
        told, *faults = record[size:].decode(errors="replace").split("\n")
        measured: dict[str, Any] = dict(zip(_SCALARS, numbers[: len(_SCALARS)].tolist(), strict=True))
        measured |= {name: int(measured[name]) for name in _COUNTS} | {name: numbers[at[name]] for name in _VECTORS}
        state = RobotState(**measured, faults=tuple(faults), judged=tuple(numbers[at["judged"]].tolist()))
        time, late, age, mode, rung, sent, order = numbers[len(_SCALARS) : _HEAD].tolist()
        action, fault = numbers[at["action"]], told.split("\t")
        report = ServoReport(
            action=None if np.isnan(action).all() else action,
            rung=_RUNGS[int(rung)],
            plan_age=age,
            reasons=(),
            fault=Trip(fault[0], Severity(fault[1]), fault[2]) if len(fault) == 3 else None,
            mode=_MODES[int(mode)],
            sent=None if math.isnan(sent) else self._command(numbers, _COMMANDS[int(sent)], time),
        )
        return Cycle(time, late, state, report, int(order))

    def _command(self, numbers: FloatArray, mode: CommandMode, time: float) -> RobotCommand:
        position, velocity, torque, kp, kd, walk = (numbers[self._at[name]] for name in _SENT)
        return RobotCommand(mode, position, velocity, torque, kp, kd, time, walk)


_SCALARS = ("seq", "time", "battery", "charge", "tick", "bad_packets", "foreign_commands", "gait_phase", "ready")
_HEAD = len(_SCALARS) + 7
_scalars = attrgetter(*_SCALARS)
_COUNTS = ("seq", "bad_packets", "foreign_commands")
_PER_MOTOR = ("motor_position", "motor_velocity", "motor_torque", "motor_temperature", "back_emf", "lost")
_COMPUTED = ("stride", "averaged")
_VECTORS = ("position", "quaternion", "velocity", "gyro", "accelerometer", *_PER_MOTOR, "foot_force", *_COMPUTED)
_SENT = ("sent_position", "sent_velocity", "sent_torque", "sent_kp", "sent_kd", "sent_walk")


class OrderLayout:
    """Orders for a robot with so many numbers per action."""

    def __init__(self, spec: RobotSpec) -> None:
        self._actions = len(spec.actions)
        self._followed = 2 + self._actions, len(spec.channels)

    @property
    def capacity(self) -> int:
        """Most bytes of a record."""
        return 8 * (_ORDER_HEAD + KNOTS * self._actions + FOLLOWING * math.prod(self._followed))

    def pack(self, order: Order) -> bytes:
        """Return an order as a record.

        Raises:
            ValueError: the schedule is longer than KNOTS, follows more of them than FOLLOWING or another state, or
                nobody can ask for the mode.
        """
        schedule = order.schedule
        if schedule is not None and schedule.actions.shape not in {(n, self._actions) for n in range(1, KNOTS + 1)}:
            expected = f"up to {KNOTS} knots of {self._actions} numbers"
            raise ValueError(f"order: expected {expected}, got {schedule.actions.shape}")
        counts = (order.requests, order.resets, order.stops)
        head = [order.published, float(_REQUESTS.index(order.request)), *map(float, counts)]
        if schedule is None:
            return np.array([*head, *[0.0] * _SCHEDULE_HEAD]).tobytes()
        followed, first = self._rows(schedule.feedback), 0 if schedule.feedback is None else schedule.feedback.first
        head += [float(len(schedule.actions)), schedule.start, schedule.step, schedule.expires]
        head += [float(len(followed)), float(first)]
        return np.concatenate([head, schedule.actions.ravel(), followed.ravel()]).tobytes()

    def _rows(self, feedback: Feedback | None) -> FloatArray:
        """Return predicted states and gains side by side (K, 2 + A, S); ValueError when there is no room for them."""
        if feedback is None:
            return np.empty((0, *self._followed))
        rows = np.concatenate([feedback.states, feedback.gains], axis=1)
        if rows.shape not in {(n, *self._followed) for n in range(FOLLOWING + 1)}:
            expected = f"up to {FOLLOWING} knots of {self._followed} numbers"
            raise ValueError(f"order: feedback: expected {expected}, got {rows.shape}")
        return rows

    def unpack(self, record: bytes) -> Order:
        """Return the order of a record; a schedule that is rubbish is left out, for the request beside it may matter.

        Raises:
            BadRecord: what is requested is rubbish.
        """
        if len(record) % 8 or len(record) < 8 * _ORDER_HEAD:
            raise BadRecord(f"order: expected at least {_ORDER_HEAD} numbers, got {len(record)} bytes")
        numbers = np.frombuffer(record).copy()
        published, request, *counts = numbers[:_REQUEST_HEAD].tolist()
        if not math.isfinite(published) or request not in range(len(_REQUESTS)):
            raise BadRecord(f"order: expected a time and a known request, got {published}, {request}")
        if not all(math.isfinite(count) and count == int(count) >= 0 for count in counts):
            raise BadRecord(f"order: expected whole numbers of requests, resets and stops, got {counts}")
        requests, resets, stops = map(int, counts)
        schedule, refused = None, None
        try:
            schedule = self._schedule(numbers[_REQUEST_HEAD:])
        except ValueError as error:
            refused = f"order: {error}"
        return Order(published, _REQUESTS[int(request)], requests, resets, stops, schedule, refused)

    def _schedule(self, numbers: FloatArray) -> ActionSchedule | None:
        """Return the schedule behind a request, if there is one; ValueError when it is rubbish."""
        if not np.isfinite(numbers).all():
            raise ValueError("a number is not finite")
        knots, start, step, expires, followed, first = numbers[:_SCHEDULE_HEAD].tolist()
        numbers, row = numbers[_SCHEDULE_HEAD:], math.prod(self._followed)
        known = knots in range(KNOTS + 1) and followed in range(FOLLOWING + 1) and first in range(KNOTS + 1)
        if not known or len(numbers) != int(knots) * self._actions + int(followed) * row:
            expected = f"{knots:g} knots of {self._actions} numbers, {followed:g} of them with {row} more"
            raise ValueError(f"expected {expected}, got {len(numbers)} numbers")
        if not knots:
            return None
        actions, rows = np.split(numbers, [int(knots) * self._actions])
        rows = rows.reshape(-1, *self._followed)
        feedback = Feedback(rows[:, :2], rows[:, 2:], int(first)) if len(rows) else None
        return ActionSchedule(start, step, actions.reshape(-1, self._actions), expires, feedback)


_REQUEST_HEAD = 5
_SCHEDULE_HEAD = 6
_ORDER_HEAD = _REQUEST_HEAD + _SCHEDULE_HEAD
