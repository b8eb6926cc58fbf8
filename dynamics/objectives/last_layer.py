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
from dynamics.network import Parts, Weights
from dynamics.objectives.base import Objective, Part
from dynamics.objectives.unroll import Unroll

_FIRST_SPREAD = 0.3
_FIRST_NOISE = -1.0
_FIRST_FADE = 4.0
"""Prior deviation of an entry of the last layer, logarithm of the noise, and logit of rho before training."""


class _Posterior(NamedTuple):
    mean: Tensor
    """Of the matrix after the support (E, B, n, S)."""
    spread: Tensor
    """Variance of the queries over that of the noise (E, B, K, 1)."""


@dataclass(frozen=True)
class LastLayerObjective(Objective):
    """Negative logarithm of the predictive likelihood, as in ALPaCA, eq. 9.

    That is about single steps. With roll-outs of more, the error of what the posterior mean foretells in its own hands
    trains everything, and the likelihood only what it alone tells of: how sure the prior is, the noise, the fading.
    """

    settings: LastLayerSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        members, hidden, size = self.model.prior[-2].shape
        spread = _FIRST_SPREAD * torch.eye(hidden + 1).repeat(members, 1, 1)
        noise, fade = torch.full((size,), _FIRST_NOISE), torch.tensor(_FIRST_FADE)
        return {"spread": Part((spread,)), "noise": Part((noise,), 3.0), "fade": Part((fade,), 10.0)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        return self._judged(parts["prior"], self._posterior(parts, windows).mean, windows)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        if self.settings.rollout == 1:
            return self._surprise(parts, windows)
        settled = {**parts, "prior": tuple(w.detach() for w in parts["prior"])}
        return self.errors(parts, windows).mean() + self._surprise(settled, windows)

    def _surprise(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the negative logarithm of the likelihood of the query's single steps, less a constant."""
        found, asked = self._posterior(parts, windows), _features(parts["prior"], windows.query_inputs)
        variance = found.spread * torch.exp(2 * parts["noise"][0])
        missed = asked @ found.mean - windows.query_targets
        return 0.5 * (missed.square() / variance + torch.log(variance)).mean()

    def _judged(self, prior: Weights, last: Tensor, windows: Windows) -> Tensor:
        """Return the errors (B, E) on the queries of what reads the features by one matrix (E, B, n, S) a window."""
        each = windows.query_inputs.expand(len(last), *windows.query_inputs.shape)  # every member strays on its own
        judge = Unroll(self.model, self.settings.rollout)
        return judge.errors(lambda inputs: _features(prior, inputs) @ last, each, windows.query_targets).T

    def _posterior(self, parts: Parts, windows: Windows) -> _Posterior:
        prior, spread = parts["prior"], parts["spread"][0].unsqueeze(1)
        last = torch.cat([prior[-2], prior[-1].unsqueeze(-2)], dim=-2).unsqueeze(1)
        known, asked = (_features(prior, inputs) for inputs in (windows.support_inputs, windows.query_inputs))
        seen, query = known @ spread, asked @ spread
        rho, length = torch.sigmoid(parts["fade"][0]), known.shape[-2]
        age = torch.arange(length - 1, -1, -1)
        gram = (seen @ seen.transpose(-1, -2)) * rho ** (age[:, None] - age).abs() + torch.eye(length)
        # How much the matrix shares with each transition seen, at the end of the support, where the query stands.
        common = seen.transpose(-1, -2) * rho**age
        factor = torch.linalg.cholesky(gram)
        moved = spread @ (common @ torch.cholesky_solve(windows.support_targets - known @ last, factor))
        shared = query @ common
        left = query.square().sum(dim=-1) - (shared * torch.cholesky_solve(shared.mT, factor).mT).sum(dim=-1)
        return _Posterior(last + moved, 1 + left.clamp_min(0).unsqueeze(-1))


def _features(prior: Weights, inputs: Tensor) -> Tensor:
    """Return the last hidden layer and a one (E, B, n, hidden + 1) for inputs (B, n, in), or (E, B, n, in)."""
    shape = (len(prior[0]), *inputs.shape[-3:-1], -1)
    hidden = inputs.flatten(-3, -2)
    for layer in range(0, len(prior) - 2, 2):
        hidden = torch.nn.functional.silu(hidden @ prior[layer] + prior[layer + 1].unsqueeze(-2))
    shaped = hidden.reshape(shape)
    return torch.cat([shaped, torch.ones_like(shaped[..., :1])], dim=-1)
