"""The servo process: owns driver, embodiment and guard, and runs them at the servo rate on absolute deadlines.

It reads the newest order from shared memory and writes every cycle there; it waits for nobody. When orders stop, the
robot is held and then damped; when the parent dies, or on SIGTERM, it sits down and is damped; after an exception it is
damped at once. docs/safety.md says how soon.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import multiprocessing
import os
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from types import FrameType
from typing import Protocol, runtime_checkable

from hardware.clock import Clock, WallClock
from hardware.embodiment import rest_action
from hardware.estimation.legged import StateEstimation
from hardware.guard.state_machine import UPRIGHT, Mode
from hardware.robot import Robot, RobotError, RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.records import LEAVING, BadRecord, Cycle, CycleLayout, Order, OrderLayout
from hardware.servo.rights import RealtimeSettings, obtain
from hardware.servo.ring import RecordRing
from hardware.servo.servo import Servo, ServoReport
from hardware.servo.statistics import LoopTimes

WIRE_HEAD = struct.Struct("<cd")
"""Before a message in the ring of the wire: R for received or S for sent, and the host clock [s]."""
EVENT_BYTES = 2048
WIRE_BYTES = 4096
SLOWING = 0.8
"""How long a robot that runs rests in its gait before it stands [s]: four steps of a Go2's trot."""
FAREWELL = 0.3
"""How long damping is streamed before the process lets go [s]."""
LONGEST_FAREWELL = 8.0
"""After this long a robot that is still not down is damped where it is [s]."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@runtime_checkable
class Wired(Protocol):
    """A driver that keeps the newest messages as they were on the wire."""

    received: bytes
    sent: bytes


@dataclass(frozen=True)
class Rings:
    """Names of the shared memory between the processes."""

    orders: str
    cycles: str
    events: str
    wire: str


@dataclass(frozen=True)
class ServoJob:
    """What a servo process needs to begin."""

    make_robot: Callable[[Clock], Robot]
    """Builds the driver; a function of a module, with `functools.partial` where it needs arguments."""
    origin: float
    """Of the host clock that both processes share: a value of `time.monotonic()` [s]."""
    rings: Rings
    realtime: RealtimeSettings = field(default_factory=RealtimeSettings)
    lease: float = 0.25
    """Time for which a schedule is played after it was published [s], if its own expiry is not sooner."""
    estimated: bool = False
    """The plan is told estimated positions and velocities, because nothing outside the robot measures them."""


def run(job: ServoJob) -> None:
    """Be the servo process: returns, or ends it with an exception, when the robot is left safe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who sends SIGTERM
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    with contextlib.ExitStack() as stack:
        names = (job.rings.orders, job.rings.cycles, job.rings.events, job.rings.wire)
        orders, cycles, events, wire = (stack.enter_context(RecordRing.attach(name)) for name in names)
        try:
            _Loop(job, orders, cycles, events, wire).run()
        except RobotError as error:
            tell(events, "fault", str(error))
        except BaseException as error:
            tell(events, "crash", f"{type(error).__name__}: {error}")
            raise


