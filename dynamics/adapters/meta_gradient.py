"""Online meta-gradient: GrBAL whose step sizes go on learning while the robot runs.

    theta'  = adapted by steps of size alpha_j exp(beta_j) for every tensor j
    beta_j <- beta_j - eta * d log L(theta'; the transition that came next) / d beta_j

Sutton 1992 ("Adapting bias by gradient descent") with the transition that came next as the validation sample, as in
Xu et al. 2018, https://arxiv.org/abs/1805.09801. To first order the displacement theta' - theta* of a tensor is
proportional to exp(beta_j), so the derivative is the gradient at theta' times that displacement: no second pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.backpropagation import backpropagate, gradient, layers, tensors, vectors, weights
from dynamics.descent import Start, Window, descended, seen
from dynamics.transitions import Float32, Transitions

_LIMIT = 1.5
"""Largest |beta|: step sizes stay within a factor of 4.5 of the learned ones."""
_STEP = 0.3
"""Largest change of a beta in one tick; a single transition says little."""


@dataclass(frozen=True)
class MetaGradientSettings:
    """How step sizes are tuned while running.

    Attributes:
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
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "steps", 1 <= self.steps <= 3, "1 to 3")
        expect(self, "meta_rate", self.meta_rate >= 0, "0 or more")
        expect(self, "forget", 0 <= self.forget <= 1, "a share in [0, 1]")


@dataclass(frozen=True)
class MetaGradient(Adapter):
    """Steps from the prior, learned `rates` scaled tensor by tensor; the logarithms beta (tensors,) are carried on."""

    settings: MetaGradientSettings
    carries: ClassVar[bool] = True

    @cached_property
    def _start(self) -> Start:
        return Start.of(self.model.prior, self.parts["rates"])

    def initial(self) -> Adapted:
        """Return the prior, all scales at one."""
        prior = self.model.prior
        return Adapted(prior, (np.zeros(len(prior), np.float32),))

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Tune the scales on the newest transition, which the current weights have not seen, then adapt afresh."""
        newest = window.last(self.window)
        inputs, targets = seen(self.model, newest)
        logs = self._tuned(current, (np.ascontiguousarray(inputs[:, -1:]), targets[:, -1:]))
        start = self._start.slower(len(newest) / self.window)
        for member in start.rates:
            for part, scale in zip(tensors(member, start.widths), np.exp(logs), strict=True):
                part *= scale
        found = descended(start, (inputs, targets), self.settings.steps)
        return Adapted(weights(found, start.widths), (logs,))

    @np.errstate(over="ignore", invalid="ignore")
    def _tuned(self, current: Adapted, latest: Window) -> Float32:
        """Return the logarithms of the scales (tensors,) after one meta-gradient step."""
        widths, logs = self._start.widths, current.memory[0] * np.float32(1 - self.settings.forget)
        slopes = np.zeros_like(logs)
        for start, point in zip(self._start.points, vectors(current.weights), strict=True):
            there = backpropagate(layers(point, widths), *latest)
            change = tensors(gradient(widths, there) * (point - start), widths)
            slopes += np.array([part.sum() for part in change]) / np.float32(there.loss + 1e-6)
        moved = np.clip(self.settings.meta_rate * slopes / len(self._start.points), -_STEP, _STEP)
        tuned = np.clip(logs - np.nan_to_num(moved), -_LIMIT, _LIMIT)
        return np.asarray(tuned, np.float32)
