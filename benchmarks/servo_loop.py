"""Does the servo process keep 500 Hz beside a busy plan loop? Lateness and cost of its cycles, with and without FIFO.

    python -m benchmarks.servo_loop --seconds 60

The robot is the Go2's spec with ideal joints in place of a wire, so that the cost of a cycle is that of gait, guard and
exchange. The plan loop here multiplies matrices for most of every period, as a planner does, and publishes a schedule.
Wanted: no cycle later than 10 ms with FIFO, p99 under 0.5 ms on an otherwise idle machine.

A virtual machine may itself be stopped by its host, all processors at once, and no priority helps against that; nor is
it counted in full as stolen time. So a witness runs beside: a process of higher priority that wakes up 500 times a
second and does nothing. The servo loop may be as much later than 10 ms as the witness was.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from controller.jobs.executors import pool
from controller.settings.robots import spec
from hardware.clock import Beat, Clock, WallClock
from hardware.embodiment import rest_action
from hardware.guard.state_machine import Mode
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.process import ServoProcess
from hardware.servo.rights import FIFO_PRIORITY, RealtimeSettings
from hardware.spec import RobotSpec

LATEST = 10_000.0
"""Latest that a cycle may be with FIFO [us]."""
BUSY = 0.7
"""Share of a period for which the plan loop computes."""
_PRIORITY = FIFO_PRIORITY + 10
"""Of the witness."""
_LEAD = 5.0
"""Time for which the witness goes on, for it has to start first [s]."""


@dataclass(frozen=True)
class Arguments:
    """What to run."""

    seconds: float = 20.0
    schedulers: tuple[str, ...] = ("fifo", "other")
    cpu: int | None = None
    """Processor of the servo process; the kernel's choice when not given."""


class IdealJoints:
    """A Go2 whose joints are where they were sent; implements `hardware.robot.Robot`."""

    def __init__(self, clock: Clock) -> None:
        self.spec: RobotSpec = spec("go2")
        assert isinstance(self.spec.servo, PositionServo)
        self._clock, self._angles = clock, np.array(self.spec.servo.stand)
        self._nothing, self._seq = np.zeros(len(self._angles)), 0
        self._still, self._level = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
        self._warm = np.full(len(self._angles), 40.0)

    def connect(self) -> None:
        """There is no wire."""

    def activate(self) -> None:
        """Ready."""

    def read(self) -> RobotState:
        """Return a healthy state; no sensor of a robot says the same twice."""
        self._seq += 1
        now = self._clock.now()
        noise = 1e-6 * math.sin(1e3 * now)
        return RobotState(
            seq=self._seq,
            time=now,
            position=self._still,
            quaternion=self._level + noise,
            velocity=self._still,
            gyro=self._still + noise,
            motor_position=self._angles,
            motor_velocity=self._nothing + noise,
            motor_temperature=self._warm,
            lost=self._nothing,
            battery=29.0,
            charge=0.9,
            tick=now,
        )

    def write(self, command: RobotCommand) -> RobotCommand:
        """Go there."""
        if command.mode is CommandMode.SERVO:
            self._angles = command.position
        return command

    def damp(self) -> None:
        """Stay."""

    def deactivate(self) -> None:
        """Stay."""

    def close(self) -> None:
        """There is no wire."""


def witness(seconds: float) -> float:
    """Wake up as often as a servo loop for so long, and do nothing; return how late that was at the worst [us]."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    clock, cycle, worst = WallClock(), 1, 0.0
    beat = Beat(clock, spec("go2").servo_hz, clock.now())
    while beat.due(cycle) < beat.start + seconds:
        beat.sleep_until(cycle)
        worst = max(worst, clock.now() - beat.due(cycle))
        cycle = beat.after(cycle)
    return 1e6 * worst


def plan(servo: ServoProcess, seconds: float) -> None:
    """Be a plan loop: compute, publish, wait for the next period."""
    period = 1.0 / servo.spec.control_hz
    matrix: FloatArray = np.random.default_rng(0).normal(size=(256, 256))
    rest = rest_action(servo.spec)
    forward = rest + np.array([0.3] + [0.0] * (len(rest) - 1))
    start, tick = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        busy = time.monotonic() + BUSY * period
        while time.monotonic() < busy:
            matrix = np.tanh(matrix @ matrix / 256.0)
        now = servo.clock.now()
        servo.publish(ActionSchedule(now, period, np.tile(forward, (12, 1)), now + 20 * period))
        tick += 1
        time.sleep(max(0.0, start + tick * period - time.monotonic()))


def measure(settings: RealtimeSettings, seconds: float) -> tuple[dict[str, object], list[str]]:
    """Run one servo process; return its figures and what it got from the operating system."""
    with ServoProcess(spec("go2"), IdealJoints, settings) as servo:
        servo.request(Mode.RUN)
        plan(servo, seconds)
        servo.stop()
        events = servo.events()
    rights = [f"{e['what']}" for e in events if e["kind"] == "right"]
    (figures,) = (e["what"] for e in events if e["kind"] == "statistics")
    assert isinstance(figures, dict)
    return figures, rights


def main() -> int:
    """Measure each scheduler; 1 when FIFO was obtained and a cycle was later than it and the host may make it."""
    arguments = tyro.cli(Arguments)
    drawn = Table(
        "us", "lateness p50", "p99", "max", "work p50", "p99", "plan age p99", "cycles", "skipped", "witness max"
    )
    kept = True
    for name in arguments.schedulers:
        settings = RealtimeSettings(fifo=name == "fifo", cpu=arguments.cpu)
        with pool(1) as executor:
            beside = executor.submit(witness, arguments.seconds + _LEAD)
            figures, rights = measure(replace(settings, lock_memory=settings.fifo), arguments.seconds)
            seen = beside.result()
        lateness, work, age = (figures[key] for key in ("lateness_us", "work_us", "plan_age_us"))
        assert isinstance(lateness, dict)
        assert isinstance(work, dict)
        assert isinstance(age, dict)
        times = (lateness["p50"], lateness["p99"], lateness["max"], work["p50"], work["p99"], age["p99"])
        counts = (figures["cycles"], figures["skipped"])
        drawn.add_row(name, *(f"{value:.0f}" for value in times), *map(str, counts), f"{seen:.0f}")
        if name == "fifo" and any("SCHED_FIFO" in right for right in rights):
            kept = kept and float(lateness["max"]) <= LATEST + seen
    console = Console(width=120)
    console.print(drawn)
    wanted = f"no cycle later than {LATEST / 1000:g} ms with FIFO, beyond the witness"
    console.print(f"load {os.getloadavg()[0]:.1f}; {wanted}: {kept}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
