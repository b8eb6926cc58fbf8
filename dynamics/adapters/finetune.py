"""MB + DE ("dynamic evaluation"): plain gradient descent that carries the weights on from tick to tick.

The baseline of the GrBAL paper: the model was not trained to adapt, and what it learns is never taken back.
The code that its authors published for their robot uses a rate of 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.backpropagation import weights
from dynamics.descent import Start, descended, seen
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class FinetuneSettings:
    """How MB + DE keeps training.

    Attributes:
        window: transitions of one gradient step.
        rate: step size of every parameter.
    """

    kind: Literal["finetune"] = "finetune"
    window: int = 24
    rate: float = 0.1

    def __post_init__(self) -> None:
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "rate", self.rate > 0, "a positive number")


@dataclass(frozen=True)
class Finetune(Adapter):
    """One gradient step a tick on the newest window, from the weights of the last tick."""

    settings: FinetuneSettings
    carries: ClassVar[bool] = True

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        start = Start.of(current.weights, (torch.tensor(self.settings.rate),) * len(current.weights))
        found = descended(start, seen(self.model, window.last(self.window)), steps=1)
        return Adapted(weights(found, start.widths))
