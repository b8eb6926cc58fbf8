"""The likelihood of the query under the posterior of a Bayesian last layer, in closed form over the whole window.

The Kalman filter of `dynamics.adapters.last_layer`, all steps at once: the matrix is a Gaussian process in time with
correlation rho^|t - s|, so its posterior mean after M transitions is K_0 + P_0 Phi' D (G + I)^-1 (Y - Phi K_0), with
G_st = rho^|s - t| phi_s' P_0 phi_t and D_s = rho^(M - s). One solve of an M x M system a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dynamics.adapters.last_layer import LastLayerSettings
from dynamics.meta import Windows
from dynamics.network import Parts
from dynamics.objectives.base import Objective, Part, shared_inputs

_FIRST_SPREAD = 0.3
_FIRST_NOISE = -1.0
_FIRST_FADE = 4.0
"""Prior deviation of an entry of the last layer, logarithm of the noise, and logit of rho before training."""


class _Predicted(NamedTuple):
    mean: Tensor
    """(E, B, K, S)"""
    spread: Tensor
    """Variance over that of the noise (E, B, K, 1)."""


@dataclass(frozen=True)
class LastLayerObjective(Objective):
    """Negative logarithm of the predictive likelihood, as in ALPaCA, eq. 9."""

    settings: LastLayerSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        members, hidden, size = self.model.prior[-2].shape
        spread = _FIRST_SPREAD * torch.eye(hidden + 1).repeat(members, 1, 1)
        noise, fade = torch.full((size,), _FIRST_NOISE), torch.tensor(_FIRST_FADE)
        return {"spread": Part((spread,)), "noise": Part((noise,), 3.0), "fade": Part((fade,), 10.0)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        missed = self._predicted(parts, windows).mean - windows.query_targets
        return missed.square().mean(dim=(-2, -1)).T

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        mean, spread = self._predicted(parts, windows)
        variance = spread * torch.exp(2 * parts["noise"][0])
        return 0.5 * ((mean - windows.query_targets).square() / variance + torch.log(variance)).mean()

    def _predicted(self, parts: Parts, windows: Windows) -> _Predicted:
        """Return the predictive distribution of the queries."""
        prior, spread = parts["prior"], parts["spread"][0]
        last = torch.cat([prior[-2], prior[-1].unsqueeze(-2)], dim=-2).unsqueeze(1)
        known, asked = (_features(prior, inputs) for inputs in (windows.support_inputs, windows.query_inputs))
        seen, query = known @ spread.unsqueeze(1), asked @ spread.unsqueeze(1)
        rho, length = torch.sigmoid(parts["fade"][0]), known.shape[-2]
        age = torch.arange(length - 1, -1, -1)
        gram = (seen @ seen.transpose(-1, -2)) * rho ** (age[:, None] - age).abs() + torch.eye(length)
        # How much each query shares with each transition seen; the query stands at the end of the support.
        common = (query @ seen.transpose(-1, -2)) * rho**age
        factor = torch.linalg.cholesky(gram)
        missed = torch.cholesky_solve(windows.support_targets - known @ last, factor)
        left = query.square().sum(dim=-1) - (common * torch.cholesky_solve(common.mT, factor).mT).sum(dim=-1)
        return _Predicted(asked @ last + common @ missed, 1 + left.clamp_min(0).unsqueeze(-1))


def _features(prior: tuple[Tensor, ...], inputs: Tensor) -> Tensor:
    """Return the last hidden layer and a one (E, B, n, hidden + 1) for inputs (B, n, in)."""
    hidden = shared_inputs(inputs)
    for layer in range(0, len(prior) - 2, 2):
        hidden = torch.nn.functional.silu(hidden @ prior[layer] + prior[layer + 1].unsqueeze(-2))
    shaped = hidden.reshape(len(prior[0]), *inputs.shape[:2], -1)
    return torch.cat([shaped, torch.ones_like(shaped[..., :1])], dim=-1)
