"""The error after gradient steps from a mixture of starting points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dynamics.adapters.priors import PriorsSettings
from dynamics.meta import Windows, outer_errors, outer_loss
from dynamics.network import Parts, forward
from dynamics.objectives.base import Objective, Part, shared_inputs, window_errors
from dynamics.objectives.gradient import RATE_PACE

_FIRST_SPREAD = 0.5
"""Deviation of the untrained starting points."""
_FIRST_FOCUS = 3.0
"""Logarithm of the factor on errors in the mixture before training."""


@dataclass(frozen=True)
class PriorsObjective(Objective):
    """Starting points compete for windows by their error on the support, softly, so that all of them learn."""

    settings: PriorsSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        members, hidden = self.model.prior[1].shape
        starts = _FIRST_SPREAD * torch.randn(members, self.settings.starts, hidden, generator=generator)
        rates = tuple(torch.full_like(w, self.settings.rate) for w in self.model.prior)
        focus = (torch.tensor(_FIRST_FOCUS),)
        return {"rates": Part(rates, RATE_PACE), "starts": Part((starts,)), "focus": Part(focus, RATE_PACE)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        shift = self._mixed(parts, windows)
        return outer_errors(parts["prior"], parts["rates"], windows, steps=self.settings.steps, shift=shift)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        shift, steps = self._mixed(parts, windows), self.settings.steps
        return outer_loss(parts["prior"], parts["rates"], windows, steps=steps, second_order=True, shift=shift)

    def _mixed(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the bias change of every window (B, E, hidden)."""
        starts, inputs = parts["starts"][0], shared_inputs(windows.support_inputs)
        errors = [
            window_errors(forward(parts["prior"], inputs, start.unsqueeze(1)), windows.support_targets)
            for start in starts.unbind(1)
        ]
        shares = torch.softmax(-torch.exp(parts["focus"][0]) * torch.stack(errors, dim=-1), dim=-1)
        return torch.einsum("bep,eph->beh", shares, starts)
