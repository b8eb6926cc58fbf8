"""Drive the simulated crawler over a course as a library: no command line, no settings files.

    python examples/run_course.py [checkpoint.safetensors]

Every part is an object that can be replaced: another course, planner, adapter, perturbation or terrain.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

from controller.controller import Controller
from controller.courses.paths import COURSES
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep
from controller.loop.timing import LoopSettings
from controller.rhythm import ControlSettings
from controller.settings import assets
from controller.settings.robots import spec
from controller.tick import Actions
from dynamics import checkpoint, factory
from hardware.clock import VirtualClock
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from planners import cem
from planners.plan import Plan
from planners.problem import Problem
from sim.perturbations import parse


def plan(problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
    """Search with the cross-entropy method; any function of this shape is a planner."""
    return cem.plan(problem, cem.CemSettings(candidates=128, iterations=3), previous, rng)


def main() -> None:
    """Run a zigzag on which a leg breaks off after three seconds, and print what came of it."""
    torch.set_num_threads(1)  # so small a network gains nothing from more
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else assets.checkpoint("roach", "snail")
    trained = checkpoint.load(path)
    clock = VirtualClock()
    robot = SimRobot(
        spec("roach"), clock, np.random.default_rng(1), perturbations=[parse("leg_loss:leg=left_middle@3")]
    )
    controller = Controller(
        trained.model,
        factory.make(trained.adapter, trained.model, trained.parts, robot.true_condition),
        plan,
        COURSES["zigzag"],
        ControlSettings(rate_hz=20.0),
        Actions.of(robot.spec),
        rng=np.random.default_rng(2),
    )
    ticks: list[LoopTick] = []
    loop = run_lockstep(controller, Servo(robot), clock, LoopSettings(rate_hz=20.0, seconds=8.0), ticks.append)
    summary = {
        "ticks": loop.ticks,
        "fell": loop.fell,
        "progress_m": ticks[-1].result.progress.s,
        "path_error_m": float(np.mean([tick.result.progress.distance for tick in ticks])),
        "cost_mean": float(np.mean([tick.result.cost for tick in ticks])),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
