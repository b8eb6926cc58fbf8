"""What a servo cycle of the Go2 costs, part by part: driver, estimator, gait, guard, exchange with the plan loop.

    python -m benchmarks.servo_cost --seconds 6

An emulated robot in lock-step answers with real messages; its physics runs between the parts and is not counted, nor is
the network itself (`python -m benchmarks.wire`). Wanted: guard and driver together below 150 us (p50).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import tyro

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.embodiment import embody, rest_action
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.firmware import Firmware
from hardware.estimation.legged import StateEstimation
from hardware.guard.guard import Guard
from hardware.guard.state_machine import Mode
from hardware.robot import CommandMode, FloatArray, RobotCommand
from hardware.schedule import Rung
from hardware.servo.records import Cycle, CycleLayout
from hardware.servo.servo import ServoReport
from hardware.unitree.go2 import Go2
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

WANTED = 150.0
"""Guard and driver together, median [us]."""
PARTS = ("read", "estimate", "gait", "guard", "write", "exchange")


@dataclass(frozen=True)
class Arguments:
    """What to run."""

    seconds: float = 6.0


def measure(seconds: float) -> FloatArray:
    """Stand up and walk; return the time of every part in every running cycle (cycles, parts) [us]."""
    go2, clock, rng = spec("go2"), VirtualClock(), np.random.default_rng(0)
    bus = LockstepBus(Firmware(Body(go2.anatomy, preset("flat"), (), rng), (), rng), clock)
    robot, guard, gait, estimation = Go2(go2, clock, bus.join), Guard(go2), embody(go2), StateEstimation(go2)
    layout, action = CycleLayout(go2), rest_action(go2) + np.array([0.3] + [0.0] * (len(go2.actions) - 1))
    robot.connect()
    robot.activate()
    guard.request(Mode.RUN)
    times: list[list[float]] = []
    end = clock.now() + seconds
    while (now := clock.now()) < end:
        bus.run()
        marks = [time.perf_counter()]
        measured = robot.read()
        marks.append(time.perf_counter())
        state = gait.annotate(estimation.fill(measured))
        marks.append(time.perf_counter())
        command: RobotCommand = gait.command(action, state, now, now + 0.1)
        marks.append(time.perf_counter())
        verdict = guard.check(command, measured, now)
        marks.append(time.perf_counter())
        if verdict.command.mode is CommandMode.SERVO:
            robot.write(verdict.command)
        else:
            robot.damp()
        marks.append(time.perf_counter())
        report = ServoReport(action, Rung.PLAN, 0.0, (), verdict.fault, verdict.mode, (), verdict.command)
        layout.pack(Cycle(now, 0.0, state, report))
        marks.append(time.perf_counter())
        if verdict.mode is Mode.RUN:
            times.append(marks)
        clock.sleep_until(now + 1.0 / go2.servo_hz)
    robot.close()
    return np.asarray(1e6 * np.diff(np.array(times), axis=1))


def main() -> int:
    """Measure and print; 1 when guard and driver cost more than wanted."""
    times = measure(tyro.cli(Arguments).seconds)
    for name, column in zip(PARTS, times.T, strict=True):
        print(f"{name:<9} p50 {np.median(column):6.1f} us   p99 {np.percentile(column, 99):6.1f} us")
    both = times[:, [PARTS.index(part) for part in ("read", "guard", "write")]].sum(axis=1)
    print(f"guard and driver together: p50 {np.median(both):.1f} us, wanted below {WANTED:g}")
    return int(float(np.median(both)) >= WANTED)


if __name__ == "__main__":
    sys.exit(main())
