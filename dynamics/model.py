"""A dynamics model as data: state space, scalings and prior weights. Functions do the work.

A model that is told the condition has extra input rows at the end of its first layer; once a condition is known they
collapse into a change of the first layer's bias, so a planner never sees them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dynamics.network import Weights
from dynamics.normalizer import Normalizer
from dynamics.state_space import StateSpace
from dynamics.transitions import Float32, FloatArray, Transitions


@dataclass(frozen=True)
class Model:
    """One-step dynamics s' = s boxplus f(s, u).

    Attributes:
        space: layout of the state vector.
        action_names: names of the A action channels, in order.
        inputs: scaling of [features, actions] (F + A,).
        increments: scaling of the increments (S,).
        condition: scaling of the condition description (C,), or None when the model is not told.
        prior: weights theta*, leading axis (E,); first layer (E, F + A + C, hidden). Never modified.
    """

    space: StateSpace
    action_names: tuple[str, ...]
    inputs: Normalizer
    increments: Normalizer
    condition: Normalizer | None
    prior: Weights

    @property
    def num_inputs(self) -> int:
        """Number of inputs without the condition, F + A."""
        return self.space.num_features + len(self.action_names)


def encode_inputs(model: Model, states: FloatArray, actions: FloatArray) -> FloatArray:
    """Map states (..., S) and actions (..., A) to normalised inputs (..., F + A)."""
    return model.inputs.normalize(np.concatenate([model.space.encode(states), actions], axis=-1))


def encode_targets(model: Model, states: FloatArray, next_states: FloatArray) -> FloatArray:
    """Map state pairs (..., S) to normalised increments (..., S)."""
    return model.increments.normalize(model.space.difference(next_states, states))


def encode(model: Model, transitions: Transitions) -> tuple[Float32, Float32]:
    """Return normalised inputs (..., T, F + A) and targets (..., T, S) of a run of transitions."""
    inputs = encode_inputs(model, transitions.states, transitions.actions)
    targets = encode_targets(model, transitions.states, transitions.next_states)
    return inputs.astype(np.float32), targets.astype(np.float32)


def inform(model: Model, weights: Weights, condition: FloatArray) -> Weights:
    """Turn a known condition (C,), read by the last rows of the first layer, into a change of that layer's bias.

    Raises:
        ValueError: the model was not trained with a condition, or with one of another size.
    """
    if model.condition is None or condition.shape != model.condition.mean.shape:
        expected = None if model.condition is None else model.condition.mean.shape
        raise ValueError(f"condition: expected shape {expected}, got {condition.shape}")
    scaled = torch.as_tensor(model.condition.normalize(condition), dtype=torch.float32)
    first, bias, *others = weights
    shift = (scaled.unsqueeze(-2) @ first[:, model.num_inputs :]).squeeze(-2)
    return (first[:, : model.num_inputs], bias + shift, *others)
