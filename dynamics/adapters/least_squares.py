"""The last layer by recursive least squares, from the weights of a plain model: nothing of it is meta-trained.

The Kalman filter of `dynamics.adapters.last_layer` with a prior and a memory that are set: every entry of the matrix
that reads the features deviates by `spread` in units of the noise, and what was seen fades with a time constant of
`memory` ticks. Over a run it takes in thousands of transitions where a window holds a few dozen, so it gets to bodies
that training was nowhere near (recursive least squares with forgetting: Astrom and Wittenmark 1995, "Adaptive Control",
chapter 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from dynamics.adapters.base import expect
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.model import Model
from dynamics.network import Parts
from dynamics.transitions import FloatArray


@dataclass(frozen=True)
class LeastSquaresSettings:
    """How far the last layer may move, and for how long it remembers.

    Attributes:
        window: transitions that errors are counted over where recipes are compared; it looks at the newest alone.
        spread: prior deviation of an entry of the last layer, in units of the noise [-]; a small one stays near it.
        memory: ticks after which a transition counts by a factor e less.
    """

    kind: Literal["least_squares"] = "least_squares"
    window: int = 16
    spread: float = 0.03
    memory: float = 1000.0

    def __post_init__(self) -> None:
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "spread", 0 < self.spread < math.inf, "a positive number")
        expect(self, "memory", 0 < self.memory < math.inf, "a positive number of ticks")


def least_squares(
    settings: LeastSquaresSettings, model: Model, _: Parts, condition: Callable[[], FloatArray] | None
) -> LastLayer:
    """Return the filter with the prior and the memory of the settings; of what was trained it takes the model alone."""
    members, hidden = model.prior[-2].shape[:2]
    spread = settings.spread * torch.eye(hidden + 1).repeat(members, 1, 1)
    rho = math.exp(-1 / settings.memory)
    fade = torch.tensor(math.log(rho) - math.log1p(-rho))  # whose logistic function is rho
    parts = {"spread": (spread,), "fade": (fade,)}
    return LastLayer(LastLayerSettings(window=settings.window), model, parts, condition)
