"""The one-step error without any adaptation: the recipes `mb` and `informed`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dynamics.adapters.base import AdapterSettings
from dynamics.meta import Windows
from dynamics.model import Model
from dynamics.network import Parts, forward
from dynamics.objectives.base import Part, shared_inputs, window_errors


@dataclass(frozen=True)
class PlainObjective:
    """Every transition counts alike; there is no support."""

    settings: AdapterSettings
    model: Model
    window: int = 0

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        """Return nothing."""
        return {}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the error of every query (B, E)."""
        return window_errors(forward(parts["prior"], shared_inputs(windows.query_inputs)), windows.query_targets)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        """Return the mean error."""
        return self.errors(parts, windows).mean()
