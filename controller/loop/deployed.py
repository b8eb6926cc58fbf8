"""The plan loop beside a servo process: boundaries from shared memory, schedules back through it.

The same ticks as in `controller.loop.realtime`, but the servo's beat is not ours: a tick's state is the first cycle at
or after its boundary, and what was played over a tick is read from the cycles before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from controller.jobs.interrupts import interruptible
from controller.loop.plan_loop import OnTick, PlanLoop, Planning
from controller.loop.realtime import CURE, in_real_time, sinking
from controller.loop.servo_cycles import FIRST_PLAN_TICKS, OFF_TIME, Boundary, applied_action
from controller.loop.timing import Journal, LoopResult, LoopSettings
from controller.settings.layers import ConfigError
from hardware.clock import Beat
from hardware.embodiment import rest_action
from hardware.guard.arming import Finding
from hardware.guard.state_machine import Mode
from hardware.limits import Severity
from hardware.robot import LinkLost, RobotFault
from hardware.schedule import ActionSchedule
from hardware.servo.process import ServoProcess
from hardware.servo.records import Cycle
from hardware.signs import CycleSeen
from hardware.spec import RobotSpec

LONGEST_RISE = 30.0
"""Time after which a robot that does not get up is given up [s]."""
_POLL = 0.0005
_SILENCE = 1.0
"""Without a cycle for this long the servo process counts as gone [s]."""


def run_deployed(controller: Planning, servo: ServoProcess, settings: LoopSettings, on_tick: OnTick) -> LoopResult:
    """Stand up, run, sit down; the robot is left damped and the servo process ended, whatever happens.

    As `controller.loop.realtime.run_realtime` otherwise; the servo process was not started yet. Raises ConfigError
    where plans are not made in time.
    """
    journal = Journal(settings)

    def both() -> None:
        if (found := pace(servo.spec, settings, journal.warm_up)).refused:
            raise ConfigError(f"deploy: the robot was not touched: {found}")
        with servo, interruptible():
            rise(servo, settings.period)
            boundaries = SharedBoundaries(servo, journal, servo.clock.now())
            with sinking(servo):
                PlanLoop(controller, servo, journal, boundaries.beat, on_tick).run(boundaries.take)

    return in_real_time(controller, servo.spec, journal, both)


def pace(spec: RobotSpec, settings: LoopSettings, seconds: Sequence[float]) -> Finding:
    """Compare how long ticks took while warming up [s] with the time for one; the first half, cold yet, is left out."""
    check, period = spec.arming.plans, 1e3 * settings.period
    half, most = 1e3 * np.percentile(seconds[len(seconds) // 2 :] or [math.nan], (50, 90))
    wanted, slow = (
        f"at most {check.limit * period:.3g} ms, a tick at {settings.rate_hz:g} Hz",
        most > check.limit * period,
    )
    if slow:
        wanted += f"; {CURE}"
    severity = check.severity if half > check.limit * period else Severity.WARN if slow else Severity.OFF
    found = f"half of them took {half:.3g} ms or more, a tenth {most:.3g}"
    return Finding("plans", found, wanted, severity if check.on else Severity.OFF)


def rise(servo: ServoProcess, period: float) -> None:
    """Ask to run, and rest until the robot does. Raises RobotFault where it is stopped, or does not get up in time."""
    servo.request(Mode.RUN)
    rest = np.tile(rest_action(servo.spec), (FIRST_PLAN_TICKS, 1))
    end = time.monotonic() + LONGEST_RISE
    while time.monotonic() < end:
        now = servo.clock.now()
        servo.publish(ActionSchedule(now, period, rest, now + FIRST_PLAN_TICKS * period))
        for cycle in servo.cycles():  # those before the start are of no use later
            if cycle.report.fault is not None:
                raise RobotFault(str(cycle.report.fault))
            if cycle.report.mode is Mode.RUN:
                return
        time.sleep(period / 2)
    raise RobotFault(f"robot {servo.spec.name}: expected it to stand within {LONGEST_RISE:g} s")


class SharedBoundaries:
    """Tick boundaries from the cycles that a servo process tells; also notes those in the journal."""

    def __init__(self, servo: ServoProcess, journal: Journal, start: float) -> None:
        self._servo, self._journal = servo, journal
        self._late = OFF_TIME * journal.settings.period
        self._tick = -1
        self._played: list[Cycle] = []
        self._on_time = False
        self.beat = Beat(servo.clock, journal.settings.rate_hz, start)
        """Of the ticks; the cycles before tick 0 were taken from the servo."""

    def take(self) -> Boundary | None:
        """Wait for the next boundary that time has not passed over; None after a fault. Raises LinkLost, RobotFault."""
        before = self._tick
        tick = self.beat.after(before)
        due = self.beat.due(tick)
        self.beat.sleep_until(tick)
        heard = time.monotonic()
        later: list[Cycle] = []
        while not later:
            new = self._servo.cycles()
            for cycle in new:
                self._journal.add_cycle(cycle.report, cycle.late)
                (later if cycle.time >= due else self._played).append(cycle)
            if self._journal.fault is not None:
                return None
            if new and new[-1].report.mode is not Mode.RUN:
                mode = new[-1].report.mode.value
                raise RobotFault(f"robot {self._servo.spec.name}: plans came too late, it went from run to {mode}")
            if not later:
                if time.monotonic() - heard > _SILENCE or not self._servo.alive:
                    raise LinkLost(f"robot {self._servo.spec.name}: the servo process tells nothing any more")
                time.sleep(_POLL)
        first = later[0]
        on_time = first.time - due <= self._late and tick == before + 1
        reports = [cycle.report for cycle in self._played]
        applied = applied_action(reports, self._journal.settings.varied) if on_time and self._on_time else None
        seen = [CycleSeen(cycle.state, cycle.report.sent) for cycle in self._played]
        self._tick, self._played, self._on_time = tick, later, on_time
        return Boundary(tick, due, first.state, applied, reports[-1] if reports else None, seen)
