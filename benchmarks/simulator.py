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
from hardware.motors import PositionServo, ServoKind
from hardware.robot import CommandMode, FloatArray, RobotCommand
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.bodies.base import Physics, Setpoints
from sim.bodies.factory import simulate
from sim.terrain import TERRAINS

LIMIT = 1.20
STRETCH = 2.0
_TICK = 50.0
"""Faster rates are those of servo cycles, in which a physics step is all there is [Hz]."""
Tick = Callable[[FloatArray], None]


def setpoints(servo: ServoKind, action: FloatArray) -> Setpoints:
    """Return what lets the motors follow an action in their own terms: speeds or angles."""
    if not isinstance(servo, PositionServo):
        return Setpoints.speeds(action)
    none = np.zeros(len(action))
    return Setpoints(action, none, none, np.array(servo.run.kp), np.array(servo.run.kd))


def physics_tick(spec: RobotSpec, rate: float) -> tuple[Tick, Physics]:
    """Return a tick of the physics alone: command and step."""
    physics = simulate(spec.anatomy, TERRAINS["flat"])
    count = round(1.0 / rate / physics.timestep())

    def tick(action: FloatArray) -> None:
        physics.command(setpoints(spec.servo, action))
        physics.step(count)

    return tick, physics


def robot_tick(spec: RobotSpec, rate: float) -> tuple[Tick, Physics]:
    """Return a tick of the robot behind its protocol: write, wait, read with sensor noise."""
    clock = VirtualClock()
    robot = SimRobot(spec, clock, np.random.default_rng(0))
    robot.connect()
    robot.activate()

    def tick(action: FloatArray) -> None:
        law = setpoints(spec.servo, action)
        values = (law.position, law.velocity, law.torque, law.kp, law.kd)
        robot.write(RobotCommand(CommandMode.SERVO, *values, expires=clock.now() + 1.0))
        clock.sleep_until(clock.now() + 1.0 / rate)
        robot.read()

    return tick, robot.physics


def compare(
    make: Callable[[RobotSpec, float], tuple[Tick, Physics]], spec: RobotSpec, rate: float, seconds: float
) -> tuple[FloatArray, float]:
    """Return the ratio of every stretch (n,) and the steps a second of the robot."""
    tick, physics = make(spec, rate)
    model, data = copy.copy(physics.model), copy.copy(physics.data)
    rng = np.random.default_rng(1)
    count, ticks = round(1.0 / rate / physics.timestep()), round(STRETCH * rate)
    ratios, total = [], 0.0
    for stretch in range(1 + round(seconds / STRETCH)):
        ours = bare = 0.0
        for action in draw(spec, rng, ticks):
            start = perf_counter()
            tick(action)
            ours += perf_counter() - start
            data.ctrl[:], model.actuator_biasprm[:] = physics.data.ctrl, physics.model.actuator_biasprm
            start = perf_counter()
            for _ in range(count):
                mujoco.mj_step(model, data)
            bare += perf_counter() - start
        if stretch > 0:  # the first one warms caches up
            ratios.append(ours / bare)
            total += ours
    return np.array(ratios), len(ratios) * ticks * count / total


def draw(spec: RobotSpec, rng: np.random.Generator, ticks: int) -> FloatArray:
    """Return random speeds, or angles around those in which the robot stands (ticks, n_motors)."""
    if isinstance(spec.servo, PositionServo):
        return np.array(spec.servo.stand) + rng.uniform(-0.1, 0.1, (ticks, len(spec.motors)))
    low, high = ([getattr(action, name) for action in spec.actions] for name in ("low", "high"))
    return rng.uniform(low, high, (ticks, len(low)))


def main() -> None:
    """Print the table; exit with 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated time for each line")
    seconds = parser.parse_args().seconds
    print(f"{'':23}{'ratio':>8}{'5 % to 95 %':>16}{'steps/s':>12}")
    missed = False
    for name, rates in (("roach", (20.0, 50.0)), ("go2", (25.0, 500.0))):
        for what, make in (("physics", physics_tick), ("robot", robot_tick)):
            for rate in rates:
                ratios, speed = compare(make, spec(name), rate, seconds)
                low, middle, high = np.percentile(ratios, (5, 50, 95))
                missed |= make is physics_tick and rate <= _TICK and bool(middle > LIMIT)
                print(f"{name:<6} {what:<8}{rate:5.0f} Hz{middle:8.3f}{low:9.3f}-{high:.3f}{speed:12,.0f}")
    print(f"limit for a tick of the physics alone: {LIMIT:.2f}")
    raise SystemExit(int(missed))


if __name__ == "__main__":
    main()
