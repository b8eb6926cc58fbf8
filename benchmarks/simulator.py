"""What the simulated robot costs on top of MuJoCo: one control tick against a bare mj_step loop of the same model.

    python -m benchmarks.simulator [--seconds 60]

Ticks of both alternate in one process, so that a busy machine slows both. Printed are the ratio of their times (median
and 5th to 95th percentile over stretches of two seconds) and the physics steps a second.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from time import perf_counter

import mujoco
import numpy as np

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.robot import FloatArray, RobotCommand
from hardware.simulated.robot import SimRobot
from sim.bodies.crawler import RoachPhysics
from sim.terrain import TERRAINS

LIMIT = 1.20
STRETCH = 2.0
Tick = Callable[[FloatArray], None]


def physics_tick(rate: float) -> tuple[Tick, RoachPhysics]:
    """Return a tick of the physics alone: command and step."""
    physics = RoachPhysics(TERRAINS["flat"])
    count = round(1.0 / rate / physics.timestep())

    def tick(action: FloatArray) -> None:
        physics.command(action)
        physics.step(count)

    return tick, physics


def robot_tick(rate: float) -> tuple[Tick, RoachPhysics]:
    """Return a tick of the robot behind its protocol: write, wait, read with sensor noise."""
    clock = VirtualClock()
    robot = SimRobot(spec("roach"), clock, np.random.default_rng(0))
    robot.connect()
    robot.activate()

    def tick(action: FloatArray) -> None:
        robot.write(RobotCommand.speeds(action, clock.now() + 1.0))
        clock.sleep_until(clock.now() + 1.0 / rate)
        robot.read()

    assert isinstance(robot.physics, RoachPhysics)
    return tick, robot.physics


def compare(
    make: Callable[[float], tuple[Tick, RoachPhysics]], rate: float, seconds: float
) -> tuple[FloatArray, float]:
    """Return the ratio of every stretch (n,) and the steps a second of the robot."""
    tick, physics = make(rate)
    model, data = copy.copy(physics.model), copy.copy(physics.data)
    rng = np.random.default_rng(1)
    low, high = ([getattr(action, name) for action in spec("roach").actions] for name in ("low", "high"))
    count, ticks = round(1.0 / rate / physics.timestep()), round(STRETCH * rate)
    ratios, total = [], 0.0
    for stretch in range(1 + round(seconds / STRETCH)):
        ours = bare = 0.0
        for action in rng.uniform(low, high, (ticks, len(low))):
            start = perf_counter()
            tick(action)
            ours += perf_counter() - start
            data.ctrl[:] = physics.data.ctrl
            start = perf_counter()
            for _ in range(count):
                mujoco.mj_step(model, data)
            bare += perf_counter() - start
        if stretch > 0:  # the first one warms caches up
            ratios.append(ours / bare)
            total += ours
    return np.array(ratios), len(ratios) * ticks * count / total


def main() -> None:
    """Print the table; exit with 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated time for each line")
    seconds = parser.parse_args().seconds
    print(f"{'':24}{'ratio':>8}{'5 % to 95 %':>16}{'steps/s':>12}")
    missed = False
    for name, make in (("physics", physics_tick), ("robot, read and write", robot_tick)):
        for rate in (20.0, 50.0):
            ratios, speed = compare(make, rate, seconds)
            low, middle, high = np.percentile(ratios, (5, 50, 95))
            missed |= make is physics_tick and bool(middle > LIMIT)
            print(f"{name:<18}{rate:3.0f} Hz{middle:8.3f}{low:9.3f}-{high:.3f}{speed:12,.0f}")
    print(f"limit for the physics alone: {LIMIT:.2f}")
    raise SystemExit(int(missed))


if __name__ == "__main__":
    main()
