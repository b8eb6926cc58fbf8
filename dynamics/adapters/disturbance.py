"""A disturbance estimate: what the plain model missed of late is expected again, whatever state and action are.

    d = sum of (y - f(x)) over the window / (M + m)

The offset that offset-free MPC adds to a model (Pannocchia and Rawlings 2003, AIChE Journal 49), in the units of the
increments: it takes away what is constant, and knows nothing else. A second baseline beside the plain model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.model import encode
from dynamics.network import forward
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
        prior = self.model.prior
        inputs, targets = (torch.from_numpy(part) for part in encode(self.model, window.last(self.window)))
        missed = targets - forward(prior, inputs)  # (E, M, S)
        offset = missed.sum(dim=1) / (missed.shape[1] + self.settings.doubt)
        return Adapted((*prior[:-1], prior[-1] + offset))
