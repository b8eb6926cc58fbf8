"""Online meta-gradient: GrBAL whose step sizes go on learning while the robot runs.

    theta'  = adapted by steps of size alpha_j exp(beta_j) for every tensor j
    beta_j <- beta_j - eta * d log L(theta'; the transition that came next) / d beta_j

Sutton 1992 ("Adapting bias by gradient descent") with the transition that came next as the validation sample, as in
Xu et al. 2018, https://arxiv.org/abs/1805.09801. To first order the displacement theta' - theta* of a tensor is
proportional to exp(beta_j), so the derivative is the gradient at theta' times that displacement: no second pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from dynamics.adapters.base import Adapted
from dynamics.backpropagation import (
    Float32,
    Sizes,
    backpropagate,
    columns,
    gradient,
    layers,
    sizes,
    tensors,
    vectors,
    weights,
)
from dynamics.descent import all_stepped
from dynamics.model import Model, encode
from dynamics.network import Weights
from dynamics.transitions import Transitions

_LIMIT = 1.5
"""Largest |beta|: step sizes stay within a factor of 4.5 of the learned ones."""
_STEP = 0.3
"""Largest change of a beta in one tick; a single transition says little."""


@dataclass(frozen=True)
class MetaGradientSettings:
    """How step sizes are tuned while running.

    Attributes:
        window: support transitions M.
        steps: inner gradient steps, 1 to 3.
        meta_rate: step size eta of the logarithms of the step sizes.
        forget: share by which they return to the learned ones at every tick.
    """

    kind: Literal["meta_gradient"] = "meta_gradient"
    window: int = 24
    steps: int = 2
    meta_rate: float = 0.02
    forget: float = 0.01

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window: expected at least 1, got {self.window}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if not self.meta_rate >= 0:
            raise ValueError(f"meta_rate: expected 0 or more, got {self.meta_rate}")
        if not 0 <= self.forget <= 1:
            raise ValueError(f"forget: expected a share in [0, 1], got {self.forget}")


@dataclass(frozen=True)
class MetaGradient:
    """Gradient steps from the prior, with step sizes scaled tensor by tensor; the scales are what it carries on.

    Attributes:
        model: the meta-learned model.
        rates: learned step sizes, one tensor per weight tensor.
        settings: window, steps, and how fast the scales learn.
    """

    model: Model
    rates: Weights
    settings: MetaGradientSettings
    carries: bool = True
    _widths: Sizes = field(init=False, repr=False)
    _prior: Float32 = field(init=False, repr=False)
    _rates: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_widths", sizes(self.model.prior))
        object.__setattr__(self, "_prior", vectors(self.model.prior))
        object.__setattr__(self, "_rates", vectors(self.rates))

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self) -> Adapted:
        """Return the prior, all scales at one."""
        return Adapted(self.model.prior, ((torch.zeros(len(self.rates)),),))

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Tune the scales on the newest transition, which the current weights have not seen, then adapt afresh."""
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        logs = self._tuned(current, columns(inputs[-1:]), targets[-1:].T)
        rates = self._rates * np.float32(len(newest) / self.window)
        for member in rates:
            for part, scale in zip(tensors(member, self._widths), np.exp(logs), strict=True):
                part *= scale
        seen, steps = (columns(inputs), targets.T), self.settings.steps
        found = all_stepped(self._prior, rates, self._widths, seen, steps)
        return Adapted(weights(found, self._widths), ((torch.from_numpy(logs),),))

    @np.errstate(over="ignore", invalid="ignore")
    def _tuned(self, current: Adapted, signal: Float32, targets: Float32) -> Float32:
        """Return the logarithms of the scales (tensors,) after one meta-gradient step."""
        logs = current.memory[0][0].numpy() * np.float32(1 - self.settings.forget)
        slopes = np.zeros_like(logs)
        for start, point in zip(self._prior, vectors(current.weights), strict=True):
            there = backpropagate(layers(point, self._widths), signal, targets)
            change = tensors(gradient(self._widths, there) * (point - start), self._widths)
            slopes += np.array([part.sum() for part in change]) / np.float32(there.loss + 1e-6)
        moved = np.clip(self.settings.meta_rate * slopes / len(self.model.prior[0]), -_STEP, _STEP)
        tuned = np.clip(logs - np.nan_to_num(moved), -_LIMIT, _LIMIT)
        return np.asarray(tuned, np.float32)
