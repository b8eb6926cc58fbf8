"""What meta-training minimises: the error after adaptation, in a form that gradients flow through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.network import Parts


class Objective(Protocol):
    """How one recipe learns. Its adapter does the same thing to a window at run time, without gradients."""

    @property
    def window(self) -> int:
        """Support transitions M that it needs; 0 for none."""
        ...

    @property
    def pace(self) -> Mapping[str, float]:
        """Factors on the optimiser's step size by part, where they are not 1."""
        ...

    def initial(self, model: Model, generator: torch.Generator) -> Parts:
        """Return everything that is learned, untrained: `prior` and what the adapter needs beside it."""
        ...

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the mean squared error of every query after adaptation to its support (B, E)."""
        ...

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        """Return what is minimised (): the mean of `errors`, with draws and penalties where a recipe has them."""
        ...

    def finished(self, parts: Parts) -> Parts:
        """Return the parts as a checkpoint holds them."""
        ...


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
