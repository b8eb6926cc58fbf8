"""The error after GrBAL's gradient steps, and its relatives: some parameters only, roll-outs, meta-regularisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dynamics.meta import Windows, outer_errors, outer_loss, squared_error
from dynamics.network import Parts, Weights
from dynamics.objectives.unroll import Unroll

if TYPE_CHECKING:
    from dynamics.adapters.gradient import GradientSettings
    from dynamics.model import Model

RATE_PACE = 10.0
"""Learned step sizes move further than weights (from 0.1 to above 2), so Adam takes larger steps on them."""
_FIRST_DEVIATION = -5.0
"""Logarithm of the deviation that Gaussian weights start with."""


@dataclass(frozen=True)
class GradientObjective:
    """Second-order MAML over windows, with learned step sizes.

    With a meta-regulariser the weights are Gaussian: every outer step draws them once, and their divergence from a unit
    Gaussian is part of the loss, so that a prior cannot memorise conditions that it should tell from the window (Yin et
    al. 2020, https://arxiv.org/abs/1912.03820, eq. 5). The mean is what is adapted at run time.

    Attributes:
        settings: of the adapter.
        unroll: judges roll-outs instead of single steps, where the settings ask for it.
    """

    settings: GradientSettings
    unroll: Unroll | None = None
    pace: Mapping[str, float] = field(default_factory=lambda: {"rates": RATE_PACE})

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self, model: Model, generator: torch.Generator) -> Parts:
        """Return network and step sizes, and deviations where weights are Gaussian."""
        parts = {"prior": model.prior, "rates": tuple(torch.full_like(w, self.settings.rate) for w in model.prior)}
        if self.settings.regularisation:
            parts["deviations"] = tuple(torch.full_like(w, _FIRST_DEVIATION) for w in model.prior)
        return parts

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the error of every query after the steps (B, E)."""
        return outer_errors(parts["prior"], self._rates(parts), windows, steps=self.settings.steps)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        """Return the outer loss."""
        prior, penalty = parts["prior"], torch.zeros(())
        if self.settings.regularisation:
            prior = _drawn(prior, parts["deviations"], generator)
            penalty = self.settings.regularisation * _divergence(parts["prior"], parts["deviations"])
        judge = self.unroll or squared_error
        steps, second_order = self.settings.steps, self.settings.second_order
        rates = self._rates(parts)
        return outer_loss(prior, rates, windows, steps=steps, second_order=second_order, judge=judge) + penalty

    def finished(self, parts: Parts) -> Parts:
        """Return network and step sizes; step sizes that were not learned or do not act are what they were."""
        return {"prior": parts["prior"], "rates": self._rates(parts)}

    def _rates(self, parts: Parts) -> Weights:
        """Return the step sizes in force: of the parameters in scope, learned or not."""
        rates = parts["rates"]
        if not self.settings.learn_rates:
            rates = tuple(torch.full_like(rate, self.settings.rate) for rate in rates)
        match self.settings.scope:
            case "all":
                return rates
            case "bias":
                return tuple(rate if i % 2 else torch.zeros_like(rate) for i, rate in enumerate(rates))
            case "last_layer":
                last = len(rates) - 2
                return tuple(rate if i >= last else torch.zeros_like(rate) for i, rate in enumerate(rates))


def _drawn(means: Weights, deviations: Weights, generator: torch.Generator) -> Weights:
    return tuple(
        mean + torch.exp(log) * torch.randn(mean.shape, generator=generator)
        for mean, log in zip(means, deviations, strict=True)
    )


def _divergence(means: Weights, deviations: Weights) -> Tensor:
    """Return the divergence of Gaussian weights from unit Gaussians, summed over all of them."""
    terms = [
        0.5 * (torch.exp(2 * log) + mean.square() - 1 - 2 * log).sum()
        for mean, log in zip(means, deviations, strict=True)
    ]
    return torch.stack(terms).sum()
