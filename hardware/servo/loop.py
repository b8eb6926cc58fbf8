"""The servo process: owns driver, embodiment and guard, and runs them at the servo rate on absolute deadlines.

It reads the newest order from shared memory and writes every cycle there; it waits for nobody. When orders stop, the
robot is held and then damped; when the parent dies, or on SIGTERM, it sits down and is damped; after an exception it is
damped at once. docs/safety.md says how soon.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from hardware.clock import Beat, Clock, WallClock
from hardware.estimation.legged import StateEstimation
from hardware.guard.state_machine import UPRIGHT, Mode
from hardware.processes import end_with_parent, stand_alone
from hardware.robot import Robot, RobotError
from hardware.servo.exchange import Rings, Teller, tell
from hardware.servo.orders import Departure, Inbox
from hardware.servo.records import LEAVING, Cycle
from hardware.servo.rights import RealtimeSettings, obtain
from hardware.servo.ring import RecordRing, attach_all
from hardware.servo.servo import Servo, ServoReport
from hardware.servo.statistics import LoopTimes

FAREWELL = 0.3
"""How long damping is streamed before the process lets go [s]."""
LONGEST_FAREWELL = 8.0
"""After this long a robot that is still not down is damped where it is [s]."""


@dataclass(frozen=True)
class ServoJob:
    """What a servo process needs to begin."""

    make_robot: Callable[[Clock], Robot]
    """Builds the driver; a function of a module, with `functools.partial` where it needs arguments."""
    origin: float
    """Of the host clock that both processes share: a value of `uptime()` [s]."""
    rings: Rings[str]
    """Names of the shared memory between the processes."""
    realtime: RealtimeSettings = field(default_factory=RealtimeSettings)
    lease: float = 0.25
    """Time for which a schedule is played after it was published [s], if its own expiry is not sooner."""
    estimated: bool = False
    """The plan is told estimated positions and velocities, because nothing outside the robot measures them."""


def run(job: ServoJob) -> None:
    """Be the servo process: returns, or ends it with an exception, when the robot is left safe."""
    end_with_parent()
    with attach_all(*job.rings) as attached:
        rings = Rings(*attached)
        try:
            _Loop(job, rings).run()
        except RobotError as error:
            tell(rings.events, "fault", str(error))
        except BaseException as error:
            tell(rings.events, "crash", f"{type(error).__name__}: {error}")
            raise


class _Loop:
    """The cycles, from connecting to letting go."""

    def __init__(self, job: ServoJob, rings: Rings[RecordRing]) -> None:
        self._job, self._events = job, rings.events
        self._clock = WallClock(job.origin)
        parent = multiprocessing.parent_process()
        self._parent = os.getppid() if parent is None else parent.pid
        robot = job.make_robot(self._clock)
        self._servo = Servo(robot, estimation=StateEstimation(robot.spec) if job.estimated else None)
        self._inbox, self._departure = Inbox(self._servo, rings, job.lease), Departure(self._servo)
        self._teller, self._times = Teller(robot, rings), LoopTimes(1.0 / robot.spec.servo_hz)
        self._leaving: str | None = None
        stand_alone(self._ask)  # Ctrl-C is for the parent, who sends SIGTERM

    def run(self) -> None:
        """Connect, cycle until there is a reason to leave, leave the robot damped."""
        try:
            with self._servo as servo:
                tell(self._events, "connected", servo.spec.name)
                for right in obtain(self._job.realtime):
                    tell(self._events, "right", asdict(right))
                self._cycle_until_left()
        finally:
            tell(self._events, "statistics", self._times.figures() | {"refused": self._inbox.refused})
            tell(self._events, "left", self._leaving or "by an error")

    def _cycle_until_left(self) -> None:
        """Keep the beat; once there is a reason to leave, only until the robot is down and damped, or time is up."""
        self._beat = Beat(self._clock, self._servo.spec.servo_hz, self._clock.now())
        cycle, end = 0, math.inf
        while self._clock.now() < end:
            self._beat.sleep_until(cycle)
            report = self._cycle(self._beat.due(cycle))
            if self._leaving is None and os.getppid() != self._parent:
                self._leaving = "the parent died"
            if self._leaving is not None:
                down = report.mode not in UPRIGHT
                end = min(end, self._clock.now() + (FAREWELL if down else LONGEST_FAREWELL))
            after = self._beat.after(cycle)
            self._times.skipped += after - cycle - 1
            cycle = after

    def _cycle(self, due: float) -> ServoReport:
        """Read, act, tell: none of the three waits for another process.

        A state is read before anything is decided on it; whatever orders say, what goes to the robot is one command
        that the guard let through; others are told when the robot has it, so that they cannot make it late.
        """
        begun = self._clock.now()
        late, servo = begun - due, self._servo

        # Read: the robot, then at most one order, or how far the robot is on its way down.
        state, now = servo.observe(), self._clock.now()
        leaving = self._leaving is not None  # once a cycle: a signal may come in the middle of it
        if leaving:
            self._departure.step(now)
        elif self._inbox.step(state, now):  # arming takes time: the beat begins anew
            state, now = servo.observe(), self._clock.now()
            self._beat, begun = replace(self._beat, start=self._beat.start + now - begun), now

        # Act: play the newest schedule, as far as the guard allows.
        report = servo.act(now, late)

        # Tell: the cycle with the number of the order behind it, and how well time was kept.
        self._teller.tell(Cycle(now, late, state, report, LEAVING if leaving else self._inbox.number))
        plan_age = now - self._inbox.order.published if report.mode is Mode.RUN else None
        self._times.add(late, self._clock.now() - begun, plan_age)
        return report

    def _ask(self) -> None:
        self._leaving = self._leaving or ("asked to" if os.getppid() == self._parent else "the parent died")
