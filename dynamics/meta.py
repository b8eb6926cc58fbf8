"""The heart of learning: adapt a copy of the prior to each window, and judge it on what came next.

    theta'_b = theta - alpha * grad L(theta; support_b)          inner step, repeated
    min over theta, alpha of  mean_b L(theta'_b; query_b)        outer loss

Nagabandi, Clavera et al. 2019, "Learning to adapt in dynamic, real-world environments through meta-RL",
https://arxiv.org/abs/1803.11347, eq. 3 and alg. 1; per-parameter alpha as in Meta-SGD, Li et al. 2017,
https://arxiv.org/abs/1707.09835.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dynamics.network import Weights, squared_error


class Windows(NamedTuple):
    """A batch of encoded, normalised windows: support (B, M, ...) and the query (B, K, ...) that followed it."""

    support_inputs: Tensor
    support_targets: Tensor
    query_inputs: Tensor
    query_targets: Tensor

    def last(self, count: int) -> Windows:
        """Keep the newest `count` transitions of every support."""
        return self._replace(
            support_inputs=self.support_inputs[:, -count:], support_targets=self.support_targets[:, -count:]
        )

    def split(self, count: int) -> list[Windows]:
        """Cut the batch into batches of at most `count` windows."""
        parts = (torch.split(part, count) for part in self)
        return [Windows(*chunk) for chunk in zip(*parts, strict=True)]


def inner_steps(
    weights: Weights, rates: Weights, inputs: Tensor, targets: Tensor, *, steps: int, second_order: bool
) -> Weights:
    """Take gradient steps on the support.

    One backward pass serves all windows: each has its own copy of the weights, so the gradient of the summed loss
    holds every window's own gradient.

    Args:
        weights: one copy per window, leading axes (B, E).
        rates: step size of every parameter, broadcastable to `weights`.
        inputs: (B, 1, M, in).
        targets: (B, 1, M, out).
        steps: number of gradient steps.
        second_order: keep the graph, so that an outer gradient can flow through the steps.
    """
    for _ in range(steps):
        loss = squared_error(weights, inputs, targets).sum()
        gradients = torch.autograd.grad(loss, weights, create_graph=second_order)
        weights = tuple(w - rate * g for w, rate, g in zip(weights, rates, gradients, strict=True))
    return weights


def outer_loss(prior: Weights, rates: Weights, windows: Windows, *, steps: int, second_order: bool) -> Tensor:
    """Return the post-adaptation loss of every window (B, E)."""
    batch = windows.support_inputs.shape[0]
    copies = tuple(w.expand(batch, *w.shape) for w in prior)
    adapted = inner_steps(
        copies,
        rates,
        windows.support_inputs.unsqueeze(1),
        windows.support_targets.unsqueeze(1),
        steps=steps,
        second_order=second_order,
    )
    return squared_error(adapted, windows.query_inputs.unsqueeze(1), windows.query_targets.unsqueeze(1))
