"""The error after GrBAL's gradient steps, and its relatives: some parameters only, roll-outs, meta-regularisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from dynamics.adapters.gradient import GradientSettings
from dynamics.meta import Judge, Windows, outer_errors, outer_loss
from dynamics.network import Parts, Weights
from dynamics.objectives.base import Objective, Part
from dynamics.objectives.unroll import judged_over

RATE_PACE = 10.0
"""Learned step sizes move further than weights (from 0.1 to above 2), so Adam takes larger steps on them."""
_FIRST_DEVIATION = -5.0
"""Logarithm of the deviation that Gaussian weights start with."""


@dataclass(frozen=True)
class GradientObjective(Objective):
    """Second-order MAML over windows, with learned step sizes.

    With a meta-regulariser the weights are Gaussian: every outer step draws them once, and their divergence from a unit
    Gaussian is part of the loss, so that a prior cannot memorise conditions that it should tell from the window (Yin et
    al. 2020, https://arxiv.org/abs/1912.03820, eq. 5). The mean is what is adapted at run time.
    """

    settings: GradientSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        rates = tuple(torch.full_like(w, self.settings.rate) for w in self.model.prior)
        parts = {"rates": Part(self._acting(rates), RATE_PACE)}
        if self.settings.regularisation:
            deviations = tuple(torch.full_like(w, _FIRST_DEVIATION) for w in self.model.prior)
            parts["deviations"] = Part(deviations, kept=False)
        return parts

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        return outer_errors(parts["prior"], self._acting(parts["rates"]), windows, steps=self.settings.steps)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        prior, penalty = parts["prior"], torch.zeros(())
        if self.settings.regularisation:
            prior = _drawn(prior, parts["deviations"], generator)
            penalty = self.settings.regularisation * _divergence(parts["prior"], parts["deviations"])
        steps, second_order = self.settings.steps, self.settings.second_order
        rates = self._acting(parts["rates"])
        return outer_loss(prior, rates, windows, steps=steps, second_order=second_order, judge=self._judge) + penalty

    @cached_property
    def _judge(self) -> Judge:
        return judged_over(self.settings.rollout, self.model)

    def _acting(self, rates: Weights) -> Weights:
        """Return step sizes of which those out of scope are zero, and none is learned unless the settings say so."""
        if not self.settings.learn_rates:
            rates = tuple(torch.full_like(rate, self.settings.rate) for rate in rates)
        count = len(rates)
        scopes = {"all": range(count), "bias": range(1, count, 2), "last_layer": range(count - 2, count)}
        acts = scopes[self.settings.scope]
        return tuple(rate if i in acts else torch.zeros_like(rate) for i, rate in enumerate(rates))


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
