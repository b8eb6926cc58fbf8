"""The error after gradient steps from what an encoder proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from dynamics.adapters.proposal import ProposalSettings
from dynamics.meta import Windows, outer_errors, outer_loss
from dynamics.network import Parts, forward
from dynamics.objectives.base import Objective, Part, shared_inputs, spread_shift, window_errors
from dynamics.objectives.context import ContextObjective
from dynamics.objectives.gradient import RATE_PACE
from dynamics.objectives.unroll import judged_over

_PROPOSAL_ALONE, _STEPS_ALONE = 0.3, 0.2
"""Shares of the batches in which nothing is refined, and in which nothing is proposed: each has to serve alone too."""


@dataclass(frozen=True)
class ProposalObjective(Objective):
    """Encoder, network and step sizes trained together: the outer gradient goes through the steps into the encoder."""

    settings: ProposalSettings

    @cached_property
    def _encoder(self) -> ContextObjective:
        return ContextObjective(self.settings.encoder, self.model)

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        rates = tuple(torch.full_like(w, self.settings.rate) for w in self.model.prior)
        return {**self._encoder.initial(generator), "rates": Part(rates, RATE_PACE)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        shift = self._chosen(parts, windows) if self.settings.proposes else None
        return outer_errors(parts["prior"], parts["rates"], windows, steps=self.settings.steps, shift=shift)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        drawn = float(torch.rand((), generator=generator)) if self.settings.proposes else 1.0
        if self.settings.steps == 0 or drawn < _PROPOSAL_ALONE:
            return self._encoder.loss(parts, windows, generator)
        shift = self._encoder.shift(parts, windows) if drawn < 1.0 - _STEPS_ALONE else None
        steps, judge = self.settings.steps, judged_over(self.settings.rollout, self.model)
        prior, rates = parts["prior"], parts["rates"]
        return outer_loss(prior, rates, windows, steps=steps, second_order=True, shift=shift, judge=judge)

    def _chosen(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the bias change of every window (B, E, hidden): none where steps do better to start from the prior."""
        shift, count = self._encoder.shift(parts, windows), windows.support_inputs.shape[1]
        if self.settings.steps == 0:
            return shift
        inputs, targets = shared_inputs(windows.support_inputs), windows.support_targets
        moved = spread_shift(shift.transpose(0, 1), count)
        proposed, prior = (
            window_errors(forward(parts["prior"], inputs, by), targets).mean(dim=1) for by in (moved, None)
        )
        return shift * (proposed <= prior)[:, None, None]
