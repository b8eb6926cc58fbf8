"""Watch a model adapt: random leg speeds, a leg that breaks off, and the prediction error with and without adaptation.

    python examples/adapt_online.py [checkpoint.safetensors]

No planner and no course: only a robot, a model, and the window of transitions it is re-fitted to at every tick.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from controller.settings import assets
from controller.settings.robots import spec
from controller.training.random_episodes import excitation
from dynamics import checkpoint, factory
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import History
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotCommand
from hardware.simulated.robot import SimRobot
from sim.perturbations import parse


def main() -> None:
    """Drive for ten seconds and print the mean squared normalised error of every second."""
    torch.set_num_threads(1)  # so small a network gains nothing from more
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else assets.checkpoint("roach", "snail")
    trained = checkpoint.load(path)
    model, rng, clock = trained.model, np.random.default_rng(0), VirtualClock()
    robot = SimRobot(spec("roach"), clock, rng, perturbations=[parse("leg_loss:leg=left_middle@5")])
    adapter = factory.make(trained.adapter, model, trained.parts, robot.true_condition)
    prior, adapted = Kernel(model, adapter.initial().weights), Kernel(model, adapter.initial().weights)
    current, history = adapter.initial(), History(adapter.window)
    errors: list[list[float]] = []
    robot.connect()
    robot.activate()
    state = embodiment.observe(robot.spec, robot.read())
    for action in excitation(robot.spec, round(10.0 / trained.period), rng):
        end = clock.now() + trained.period
        robot.write(RobotCommand.speeds(action, end))
        clock.sleep_until(end)
        next_state = embodiment.observe(robot.spec, robot.read())
        adapted.load(current.weights)
        happened = model.space.difference(next_state, state)
        predictions = [model.space.difference(kernel.predict(state, action), state) for kernel in (prior, adapted)]
        misses = [happened - predicted for predicted in predictions]
        errors.append([float(np.mean((miss / model.increments.std) ** 2)) for miss in misses])
        history = history.append(state, action, next_state)
        if history.window is not None:
            current = adapter.adapt(current, history.window)
        state = next_state
    robot.close()
    per_second = round(1.0 / trained.period)
    for second in range(10):
        without, with_adaptation = np.mean(errors[second * per_second : (second + 1) * per_second], axis=0)
        note = "   the leg is lost" if second == 5 else ""
        print(f"{second:3d} s   not adapted {without:.3f}   adapted {with_adaptation:.3f}{note}")


if __name__ == "__main__":
    main()
