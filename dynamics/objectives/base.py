"""What meta-training minimises: the error after adaptation, in a form that gradients flow through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dynamics.adapters.base import AdapterSettings
from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.network import Parts, Weights


class Part(NamedTuple):
    """Something that is learned beside the network.

    Attributes:
        weights: before training.
        pace: factor on the optimiser's step size.
        kept: whether a checkpoint holds it.
    """

    weights: Weights
    pace: float = 1.0
    kept: bool = True


@dataclass(frozen=True)
class Objective(ABC):
    """How one kind of adapter learns, made for its settings and an untrained model.

    Its adapter does the same thing to a window at run time, without gradients. `parts` is everything that is learned:
    the network under `prior`, and what `initial` names.
    """

    settings: AdapterSettings
    model: Model

    @property
    def window(self) -> int:
        """Support transitions M that it needs; 0 for none."""
        return self.settings.window

    @abstractmethod
    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        """Return what is learned beside the network, untrained, by name."""

    @abstractmethod
    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the mean squared error of every query after adaptation to its support (B, E)."""

    @abstractmethod
    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        """Return what is minimised (): the mean of `errors`, with draws and penalties where a recipe has them."""


def shared_inputs(inputs: Tensor) -> Tensor:
    """Lay the samples of all windows (B, K, in) in one row (1, B K, in): they share one set of weights."""
    return inputs.flatten(0, 1).unsqueeze(0)


def spread_shift(shift: Tensor, count: int) -> Tensor:
    """Repeat the bias change of every window (E, B, hidden) for its samples (E, B count, hidden)."""
    return shift.repeat_interleave(count, dim=1)


def window_errors(predicted: Tensor, targets: Tensor) -> Tensor:
    """Return mean squared errors (B, E) of predictions (E, B K, S) for targets (B, K, S)."""
    batch, count, size = targets.shape
    return (predicted.reshape(-1, batch, count, size) - targets).square().mean(dim=(-2, -1)).T
