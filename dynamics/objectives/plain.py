"""The one-step error without any adaptation: the recipes `mb` and `informed`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.network import Parts, forward
from dynamics.objectives.base import shared_inputs, window_errors


@dataclass(frozen=True)
class PlainObjective:
    """Every transition counts alike; there is no support."""

    window: int = 0
    pace: Mapping[str, float] = field(default_factory=dict)

    def initial(self, model: Model, generator: torch.Generator) -> Parts:
        """Return the untrained network."""
        return {"prior": model.prior}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the error of every query (B, E)."""
        return window_errors(forward(parts["prior"], shared_inputs(windows.query_inputs)), windows.query_targets)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        """Return the mean error."""
        return self.errors(parts, windows).mean()

    def finished(self, parts: Parts) -> Parts:
        """Return the parts as they are."""
        return parts
