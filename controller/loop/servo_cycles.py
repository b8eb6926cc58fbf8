"""The servo's beat: cycles on absolute deadlines, and what they hand to the plan loop at each tick boundary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller.loop.timing import Journal
from hardware import embodiment
from hardware.clock import Beat, Clock
from hardware.guard.state_machine import UPRIGHT, Mode
from hardware.robot import FloatArray, RobotState
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.servo import Servo, ServoReport
from hardware.signs import CycleSeen

FIRST_PLAN_TICKS = 10
"""Ticks for which an armed robot rests while the first plan is made; after that it is damped."""
OFF_TIME = 0.2
"""Share of a period by which a tick boundary may be late before the ticks it parts are no clean transitions to learn
from. Cycles within a tick only renew its action: when they come does not matter."""

LONGEST_SINKING = 3.0
"""Time after which a robot that was to sit down at once is damped where it is [s]."""


@dataclass(frozen=True)
class Boundary:
    """What the servo hands over at the start of a tick."""

    tick: int
    time: float
    """Host clock at which the tick was due [s]."""
    state: RobotState
    applied: FloatArray | None
    """The action (A,) given on time over the whole tick that just ended; None when there was not one."""
    report: ServoReport | None
    """The last servo cycle before the boundary; None at the first tick."""
    cycles: Sequence[CycleSeen] = ()
    """Those of the tick that just ended."""


class Metronome:
    """Runs servo cycles and remembers what was played since the last tick boundary."""

    def __init__(self, servo: Servo, clock: Clock, journal: Journal, start: float) -> None:
        self._servo, self._clock, self._journal = servo, clock, journal
        self.beat = Beat(clock, servo.spec.servo_hz, start)
        """Of the cycles; tick 0 is at its start."""
        self._per_tick = journal.settings.cycles_per_tick(servo.spec)
        self._varied = journal.settings.varied
        self._largest_delay = OFF_TIME * journal.settings.period
        self._tick = self._cycle = -1
        self._late = 0.0
        self._played: list[ServoReport] = []
        self._states: list[RobotState] = []
        self._on_time = False

    def observe(self, cycle: int) -> Boundary | None:
        """Read the robot; return what the plan loop needs when this is the first cycle of a tick that was run."""
        now = self._clock.now()
        self._late, self._cycle = now - self.beat.due(cycle), cycle
        state = self._servo.observe()
        tick = cycle // self._per_tick
        if tick == self._tick:
            self._states.append(state)
            return None
        due = self.beat.due(tick * self._per_tick)
        begun_on_time = now - due <= self._largest_delay
        applied = applied_action(self._played, self._varied) if self._on_time and begun_on_time else None
        seen = [CycleSeen(s, report.sent) for s, report in zip(self._states, self._played, strict=False)]
        boundary = Boundary(tick, due, state, applied, self._played[-1] if self._played else None, seen)
        self._tick, self._played, self._states, self._on_time = tick, [], [state], begun_on_time
        return boundary

    def act(self) -> ServoReport:
        """Play the newest schedule."""
        report = self._servo.act(self._clock.now())
        self._played.append(report)
        self._journal.add_cycle(report, self._late)
        return report

    def sink(self) -> None:
        """Let the robot sit down at once, cycle after cycle until it is down; others slow down and stand first."""
        self._servo.request(Mode.SIT_DOWN)
        end = self._clock.now() + LONGEST_SINKING
        while self._clock.now() < end and self._servo.mode in UPRIGHT and self.act().fault is None:
            cycle = self.beat.after(self._cycle)
            self.beat.sleep_until(cycle)
            self.observe(cycle)

    def damp(self) -> None:
        """Brake the robot at once."""
        self._servo.robot.damp()


def arm(servo: Servo, clock: Clock, journal: Journal) -> Metronome:
    """Arm the robot and let it rest until the first plan; tick 0 is now. Raises RobotError where it is not ready."""
    servo.arm()
    servo.observe()  # a simulated robot catches up with the clock here, not in the first cycle
    start, period = clock.now(), journal.settings.period
    rest = np.tile(embodiment.rest_action(servo.spec), (FIRST_PLAN_TICKS, 1))
    servo.publish(ActionSchedule(start, period, rest, start + FIRST_PLAN_TICKS * period))
    return Metronome(servo, clock, journal, start)


class Mailbox:
    """Holds the newest boundary; an older one that nobody took is dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: Boundary | None = None
        self._closed = False

    def put(self, boundary: Boundary) -> None:
        """Leave a boundary for the plan loop."""
        with self._changed:
            self._newest = boundary
            self._changed.notify()

    def take(self) -> Boundary | None:
        """Wait for a boundary that was not taken yet; None when the servo has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._newest is not None)
            newest, self._newest = self._newest, None
            return None if self._closed else newest

    def close(self) -> None:
        """Say that no more boundaries come."""
        with self._changed:
            self._closed = True
            self._changed.notify()


def drive(metronome: Metronome, mailbox: Mailbox, stop: threading.Event) -> None:
    """Run servo cycles until `stop` is set or the guard reports a fault; the body of the servo thread.

    However it ends, the robot is damped without waiting for the plan loop. Raises RobotError where it does not answer.
    """
    cycle = 0
    try:
        while not stop.is_set():
            metronome.beat.sleep_until(cycle)
            boundary = metronome.observe(cycle)
            if metronome.act().fault is not None:
                return
            if boundary is not None:
                mailbox.put(boundary)
            cycle = metronome.beat.after(cycle)
    finally:
        metronome.damp()
        mailbox.close()


def applied_action(played: list[ServoReport], varied: bool) -> FloatArray | None:
    """Return the action (A,) that every cycle gave as planned, their mean where it is meant to vary, or None."""
    actions = [report.action for report in played if report.action is not None and report.rung is Rung.PLAN]
    if not played or len(actions) < len(played):
        return None
    if all(np.array_equal(action, actions[0]) for action in actions):
        return actions[0]
    return np.asarray(np.mean(actions, axis=0)) if varied else None
