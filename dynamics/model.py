"""A dynamics model as data: state space, scalings and prior weights. Functions do the work.

A model that is told the condition has extra input rows at the end of its first layer; once a condition is known they
collapse into a change of the first layer's bias, so a planner never sees them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dynamics.network import Weights
from dynamics.state_space import StateSpace
from dynamics.transitions import Float32, FloatArray, Transitions

CONSTANT = 1e-6
"""A channel whose deviation over all training data is below this never varied."""
INPUT_LIMIT = 5.0
"""Deviations beyond which inputs are clipped: out there a network knows nothing, and one such number (a battery at
rest, at 40 deviations) would throw a whole gradient step."""


@dataclass(frozen=True)
class Normalizer:
    """Affine scaling of one group of channels: zero mean and unit deviation.

    It is fitted once on all training data, and saved with the weights. Refitting on the newest data only, while older
    data keep their old scaling, is a defect of the published code.

    Attributes:
        mean: (C,) in the unit of each channel.
        std: (C,) in the unit of each channel, positive; infinite for an input that carries no information.
        limit: scaled values are clipped to this many deviations.
    """

    mean: FloatArray
    std: FloatArray
    limit: float = np.inf

    @property
    def low(self) -> FloatArray:
        """Smallest values (C,) that are told apart."""
        return self.mean - self.limit * self.std

    @property
    def high(self) -> FloatArray:
        """Largest values (C,) that are told apart."""
        return self.mean + self.limit * self.std

    def normalize(self, values: FloatArray) -> FloatArray:
        """Scale values (..., C) to zero mean and unit deviation."""
        scaled = values - self.mean
        scaled /= self.std
        if self.limit < np.inf:
            np.minimum(np.maximum(scaled, -self.limit, out=scaled), self.limit, out=scaled)
        return scaled


def fit_inputs(values: FloatArray) -> Normalizer:
    """Fit on values (..., C). What never varied is scaled to zero: a model cannot know what it would mean."""
    return _fit(values, std_of_constants=np.inf, limit=INPUT_LIMIT)


def fit_targets(values: FloatArray) -> Normalizer:
    """Fit on values (..., C). What never varied keeps its unit."""
    return _fit(values, std_of_constants=1.0, limit=np.inf)


def _fit(values: FloatArray, std_of_constants: float, limit: float) -> Normalizer:
    flat = values.reshape(-1, values.shape[-1])
    std = flat.std(axis=0)
    return Normalizer(flat.mean(axis=0), np.where(std > CONSTANT, std, std_of_constants), limit)


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


def encode(model: Model, transitions: Transitions) -> tuple[Float32, Float32]:
    """Return normalised inputs (..., T, F + A) and increments (..., T, S) of a run of transitions."""
    inputs = np.concatenate([model.space.encode(transitions.states), transitions.actions], axis=-1)
    increments = model.space.difference(transitions.next_states, transitions.states)
    return model.inputs.normalize(inputs).astype(np.float32), model.increments.normalize(increments).astype(np.float32)


def inform(model: Model, weights: Weights, condition: FloatArray) -> Weights:
    """Fold a known condition (C,), read by the last rows of the first layer, into its bias. Raises ValueError."""
    if model.condition is None or condition.shape != model.condition.mean.shape:
        expected = None if model.condition is None else model.condition.mean.shape
        raise ValueError(f"condition: expected shape {expected}, got {condition.shape}")
    scaled = torch.as_tensor(model.condition.normalize(condition), dtype=torch.float32)
    first, bias, *others = weights
    shift = (scaled.unsqueeze(-2) @ first[:, model.num_inputs :]).squeeze(-2)
    return (first[:, : model.num_inputs], bias + shift, *others)
