"""A simulated robot with a controller of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.robot import CommandMode, RobotCommand, RobotState
from hardware.simulated.robot import SimRobot
from sim.robots import go2

pytest.importorskip("onnxruntime", reason="the extra walker is not installed")

SPEC = robots.spec("go2-sport")


class Bench:
    def __init__(self, seed: int = 0) -> None:
        self.clock = VirtualClock()
        self.robot = SimRobot(SPEC, self.clock, np.random.default_rng(seed))
        self.robot.connect()
        self.robot.activate()

    def go(self, mode: CommandMode, seconds: float, *velocity: float, lasts: float = 0.1) -> RobotState:
        """Ask for something in every cycle and return the last state."""
        for _ in range(round(seconds * SPEC.servo_hz)):
            asked = RobotCommand.passive(mode, 12, self.clock.now() + lasts)
            self.robot.write(replace(asked, walk=np.array(velocity)) if velocity else asked)
            state = self.wait(1.0 / SPEC.servo_hz)
        return state

    def wait(self, seconds: float) -> RobotState:
        self.clock.sleep_until(self.clock.now() + seconds)
        return self.robot.read()


def test_it_stands_walks_as_told_stops_when_nobody_tells_it_any_more_and_lies_down() -> None:
    bench = Bench()
    assert bench.robot.read().ready == 0.0
    assert bench.go(CommandMode.STAND, 0.5).ready == 1.0
    walks = bench.go(CommandMode.WALK, 3.0, 0.5, 0.0, 0.3)
    assert 0.6 < float(np.linalg.norm(walks.position[:2])) < 1.8
    bench.wait(1.5)
    rests = bench.robot.true_state()
    assert float(np.linalg.norm(rests.velocity[:2])) < 0.2
    lies = bench.go(CommandMode.SIT, 2.5)
    assert lies.ready == 0.0
    assert float(lies.position[2]) < 0.15
    assert np.abs(lies.motor_position - go2.SIT).max() < 0.4
    rises = bench.go(CommandMode.STAND, 2.5)
    assert (rises.ready, float(rises.position[2]) > 0.25) == (1.0, True)


def test_damped_it_sinks_to_the_ground() -> None:
    bench = Bench()
    bench.go(CommandMode.WALK, 0.5, 0.0, 0.0, 0.0)
    assert float(bench.go(CommandMode.DAMP, 1.0).position[2]) < 0.15


def test_one_seed_gives_the_same_walk_bit_by_bit() -> None:
    first, second = (Bench(3).go(CommandMode.WALK, 0.4, 0.4, 0.1, -0.2) for _ in range(2))
    assert np.array_equal(first.motor_position, second.motor_position)
    assert np.array_equal(first.gyro, second.gyro)
