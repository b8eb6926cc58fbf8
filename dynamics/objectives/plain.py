"""The error without any adaptation: of single steps, or of roll-outs in the model's own hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dynamics.meta import Windows
from dynamics.network import Parts
from dynamics.objectives.base import Objective, Part
from dynamics.objectives.unroll import query_errors


@dataclass(frozen=True)
class PlainObjective(Objective):
    """Every transition counts alike, and there is no support."""

    window: ClassVar[int] = 0

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        return {}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        return query_errors(self.model, getattr(self.settings, "rollout", 1), parts["prior"], windows)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        return self.errors(parts, windows).mean()