def tell(events: RecordRing, kind: str, what: object) -> None:
    """Append an event, a line of JSON; too long a text is cut."""
    line = json.dumps({"time": time.monotonic(), "kind": kind, "what": what})
    if len(line.encode()) > events.capacity:
        line = json.dumps({"time": time.monotonic(), "kind": kind, "what": f"{what}"[: events.capacity // 8]})
    events.append(line.encode())


def obey(servo: Servo, order: Order, before: Order, state: RobotState, now: float, lease: float) -> bool:
    """Do what an order says beyond the one before it; True when the robot was armed for it.

    Raises:
        RobotError: the robot is not ready.
    """
    guard, armed = servo.guard, False
    if order.resets > before.resets:
        guard.reset(state, now)
    off = guard.mode is Mode.PASSIVE
    if order.stops > before.stops:
        guard.request(Mode.ESTOP)
    elif order.requests > before.requests and not (off and guard.fault is not None):  # a fault keeps motors off
        armed = off and order.request is not Mode.PASSIVE
        if armed:
            servo.arm()
        guard.request(order.request)
    if order.schedule is not None:
        servo.publish(replace(order.schedule, expires=min(order.schedule.expires, order.published + lease)))
    return armed


class Departure:
    """Takes a robot down, if its motors are not off already: one that runs slows down first, then stands, then sits.

    Stopped in a wild stride it could fall over its own feet.
    """

    def __init__(self, servo: Servo) -> None:
        self._servo = servo
        self._begun: float | None = None

    def step(self, now: float) -> None:
        """Do what is due at a time of the host clock [s]; to be called every cycle."""
        servo, mode = self._servo, self._servo.guard.mode
        if self._begun is None:
            self._begun = now
            rest = rest_action(servo.spec)[None]
            servo.publish(ActionSchedule(now, SLOWING, rest, now + 2.0 * SLOWING))
        slow = mode is not Mode.RUN or now - self._begun >= SLOWING
        if slow and mode is not Mode.PASSIVE:
            servo.guard.request(Mode.DAMP)


class _Loop:
    """The cycles, from connecting to letting go."""

    def __init__(
        self, job: ServoJob, orders: RecordRing, cycles: RecordRing, events: RecordRing, wire: RecordRing
    ) -> None:
        self._job = job
        self._orders, self._cycles, self._events, self._wire = orders, cycles, events, wire
        self._clock = WallClock(job.origin)
        parent = multiprocessing.parent_process()
        self._parent = os.getppid() if parent is None else parent.pid
        robot = job.make_robot(self._clock)
        spec = robot.spec
        self._servo = Servo(robot, estimation=StateEstimation(spec) if job.estimated else None)
        self._departure = Departure(self._servo)
        self._period = 1.0 / spec.servo_hz
        self._order_layout, self._cycle_layout = OrderLayout(spec), CycleLayout(spec)
        self._times = LoopTimes()
        self._number, self._order = 0, Order(0.0, Mode.PASSIVE)
        self._leaving: str | None = None
        self._refused, self._start = 0, 0.0
        self._said: tuple[object, ...] = ()
        signal.signal(signal.SIGTERM, self._on_sigterm)

    def run(self) -> None:
        """Connect, cycle until there is a reason to leave, leave the robot damped."""
        servo = self._servo
        try:
            with servo:
                tell(self._events, "connected", servo.spec.name)
                for right in obtain(self._job.realtime):
                    tell(self._events, "right", asdict(right))
                self._cycle_until_left()
        finally:
            tell(self._events, "statistics", self._times.figures())
            tell(self._events, "left", self._leaving or "by an error")

    def _cycle_until_left(self) -> None:
        self._start, cycle, end = self._clock.now(), 0, math.inf
        while self._clock.now() < end:
            due = self._start + cycle * self._period
            self._clock.sleep_until(due)
            report = self._cycle(due)
            if self._leaving is None and os.getppid() != self._parent:
                self._leaving = "the parent died"
            if self._leaving is not None:
                down = report.mode not in UPRIGHT
                end = min(end, self._clock.now() + (FAREWELL if down else LONGEST_FAREWELL))
            newest = math.floor((self._clock.now() - self._start) / self._period)
            self._times.skipped += max(0, newest - cycle - 1)
            cycle = max(cycle + 1, newest)

    def _cycle(self, due: float) -> ServoReport:
        begun = self._clock.now()
        late, servo = begun - due, self._servo
        state, now = servo.observe(), self._clock.now()
        leaving = self._leaving is not None  # once a cycle: a signal may come in the middle of it
        if leaving:
            self._departure.step(now)
        elif self._obey(state, now):  # arming takes time: the beat begins anew
            state, now = servo.observe(), self._clock.now()
            self._start += now - begun
            begun = now
        report = servo.act(now, late)
        number = LEAVING if leaving else self._number
        self._cycles.append(self._cycle_layout.pack(Cycle(now, late, state, report, number)))
        if isinstance(servo.robot, Wired):
            for kind, message in ((b"R", servo.robot.received), (b"S", servo.robot.sent)):
                self._wire.append(WIRE_HEAD.pack(kind, now) + message)
        self._announce(report)
        self._times.cycles += 1
        self._times.overruns += late > self._period
        self._times.lateness.add(late)
        if report.mode is Mode.RUN:
            self._times.plan_age.add(now - self._order.published)
        self._times.work.add(self._clock.now() - begun)
        return report

    def _obey(self, state: RobotState, now: float) -> bool:
        """Take the newest order, if it is one; True when the robot was armed."""
        found = self._orders.newest()
        if found is None or found[0] == self._number:
            return False
        number, record = found
        try:
            order = self._order_layout.unpack(record)
        except BadRecord as error:
            if number != self._refused:
                self._refused = number
                self._refuse(str(error))
            return False
        if order.refused is not None:
            self._refuse(order.refused)
        self._number, before, self._order = number, self._order, order
        armed = obey(self._servo, order, before, state, now, self._job.lease)
        if (order.requests, order.resets, order.stops) != (before.requests, before.resets, before.stops):
            guard = self._servo.guard
            fault = None if guard.fault is None else str(guard.fault)
            tell(self._events, "request", {"target": order.request.value, "mode": guard.mode.value, "fault": fault})
        return armed

    def _refuse(self, why: str) -> None:
        self._times.refused += 1
        tell(self._events, "refused", why)

    def _announce(self, report: ServoReport) -> None:
        """Say what changed: the mode, the fault, which checks trip."""
        said = (report.mode, report.fault, tuple((trip.check, trip.severity) for trip in report.trips))
        if said != self._said:
            self._said = said
            trips = [f"{trip.severity.value} {trip}" for trip in report.trips]
            fault = None if report.fault is None else str(report.fault)
            tell(self._events, "mode", {"mode": report.mode.value, "fault": fault, "trips": trips})

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        self._leaving = self._leaving or ("asked to" if os.getppid() == self._parent else "the parent died")
