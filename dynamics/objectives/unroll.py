"""Multi-step prediction error: an adapted model is judged on its own predictions, not from the true state every time.

A plan adds up what one-step errors hardly show, such as a slow drift to the side. The roll-out stays in the space of
the network's inputs: vectors and the cosines and sines of angles move by the predicted increments; the planar pose is
no input anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from dynamics.backpropagation import Sizes, vectors, weights
from dynamics.descent import Window
from dynamics.meta import Judge, squared_error
from dynamics.model import Model
from dynamics.network import Weights, forward
from dynamics.transitions import Float32


def judged_over(steps: int, model: Model) -> Judge:
    """Return what judges adapted weights: single steps, or roll-outs of more."""
    return Unroll(model, steps) if steps > 1 else squared_error


@dataclass(frozen=True)
class Unroll:
    """Roll-outs of `steps` steps from every position of a query.

    Attributes:
        model: channels and scalings; its weights are not used.
        steps: length of the roll-outs R.
    """

    model: Model
    steps: int

    @cached_property
    def _mean(self) -> Tensor:
        return torch.as_tensor(self.model.inputs.mean, dtype=torch.float32)

    @cached_property
    def _std(self) -> Tensor:
        std = np.where(np.isfinite(self.model.inputs.std), self.model.inputs.std, 1.0)
        return torch.as_tensor(std, dtype=torch.float32)

    def __call__(self, point: Float32, widths: Sizes, query: Window) -> tuple[float, Float32]:
        """Judge adapted parameters on a query, by automatic differentiation."""
        inputs, targets = torch.from_numpy(query[0][:-1].T), torch.from_numpy(query[1].T)
        with torch.enable_grad():
            leaves = tuple(w.requires_grad_() for w in weights(point[None], widths))
            loss = self.error(leaves, inputs, targets)
            slopes = torch.autograd.grad(loss, leaves)
        return float(loss.detach()), vectors(slopes)[0]

    def error(self, network: Weights, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the error () of a network, leading axis (1,), on a query: inputs (K, F + A), targets (K, S).

        The error after h steps is the squared difference of the increments added up so far, over h.
        """
        count = len(inputs) - self.steps + 1
        current, missed, total = inputs[:count], torch.zeros(()), torch.zeros(())
        for step in range(self.steps):
            predicted = forward(network, current)[0]
            missed = missed + predicted - targets[step : step + count]
            total = total + missed.square().mean() / (step + 1)
            if step + 1 < self.steps:
                current = self._moved(current, predicted, inputs[step + 1 : step + 1 + count])
        return total / self.steps

    def _moved(self, inputs: Tensor, predicted: Tensor, recorded: Tensor) -> Tensor:
        """Return the inputs after predicted increments; the actions, and what never varied, are the recorded ones."""
        space, scale = self.model.space, self.model.increments
        increments = predicted * torch.as_tensor(scale.std, dtype=torch.float32)
        increments = increments + torch.as_tensor(scale.mean, dtype=torch.float32)
        raw = inputs * self._std + self._mean
        straight, angles = len(space.vectors), len(space.angles)
        values = raw[..., :straight] + increments[..., space.vectors]
        cos, sin = raw[..., straight : straight + angles], raw[..., straight + angles : straight + 2 * angles]
        turn = increments[..., space.angles]
        turned = [cos * torch.cos(turn) - sin * torch.sin(turn), sin * torch.cos(turn) + cos * torch.sin(turn)]
        features = torch.cat([values, *turned], dim=-1)
        scaled = (features - self._mean[: space.num_features]) / self._std[: space.num_features]
        limited = scaled.clamp(-self.model.inputs.limit, self.model.inputs.limit)
        known = torch.as_tensor(np.isfinite(self.model.inputs.std[: space.num_features]))
        limited = torch.where(known, limited, torch.zeros_like(limited))
        return torch.cat([limited, recorded[..., space.num_features :]], dim=-1)
