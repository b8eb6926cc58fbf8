"""How far does odometry drift? The estimator beside the truth on a simulated Go2 that walks on noisy sensors.

    python -m benchmarks.estimator --seconds 20

Speeds and turns change every few seconds. Drift is the distance between estimated and true displacement, as a share of
the way walked; the rest are root mean squares over the walk.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import tyro

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.embodiment import rest_action
from hardware.estimation.legged import StateEstimation
from hardware.robot import FloatArray, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot

HOLD = 2.5
"""Time between two changes of the stride [s]."""


@dataclass(frozen=True)
class Arguments:
    """What to run."""

    seconds: float = 20.0
    seeds: int = 3
    terrain: str = "flat"


@dataclass(frozen=True)
class Drift:
    """Errors of one walk."""

    way: float
    drift: float
    """Share of the way [-]."""
    velocity: float
    """[m/s]"""
    height: float
    """[m]"""
    tilt: float
    """[rad]"""
    heading: float
    """At the end [rad]."""
    cost: float
    """Of a step, median [us]."""


def stride(rest: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a random forward walk with some turning."""
    action = rest.copy()
    action[0], action[2] = rng.uniform(0.2, 0.6), rng.uniform(-0.4, 0.4)
    return action


def walk(seconds: float, terrain: str, seed: int) -> Drift:
    """Walk once, estimator beside truth."""
    clock, rng, go2 = VirtualClock(), np.random.default_rng(seed), spec("go2")
    robot = SimRobot(go2, clock, rng, terrain)
    estimation, rest = StateEstimation(go2), rest_action(go2)
    pairs: list[tuple[RobotState, RobotState]] = []
    costs: list[float] = []
    with Servo(robot) as servo:
        servo.arm()
        action = rest
        for cycle in range(round(seconds * go2.servo_hz)):
            now = cycle / go2.servo_hz
            clock.sleep_until(now)
            if cycle % round(HOLD * go2.servo_hz) == round(go2.servo_hz):
                action = stride(rest, rng)
            servo.publish(ActionSchedule(now, 0.04, action[None], now + 0.3))
            measured = servo.observe()
            begun = time.perf_counter()
            filled = estimation.fill(measured)
            costs.append(1e6 * (time.perf_counter() - begun))
            pairs.append((filled, robot.true_state()))
            servo.act(now)
    return judge(pairs, float(np.median(costs)))


def judge(pairs: list[tuple[RobotState, RobotState]], cost: float) -> Drift:
    """Compare estimates with truths; the origin and heading of the first are taken from the truth."""
    first_estimate, first_true = pairs[0]
    turn = roll_pitch_yaw(first_true.quaternion)[2] - roll_pitch_yaw(first_estimate.quaternion)[2]
    cos, sin = np.cos(turn), np.sin(turn)
    to_world = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    true = np.array([t.position for _, t in pairs])
    found = np.array([e.position for e, _ in pairs]) @ to_world.T
    way = float(np.linalg.norm(np.diff(true[::50, :2], axis=0), axis=1).sum())
    missed = (found[-1] - found[0] - true[-1] + true[0])[:2]
    speed = np.array([to_world @ e.velocity - t.velocity for e, t in pairs])
    angles = np.array([np.subtract(roll_pitch_yaw(e.quaternion), roll_pitch_yaw(t.quaternion)) for e, t in pairs])
    heading = float(abs((angles[-1, 2] + turn + np.pi) % (2 * np.pi) - np.pi))
    height = found[:, 2] - true[:, 2]
    return Drift(
        way,
        float(np.linalg.norm(missed)) / way,
        _rms(speed),
        float((height - height.mean()).std()),
        _rms(angles[:, :2]),
        heading,
        cost,
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt((values**2).mean()))


def main() -> int:
    """Walk with every seed and print."""
    arguments = tyro.cli(Arguments)
    print("seed   way m  drift %  velocity m/s  height mm  tilt deg  heading deg  step us")
    for seed in range(arguments.seeds):
        d = walk(arguments.seconds, arguments.terrain, seed)
        tilt, heading = np.degrees([d.tilt, d.heading])
        print(
            f"{seed:4d} {d.way:7.2f} {100 * d.drift:8.2f} {d.velocity:13.3f} {1000 * d.height:10.1f} "
            f"{tilt:9.2f} {heading:12.2f} {d.cost:8.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
