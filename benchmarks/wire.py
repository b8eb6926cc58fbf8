"""What the Go2's wire costs: one second after another of driver against emulator, two processes on the loopback device.

    python -m benchmarks.wire [--seconds 10]

Printed are times per cycle at 500 Hz [us]: reading (take, check, decode), writing (encode, CRC, send), and the age of
the newest state. Wanted on an idle core: less than 60 us at p50 for a write.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from time import perf_counter

import numpy as np

from controller.jobs.interrupts import uninterrupted
from controller.settings import robots
from hardware.clock import WallClock
from hardware.emulators.emulation import Emulation
from hardware.emulators.go2.process import emulate
from hardware.motors import PositionServo
from hardware.robot import CommandMode, RobotCommand
from hardware.unitree.go2 import Go2, dds


def measure(seconds: float, domain: int) -> dict[str, object]:
    """Return the figures of that many seconds of lying still, held by its motors."""
    spec, clock = robots.spec("go2"), WallClock()
    assert isinstance(spec.servo, PositionServo)
    robot = Go2(spec, clock, dds("lo", domain))
    robot.connect()
    robot.activate()
    rest, none = robot.read().motor_position, np.zeros(len(spec.motors))
    kp, kd = np.array(spec.servo.hold.kp), np.array(spec.servo.hold.kd)
    times, ages, start = [], [], clock.now()
    for cycle in range(round(seconds * spec.servo_hz)):
        clock.sleep_until(start + cycle / spec.servo_hz)
        began = perf_counter()
        state = robot.read()
        read = perf_counter()
        robot.write(RobotCommand(CommandMode.SERVO, rest, none, none, kp, kd, clock.now() + 0.1))
        times.append((read - began, perf_counter() - read))
        ages.append(clock.now() - state.time)
    seen = robot.read().seq
    robot.close()
    reading, writing = np.array(times).T * 1e6
    figures = {"read_us": reading, "write_us": writing, "state_age_us": np.array(ages) * 1e6}
    return {"states": seen} | {name: _percentiles(values) for name, values in figures.items()}


def _percentiles(values: np.ndarray) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 90, 99, 100)}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--domain", type=int, default=19)
    arguments = parser.parse_args()
    anatomy, seconds = robots.spec("go2").anatomy, arguments.seconds + 20.0
    asked = Emulation(anatomy, domain=arguments.domain, seconds=seconds)
    process = multiprocessing.get_context("spawn").Process(target=emulate, args=(asked, uninterrupted), daemon=True)
    process.start()
    try:
        print(json.dumps(measure(arguments.seconds, arguments.domain)))
    finally:
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
