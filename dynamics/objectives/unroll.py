"""Multi-step prediction error: an adapted model is judged on its own predictions, not from the true state every time.

A plan adds up what one-step errors hardly show, such as a slow drift to the side. The roll-out stays in the space of
the network's inputs: vectors and the cosines and sines of angles move by the predicted increments; the planar pose is
no input anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from dynamics.model import Model
from dynamics.network import Weights, forward


@dataclass(frozen=True)
class Unroll:
    """Roll-outs of `steps` steps from every position of a query.

    Attributes:
        model: channels and scalings; its weights are not used.
        steps: length of the roll-outs R.
    """

    model: Model
    steps: int
    _mean: Tensor = field(init=False, repr=False)
    _std: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        std = np.where(np.isfinite(self.model.inputs.std), self.model.inputs.std, 1.0)
        object.__setattr__(self, "_mean", torch.as_tensor(self.model.inputs.mean, dtype=torch.float32))
        object.__setattr__(self, "_std", torch.as_tensor(std, dtype=torch.float32))

    def __call__(self, weights: Weights, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return errors (B, E) of weights (B, E, ...) on queries: inputs (B, K, F + A), targets (B, K, S).

        The error after h steps is the squared difference of the increments added up so far, over h.
        """
        count = inputs.shape[1] - self.steps + 1
        current = inputs[:, :count].unsqueeze(1)
        missed = torch.zeros_like(targets[:, :count]).unsqueeze(1)
        total = torch.zeros(())
        for step in range(self.steps):
            predicted = forward(weights, current)
            missed = missed + predicted - targets[:, step : step + count].unsqueeze(1)
            total = total + missed.square().mean(dim=(-2, -1)) / (step + 1)
            if step + 1 < self.steps:
                current = self._moved(current, predicted, inputs[:, step + 1 : step + 1 + count].unsqueeze(1))
        return total / self.steps

    def _moved(self, inputs: Tensor, predicted: Tensor, recorded: Tensor) -> Tensor:
        """Return the inputs after predicted increments; the actions, and what never varied, are the recorded ones."""
        space, scale = self.model.space, self.model.increments
        increments = predicted * torch.as_tensor(scale.std, dtype=torch.float32)
        increments = increments + torch.as_tensor(scale.mean, dtype=torch.float32)
        raw = inputs * self._std + self._mean
        vectors, angles = len(space.vectors), len(space.angles)
        values = raw[..., :vectors] + increments[..., space.vectors]
        cos, sin = raw[..., vectors : vectors + angles], raw[..., vectors + angles : vectors + 2 * angles]
        turn = increments[..., space.angles]
        turned = [cos * torch.cos(turn) - sin * torch.sin(turn), sin * torch.cos(turn) + cos * torch.sin(turn)]
        features = torch.cat([values, *turned], dim=-1)
        scaled = (features - self._mean[: space.num_features]) / self._std[: space.num_features]
        limited = scaled.clamp(-self.model.inputs.limit, self.model.inputs.limit)
        known = torch.as_tensor(np.isfinite(self.model.inputs.std[: space.num_features]))
        limited = torch.where(known, limited, torch.zeros_like(limited))
        actions = recorded[..., space.num_features :].expand(*limited.shape[:-1], -1)
        return torch.cat([limited, actions], dim=-1)
