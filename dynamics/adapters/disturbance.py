"""A disturbance estimate: what the plain model missed of late is expected again, whatever state and action are.

    d = sum of (y - f(x)) over the window / (M + m)

The offset that offset-free MPC adds to a model (Pannocchia and Rawlings 2003, AIChE Journal 49), in the units of the
increments: it takes away what is constant, and knows nothing else. A second baseline beside the plain model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.model import Model, encode
from dynamics.network import Weights, forward
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class DisturbanceSettings:
    """How the offset is fitted.

    Attributes:
        window: transitions M that count, all alike.
        doubt: transitions m without any offset that are taken to have been seen besides: with few, it stays small.
    """

    kind: Literal["disturbance"] = "disturbance"
    window: int = 24
    doubt: float = 4.0

    def __post_init__(self) -> None:
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "doubt", self.doubt >= 0, "a number of transitions, 0 or more")


@dataclass(frozen=True)
class Disturbance(Adapter):
    """The prior, its last bias moved by the mean miss of the window."""

    settings: DisturbanceSettings

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        everywhere = range(self.model.space.size)
        return Adapted(offset(self.model, self.model.prior, window.last(self.window), self.settings.doubt, everywhere))


def offset(model: Model, weights: Weights, window: Transitions, doubt: float, channels: Sequence[int]) -> Weights:
    """Return weights whose last bias is moved by what they missed on average of some channels of a window."""
    inputs, targets = (torch.from_numpy(part) for part in encode(model, window))
    missed = targets - forward(weights, inputs)  # (E, M, S)
    moved, bias = list(channels), weights[-1].clone()
    bias[:, moved] += missed.sum(dim=1)[:, moved] / (missed.shape[1] + doubt)
    return (*weights[:-1], bias)
