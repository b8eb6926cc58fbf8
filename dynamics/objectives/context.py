"""The error after an encoder has read the window; with a divergence or the true condition where a kind asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dynamics import encoders
from dynamics.adapters.context import (
    BeliefSettings,
    Code,
    ContextSettings,
    LatentSettings,
    code,
    entry,
    initial_encoder,
    latent_size,
)
from dynamics.meta import Windows
from dynamics.network import Parts
from dynamics.objectives.base import Objective, Part
from dynamics.objectives.unroll import query_errors

_SHORT_SHARE = 0.25
"""Share of the batches whose windows are not full, as at the beginning of a run."""


@dataclass(frozen=True)
class ContextObjective(Objective):
    """Encoder and network trained together."""

    settings: ContextSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        encoder = Part(initial_encoder(self.settings, self.model, generator))
        if isinstance(self.settings, BeliefSettings):
            return {"encoder": encoder}
        members, _, hidden = self.model.prior[0].shape
        size = latent_size(self.settings, self.model)
        rows = torch.stack([encoders.linear(size, hidden, generator, 0.5)[0] for _ in range(members)])
        return {"encoder": encoder, "entry": Part((rows,))}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        return self._judged(parts, self._code(parts, windows).mean, windows)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        if float(torch.rand((), generator=generator)) < _SHORT_SHARE:
            windows = windows.last(int(torch.randint(1, self.window + 1, (), generator=generator)))
        found = self._code(parts, windows)
        latent = found.mean
        if found.variance is not None:
            latent = latent + found.variance.sqrt() * torch.randn(latent.shape, generator=generator)
        return self._judged(parts, latent, windows).mean() + self._added(found, windows)

    def shift(self, parts: Parts, windows: Windows) -> Tensor:
        """Return the bias change that every window comes to (B, E, hidden)."""
        return (self._code(parts, windows).mean @ entry(self.settings, self.model, parts)).transpose(0, 1)

    def _code(self, parts: Parts, windows: Windows) -> Code:
        inputs = windows.support_inputs[..., : self.model.num_inputs]
        return code(self.settings, parts["encoder"], torch.cat([inputs, windows.support_targets], dim=-1))

    def _judged(self, parts: Parts, latent: Tensor, windows: Windows) -> Tensor:
        first, *others = parts["prior"]
        seen = windows._replace(query_inputs=windows.query_inputs[..., : self.model.num_inputs])
        network = (first[:, : self.model.num_inputs], *others)
        shift = latent @ entry(self.settings, self.model, parts)
        return query_errors(self.model, self.settings.rollout, network, seen, shift)

    def _added(self, found: Code, windows: Windows) -> Tensor:
        """Return the divergence from the unit Gaussian and the error of the belief, weighted."""
        match self.settings:
            case LatentSettings():
                return self.settings.divergence * _divergence(found)
            case BeliefSettings():
                # The condition at the end of the support, which is the one that the query begins under.
                truth = windows.support_inputs[:, -1, self.model.num_inputs :]
                taught = self.settings.teaching * (found.mean - truth).square().mean()
                return taught + self.settings.bottleneck * _divergence(found)
            case _:
                return torch.zeros(())


def _divergence(found: Code) -> Tensor:
    """Return the mean divergence of Gaussian codes from the unit Gaussian."""
    if found.variance is None:
        return torch.zeros(())
    terms = found.variance + found.mean.square() - 1 - torch.log(found.variance)
    return 0.5 * terms.sum(dim=-1).mean()
