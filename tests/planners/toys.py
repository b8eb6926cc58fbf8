"""Small analytic models behind the planners' model protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.planner_study.quadratic import QuadraticCost
from planners.costs.residuals import ResidualCost, StepResiduals
from planners.problem import AnyFloats, FloatArray, Problem

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

    def linearize(self, states: FloatArray, actions: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Differentiate a step at T points by central differences; all members are the same."""
        points = np.concatenate([states, actions], axis=-1)
        slopes = [
            (self._stepped(points + basis, states.shape[1]) - self._stepped(points - basis, states.shape[1])) / 2e-4
            for basis in 1e-4 * np.eye(points.shape[1])
        ]
        jacobian = np.stack(slopes, axis=-1)
        parts = self.step(states, actions), *np.split(jacobian, [states.shape[1]], axis=-1)
        after, by_state, by_action = (np.repeat(part[None], self.members, axis=0) for part in parts)
        return after, by_state, by_action

    def _stepped(self, points: FloatArray, size: int) -> FloatArray:
        return self.step(points[:, :size], points[:, size:])


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


def reach(target: FloatArray) -> QuadraticCost:
    """Squared distance of x, y to a target, summed over the horizon, and a little for effort."""
    return QuadraticCost(np.append(target, [0.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]), np.full(2, 0.01))


@dataclass(frozen=True)
class Twisted:
    """A cost whose values are changed; its derivatives are not."""

    cost: ResidualCost
    twist: Callable[[AnyFloats, FloatArray], AnyFloats]
    """Costs and actions in, costs out."""

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        return self.twist(self.cost(states, actions), actions)

    @property
    def channels(self) -> tuple[int, ...]:
        return self.cost.channels

    @property
    def previous_action(self) -> FloatArray | None:
        return self.cost.previous_action

    def residuals(self, num_actions: int) -> StepResiduals:
        return self.cost.residuals(num_actions)

    def parameters(self, states: FloatArray) -> FloatArray:
        return self.cost.parameters(states)


def reach_problem(time: float = 0.0, horizon: int = 10) -> Problem:
    """A point mass that should go from the origin to (0.3, -0.2) with forces up to 1 N."""
    bound = np.ones(2)
    target = np.array([0.3, -0.2])
    return Problem(np.zeros(4), time, 0.1, horizon, Toy(point_mass), reach(target), -bound, bound)
