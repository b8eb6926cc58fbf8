"""Multi-step prediction error: a model is judged on its own predictions, not from the true state every time.

A plan adds up what one-step errors hardly show, such as a slow drift to the side; a model that is only ever shown true
states strays from them, and the further the longer it was trained (Abbeel and Ng 2005, "Learning first-order Markov
models for control"; Lambert et al. 2022, "Investigating compounding prediction errors in learned dynamics models",
https://arxiv.org/abs/2203.09637). The roll-out stays in the space of
the network's inputs: vectors and the cosines and sines of angles move by the predicted increments; the planar pose is
no input anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from dynamics.backpropagation import Sizes, vectors, weights
from dynamics.descent import Window
from dynamics.meta import Judge, Windows, squared_error
from dynamics.model import Model
from dynamics.network import Weights, forward
from dynamics.objectives.base import shared_inputs, spread_shift, window_errors
from dynamics.transitions import Float32

Predict = Callable[[Tensor], Tensor]
"""From inputs (..., F + A) to increments (..., S), both scaled."""


def judged_over(steps: int, model: Model) -> Judge:
    """Return what judges adapted weights: single steps, or roll-outs of more."""
    return Unroll(model, steps) if steps > 1 else squared_error


def query_errors(model: Model, steps: int, network: Weights, windows: Windows, shift: Tensor | None = None) -> Tensor:
    """Return the errors (B, E) of an ensemble on the queries of windows: of single steps, or of roll-outs of more.

    Args:
        model: channels and scalings; its weights are not used.
        steps: length of the roll-outs R, at most the query's length K.
        network: weights W (E, in, out), b (E, out) of each layer.
        windows: B of them, with inputs as wide as the network's.
        shift: bias change of each member and window (E, B, hidden); None changes nothing.
    """

    def forwarded(inputs: Tensor, count: int) -> Tensor:
        return forward(network, inputs, None if shift is None else spread_shift(shift, count))

    inputs, targets = windows.query_inputs, windows.query_targets
    if steps == 1:
        return window_errors(forwarded(shared_inputs(inputs), inputs.shape[1]), targets)

    def predict(current: Tensor) -> Tensor:
        count = current.shape[-2]
        return forwarded(current.flatten(1, 2), count).reshape(*current.shape[:-1], -1)

    each = inputs.expand(len(network[0]), *inputs.shape)  # every member strays on its own
    return Unroll(model, steps).errors(predict, each, targets).T


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
            loss = self.errors(lambda current: forward(leaves, current)[0], inputs, targets)
            slopes = torch.autograd.grad(loss, leaves)
        return float(loss.detach()), vectors(slopes)[0]

    def errors(self, predict: Predict, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the errors (...) of what predicts on queries: inputs (..., K, F + A), targets (..., K, S).

        The error after h steps is the squared difference of the increments added up so far, over h.
        """
        count = inputs.shape[-2] - self.steps + 1
        current, missed, total = inputs[..., :count, :], torch.zeros(()), torch.zeros(())
        for step in range(self.steps):
            predicted = predict(current)
            missed = missed + predicted - targets[..., step : step + count, :]
            total = total + missed.square().mean(dim=(-2, -1)) / (step + 1)
            if step + 1 < self.steps:
                current = self._moved(current, predicted, inputs[..., step + 1 : step + 1 + count, :])
        return total / self.steps

    def _moved(self, inputs: Tensor, predicted: Tensor, recorded: Tensor) -> Tensor:
        """Return the inputs after predicted increments; actions, and a condition that is told, are as recorded."""
        space, scale = self.model.space, self.model.increments
        features, mean, std = space.num_features, self._mean[: space.num_features], self._std[: space.num_features]
        increments = predicted * torch.as_tensor(scale.std, dtype=torch.float32)
        increments = increments + torch.as_tensor(scale.mean, dtype=torch.float32)
        raw = inputs[..., :features] * std + mean
        straight, angles = len(space.vectors), len(space.angles)
        values = raw[..., :straight] + increments[..., space.vectors]
        cos, sin = raw[..., straight : straight + angles], raw[..., straight + angles : straight + 2 * angles]
        turn = increments[..., space.angles]
        turned = [cos * torch.cos(turn) - sin * torch.sin(turn), sin * torch.cos(turn) + cos * torch.sin(turn)]
        scaled = (torch.cat([values, *turned], dim=-1) - mean) / std
        limited = scaled.clamp(-self.model.inputs.limit, self.model.inputs.limit)
        known = torch.as_tensor(np.isfinite(self.model.inputs.std[:features]))
        limited = torch.where(known, limited, torch.zeros_like(limited))  # what never varied stays as it was
        return torch.cat([limited, recorded[..., features:]], dim=-1)
