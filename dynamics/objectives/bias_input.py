"""The error after gradient steps on constant inputs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dynamics import encoders
from dynamics.adapters.bias_input import BiasInputSettings
from dynamics.meta import Windows
from dynamics.network import Parts, forward
from dynamics.objectives.base import Objective, Part, shared_inputs, spread_shift, window_errors
from dynamics.objectives.gradient import RATE_PACE


@dataclass(frozen=True)
class BiasInputObjective(Objective):
    """Second order through the steps of the constant inputs; the network itself is shared by all windows."""

    settings: BiasInputSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        members, _, hidden = self.model.prior[0].shape
        rows = torch.stack([encoders.linear(self.settings.size, hidden, generator)[0] for _ in range(members)])
        rates = torch.full((self.settings.size,), self.settings.rate)
        return {"entry": Part((rows,)), "rates": Part((rates,), RATE_PACE)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        with torch.enable_grad():
            return self._errors(parts, windows, second_order=False)

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        return self._errors(parts, windows, second_order=True).mean()

    def _errors(self, parts: Parts, windows: Windows, *, second_order: bool) -> Tensor:
        members, batch = len(parts["prior"][0]), len(windows.support_inputs)
        context = torch.zeros(members, batch, self.settings.size, requires_grad=True)
        for _ in range(self.settings.steps):
            loss = self._judged(parts, context, windows.support_inputs, windows.support_targets).sum()
            (gradient,) = torch.autograd.grad(loss, context, create_graph=second_order)
            context = context - parts["rates"][0] * gradient
        return self._judged(parts, context, windows.query_inputs, windows.query_targets)

    def _judged(self, parts: Parts, context: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        shift = spread_shift(context @ parts["entry"][0], inputs.shape[1])
        return window_errors(forward(parts["prior"], shared_inputs(inputs), shift), targets)
