"""Models and problems with derivatives for the planners that want them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch

from benchmarks.planner_study.quadratic import QuadraticCost
from dynamics.model import Model, Normalizer
from dynamics.network import Weights
from dynamics.rollout.kernel import Kernel
from dynamics.state_space import from_names
from planners.problem import AnyFloats, FloatArray, Problem


@dataclass
class Linear:
    """x' = A x + B u in double precision; every member of an ensemble agrees."""

    by_state: FloatArray
    by_action: FloatArray
    members: int = 1
    seen: list[FloatArray] = field(default_factory=list)

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        self.seen.append(actions.copy())
        states = [np.tile(state, (len(actions), 1))]
        for h in range(actions.shape[1]):
            states.append(states[-1] @ self.by_state.T + actions[:, h] @ self.by_action.T)
        return np.tile(np.stack(states, axis=1), (self.members, 1, 1, 1))

    def linearize(self, states: FloatArray, actions: FloatArray) -> tuple[AnyFloats, AnyFloats, AnyFloats]:
        after = states @ self.by_state.T + actions @ self.by_action.T
        count = (self.members, len(states), 1, 1)
        return np.tile(after, (*count[:1], 1, 1)), np.tile(self.by_state, count), np.tile(self.by_action, count)


@dataclass
class Blunt:
    """A model that keeps its derivatives to itself."""

    model: Linear

    def rollout(self, state: FloatArray, actions: FloatArray) -> AnyFloats:
        return self.model.rollout(state, actions)


def linear(rng: np.random.Generator, size: int = 6, num_actions: int = 2) -> Linear:
    """Return a random system, slightly unstable."""
    by_state = rng.normal(size=(size, size))
    by_state *= 1.02 / np.abs(np.linalg.eigvals(by_state)).max()
    return Linear(by_state, rng.normal(size=(size, num_actions)))


def linear_problem(rng: np.random.Generator, horizon: int = 15, bound: float = 1e6) -> Problem:
    """Return a linear-quadratic problem; with the default bound none is ever active."""
    cost = QuadraticCost(rng.normal(size=6), rng.uniform(0, 2, 6), rng.uniform(0.1, 1, 2))
    high = np.full(2, bound)
    return Problem(rng.normal(size=6), 0.0, 0.1, horizon, linear(rng), cost, -high, high)


def network(rng: np.random.Generator, size: int = 8, num_actions: int = 3, hidden: int = 32) -> Model:
    """Return a model with random weights of sensible size; the first three channels are a planar pose."""
    pose = [("x", "m", "pose_x"), ("y", "m", "pose_y"), ("yaw", "rad", "pose_yaw")]
    space = from_names([*pose, *((f"v{i}", "1", "vector") for i in range(size - 3))])  # type: ignore[list-item]
    sizes = [space.num_features + num_actions, hidden, hidden, size]
    weights: Weights = ()
    for before, after in pairwise(sizes):
        weight, bias = rng.normal(size=(1, before, after)) / np.sqrt(before), 0.1 * rng.normal(size=(1, after))
        weights += (torch.as_tensor(weight, dtype=torch.float32), torch.as_tensor(bias, dtype=torch.float32))
    inputs = Normalizer(np.zeros(sizes[0]), np.ones(sizes[0]))
    names = tuple(f"a{i}" for i in range(num_actions))
    return Model(space, names, inputs, Normalizer(np.zeros(size), np.full(size, 0.1)), None, weights)


def network_problem(model: Model, rng: np.random.Generator, horizon: int = 10) -> Problem:
    """Return the problem of bringing a random network's state to zero with actions up to 1."""
    size, num_actions = model.space.size, len(model.action_names)
    cost = QuadraticCost(np.zeros(size), np.ones(size), np.full(num_actions, 0.05))
    kernel = Kernel(model, model.prior)
    high = np.ones(num_actions)
    return Problem(0.5 * rng.normal(size=size), 0.0, 0.02, horizon, kernel, cost, -high, high)
