"""The networks that the study plans with: a random one of 24 states and 8 inputs, and a learned pendulum.

Both are ordinary models of the project (SiLU between layers), so every planner meets the same weights: the project's
own planners through the NumPy kernel, peers through the torch network of `benchmarks/peers/torch_model.py`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from dynamics.model import INPUT_LIMIT, Model, Normalizer, encode, fit_inputs, fit_targets
from dynamics.network import Parts, Weights, initial_weights, squared_error
from dynamics.objectives.base import Part
from dynamics.state_space import StateSpace, from_names
from dynamics.training.fit import FitSettings, optimise
from dynamics.transitions import FloatArray, Transitions

PENDULUM_STEP = 0.05
"""Time between two actions of the pendulum [s]."""
_TORQUE = 2.0
_FASTEST = 8.0
_SPEED_SCALE = 0.1
"""Typical change of a state of the random network within one step."""
_AUTHORITY = 2.0
"""How much stronger an action acts than a state in the random network."""


def random_network(seed: int = 0, hidden: int = 128, layers: int = 2) -> Model:
    """Return a random network with 24 states, 8 actions and, by default, GEMMs of 32-128-128-24.

    Eighteen states enter as they are, three as cosine and sine, and the planar pose does not enter: 24 features.
    """
    vectors = [(f"s{i}", "", "vector") for i in range(18)]
    angles = [(f"a{i}", "rad", "angle") for i in range(3)]
    space = from_names([("x", "m", "pose_x"), ("y", "m", "pose_y"), ("yaw", "rad", "pose_yaw"), *angles, *vectors])  # type: ignore[list-item]
    actions = tuple(f"u{i}" for i in range(8))
    return _untrained(space, actions, (hidden,) * layers, seed)


def published_network(space: StateSpace, action_names: tuple[str, ...], seed: int = 0) -> Model:
    """Return an untrained network of the size of the published crawler model, 3 x 500; only its speed is measured."""
    return _untrained(space, action_names, (500, 500, 500), seed)


def _untrained(space: StateSpace, action_names: tuple[str, ...], hidden: tuple[int, ...], seed: int) -> Model:
    generator = torch.Generator().manual_seed(seed)
    num_inputs = space.num_features + len(action_names)
    weights = list(initial_weights((num_inputs, *hidden, space.size), 1, generator))
    weights[0][:, space.num_features :] *= _AUTHORITY
    inputs = Normalizer(np.zeros(num_inputs), np.ones(num_inputs), INPUT_LIMIT)
    increments = Normalizer(np.zeros(space.size), np.full(space.size, _SPEED_SCALE))
    return Model(space, action_names, inputs, increments, None, tuple(weights))


def swing(state: FloatArray, action: FloatArray) -> FloatArray:
    """Step of a pendulum of 1 kg and 1 m (T, 5), torque (T, 1) [N m]; the angle is zero when upright.

    Equations and numbers of the Pendulum task of Gymnasium, https://gymnasium.farama.org.
    """
    after = np.array(state, dtype=np.float64)
    torque = np.clip(action[..., 0], -_TORQUE, _TORQUE)
    speed = state[..., 4] + PENDULUM_STEP * (15.0 * np.sin(state[..., 3]) + 3.0 * torque)
    after[..., 4] = np.clip(speed, -_FASTEST, _FASTEST)
    after[..., 3] = state[..., 3] + PENDULUM_STEP * after[..., 4]
    return after


@cache
def learned_pendulum(seed: int = 0) -> Model:
    """Fit a 4-64-64-5 network to random steps of the true pendulum; the planar pose is there but never moves."""
    pose = [("x", "m", "pose_x"), ("y", "m", "pose_y"), ("yaw", "rad", "pose_yaw")]
    space = from_names([*pose, ("angle", "rad", "angle"), ("speed", "rad/s", "vector")])  # type: ignore[list-item]
    rng = np.random.default_rng(seed)
    states, actions = np.zeros((20_000, 5)), rng.uniform(-_TORQUE, _TORQUE, (20_000, 1))
    states[:, 3] = rng.uniform(-np.pi, np.pi, len(states))
    states[:, 4] = rng.uniform(-_FASTEST, _FASTEST, len(states))
    steps = Transitions(states, actions, swing(states, actions))
    features = np.concatenate([space.encode(states), actions], axis=-1)
    scalings = fit_inputs(features), fit_targets(space.difference(steps.next_states, states))
    untrained = Model(space, ("torque",), *scalings, None, ())
    return Model(space, ("torque",), *scalings, None, _fit(untrained, steps, seed))


def _fit(model: Model, steps: Transitions, seed: int) -> Weights:
    inputs, targets = (torch.from_numpy(part) for part in encode(model, steps))
    held_out = slice(0, len(inputs) // 10)
    seen = slice(len(inputs) // 10, None)
    start = initial_weights((inputs.shape[1], 64, 64, targets.shape[1]), 1, torch.Generator().manual_seed(seed))

    def loss(parts: Parts, generator: torch.Generator) -> Tensor:
        rows = torch.randint(len(inputs[seen]), (256,), generator=generator)
        return squared_error(parts["prior"], inputs[seen][rows], targets[seen][rows]).mean()

    def validate(parts: Parts) -> float:
        with torch.no_grad():
            return float(squared_error(parts["prior"], inputs[held_out], targets[held_out]).mean())

    settings = FitSettings(steps=4000, batch=256, rate=1e-2)
    return optimise({"prior": Part(start)}, loss, validate, settings, seed=seed)["prior"]
