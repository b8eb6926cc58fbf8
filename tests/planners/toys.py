"""Small analytic models behind the planners' model protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from planners.problem import AnyFloats, Cost, FloatArray, Problem

Step = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass
class Toy:
    """Repeats a step (N, S), (N, A) -> (N, S) and keeps every batch of candidates it was asked about."""

    step: Step
    members: int = 1
    seen: list[FloatArray] = field(default_factory=list)

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        self.seen.append(actions.copy())
        states = np.empty((self.members, len(actions), actions.shape[1] + 1, len(state)))
        states[:, :, 0] = state
        for h in range(actions.shape[1]):
            for member in range(self.members):
                states[member, :, h + 1] = self.step(states[member, :, h], actions[:, h])
        return states


@dataclass
class SlowToy(Toy):
    """A model whose every roll-out takes one second of its own clock."""

    now: float = 100.0

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        self.now += 1.0
        return super().rollout(state, actions)


def point_mass(states: FloatArray, actions: FloatArray) -> FloatArray:
    """Step of 0.1 s of a unit mass in the plane: state x, y, vx, vy; action is the force."""
    velocity = states[:, 2:] + 0.1 * actions
    return np.concatenate([states[:, :2] + 0.1 * velocity, velocity], axis=-1)


def crawler(states: FloatArray, actions: FloatArray) -> FloatArray:
    """Step of 0.05 s of a skid-steered crawler: state x, y, yaw, v, w; actions are leg speeds [rad/s].

    Full speed 0.35 m/s, steered by the difference of the sides, both with a lag of about 0.1 s.
    """
    x, y, yaw, speed, rate = states.T
    left, right = actions.T
    speed = speed + 0.4 * (0.0031 * (left + right) - speed)
    rate = rate + 0.4 * (0.03 * (right - left) - rate)
    heading = yaw + 0.05 * rate
    return np.stack(
        [x + 0.05 * speed * np.cos(heading), y + 0.05 * speed * np.sin(heading), heading, speed, rate], axis=-1
    )


def reach(target: FloatArray) -> Cost:
    """Squared distance of x, y to a target, summed over the horizon and averaged over members."""

    def cost(states: AnyFloats, actions: FloatArray) -> AnyFloats:
        total: AnyFloats = np.square(states[:, :, 1:, :2] - target).sum(axis=(-1, -2)).mean(axis=0)
        effort: FloatArray = 0.01 * np.square(actions).sum(axis=(-1, -2))
        return total + effort

    return cost


def reach_problem(time: float = 0.0, horizon: int = 10) -> Problem:
    """A point mass that should go from the origin to (0.3, -0.2) with forces up to 1 N."""
    bound = np.ones(2)
    target = np.array([0.3, -0.2])
    return Problem(np.zeros(4), time, 0.1, horizon, Toy(point_mass), reach(target), -bound, bound)
