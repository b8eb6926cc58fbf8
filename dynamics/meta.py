"""The heart of learning: adapt a copy of the prior to each window, and judge it on what came next.

    theta'_b = theta - alpha * grad L(theta; support_b)          inner step, repeated
    min over theta, alpha of  mean_b L(theta'_b; query_b)        outer loss

Nagabandi, Clavera et al. 2019, "Learning to adapt in dynamic, real-world environments through meta-RL",
https://arxiv.org/abs/1803.11347, eq. 3 and alg. 1; per-parameter alpha as in Meta-SGD, Li et al. 2017,
https://arxiv.org/abs/1707.09835.

The outer gradient goes back through the inner steps, which takes their second derivative. It is written out and taken
one window at a time: then a window's own copy of the weights never leaves the core's cache, which is what a batch of
such copies, or a recorded graph of them, spends most of its time on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from dynamics.backpropagation import Sizes, backpropagate, columns, curvature, gradient, layers, sizes, vectors, weights
from dynamics.descent import Window, missed, stepped
from dynamics.network import Weights
from dynamics.transitions import Float32

Judge = Callable[[Float32, Sizes, Window], tuple[float, Float32]]
"""Loss of adapted parameters (P,) on a query, and its derivative by them (P,)."""


class Windows(NamedTuple):
    """A batch of encoded, normalised windows, each a support and the query that followed it.

    Attributes:
        support_inputs: (B, M, in).
        support_targets: (B, M, S).
        query_inputs: (B, K, in).
        query_targets: (B, K, S).
    """

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


class Outer(NamedTuple):
    """The loss of one window after adaptation, and its derivatives.

    Attributes:
        loss: on the query.
        by_start: derivative by the starting point (P,).
        by_rates: derivative by the step sizes (P,).
    """

    loss: float
    by_start: Float32
    by_rates: Float32


def squared_error(point: Float32, widths: Sizes, query: Window) -> tuple[float, Float32]:
    """Judge parameters (P,) by the mean squared error of single steps on a query (in + 1, K), (S, K)."""
    there = backpropagate(layers(point, widths), *query)
    return there.loss, gradient(widths, there)


def adapted_loss(
    start: Float32,
    rates: Float32,
    widths: Sizes,
    support: Window,
    query: Window,
    steps: int,
    judge: Judge,
    *,
    second_order: bool,
) -> Outer:
    """Adapt to the support, judge on the query, and take the derivative back through every step.

    Args:
        start: parameters theta_0 (P,).
        rates: step sizes alpha (P,).
        widths: of the layers.
        support: transitions to adapt to (in + 1, M), (S, M).
        query: transitions to judge on (in + 1, K), (S, K).
        steps: number of inner steps.
        judge: loss on the query and its derivative by the parameters.
        second_order: with the curvature H; without it the steps' gradients count as constant.
    """
    # Inner steps, with all that the way back needs: theta_i+1 = theta_i - alpha g_i, where g_i = grad L(theta_i).
    point, path = start, []
    for _ in range(steps):
        network = layers(point, widths)
        there = backpropagate(network, *support, bends=second_order)
        change = gradient(widths, there)
        path.append((network, there, change))
        point = point - rates * change
    # The outer loss J, and its slope lambda = dJ / dtheta behind the last step.
    loss, slope = judge(point, widths, query)
    # Back through the steps, the last one first:
    #     dJ / dalpha   <- dJ / dalpha - g_i lambda
    #     dJ / dtheta_i  = lambda - H_i (alpha lambda),    H_i the Hessian of the support's loss at theta_i
    by_rates = np.zeros_like(rates)
    for network, there, change in reversed(path):
        change *= slope
        by_rates -= change
        if second_order:
            slope -= curvature(widths, network, there, rates * slope)
    return Outer(loss, slope, by_rates)


def outer_loss(
    prior: Weights,
    rates: Weights,
    windows: Windows,
    *,
    steps: int,
    second_order: bool,
    shift: Tensor | None = None,
    judge: Judge = squared_error,
) -> Tensor:
    """Return the mean loss after adaptation over windows and members (), differentiable by prior, rates and shift.

    Args:
        prior: starting point, W (E, in, out) and b (E, out) a layer.
        rates: step size of every parameter, of the same shapes.
        windows: B of them, supports (B, M, ...) and queries (B, K, ...).
        steps: number of gradient steps.
        second_order: take the derivative of the steps' gradients too.
        shift: change of the first bias, window by window (B, E, hidden); nothing by default.
        judge: loss of the adapted parameters on a query.
    """
    widths, priors, alphas, samples = sizes(prior), vectors(prior), vectors(rates), _channels_first(windows)
    shift = _no_shift(prior, windows) if shift is None else shift
    shifts = shift.detach().numpy()
    # The derivatives of the sum over windows and members, added up one window at a time.
    total, by_prior, by_rates, by_shift = 0.0, np.zeros_like(priors), np.zeros_like(alphas), np.zeros_like(shifts)
    for b, (support, query) in enumerate(samples):
        for e, alpha in enumerate(alphas):
            start = _shifted(priors[e], widths, shifts[b, e])
            found = adapted_loss(start, alpha, widths, support, query, steps, judge, second_order=second_order)
            total += found.loss
            by_prior[e] += found.by_start
            by_rates[e] += found.by_rates
            by_shift[b, e] = layers(found.by_start, widths)[0][-1]
    # Hand them to autograd as those of the mean: it takes them on to what prior, rates and shift were made of.
    known, count = (*weights(by_prior, widths), *weights(by_rates, widths)), len(samples) * len(priors)
    slopes = [slope / count for slope in (*known, torch.from_numpy(by_shift))]
    mean: Tensor = _Known.apply(prior[0].new_tensor(total / count), slopes, *prior, *rates, shift)  # type: ignore[no-untyped-call]
    return mean


def outer_errors(
    prior: Weights, rates: Weights, windows: Windows, *, steps: int, shift: Tensor | None = None
) -> Tensor:
    """Return the mean squared error of every query after adaptation (B, E), without a gradient; see `outer_loss`."""
    widths, priors, alphas = sizes(prior), vectors(prior), vectors(rates)
    shifts = (_no_shift(prior, windows) if shift is None else shift).detach().numpy()
    found = prior[0].new_zeros(len(shifts), len(priors))
    for b, (support, query) in enumerate(_channels_first(windows)):
        for e, alpha in enumerate(alphas):
            adapted = stepped(_shifted(priors[e], widths, shifts[b, e]), alpha, widths, support, steps)
            found[b, e] = missed(adapted, widths, query)
    return found


def _channels_first(windows: Windows) -> list[tuple[Window, Window]]:
    """Return support and query of every window, channels first."""
    parts = [columns(windows.support_inputs.numpy()), windows.support_targets.mT.contiguous().numpy()]
    parts += [columns(windows.query_inputs.numpy()), windows.query_targets.mT.contiguous().numpy()]
    return [((inputs, targets), (asked, wanted)) for inputs, targets, asked, wanted in zip(*parts, strict=True)]


def _no_shift(prior: Weights, windows: Windows) -> Tensor:
    return prior[1].new_zeros(len(windows.query_inputs), *prior[1].shape)


def _shifted(prior: Float32, widths: Sizes, shift: Float32) -> Float32:
    """Return a copy of the parameters with the first bias moved."""
    start = prior.copy()
    layers(start, widths)[0][-1] += shift
    return start


class _Known(torch.autograd.Function):
    """A number whose derivatives were taken by hand: autograd goes on from there."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, slopes: list[Tensor], *_leaves: Tensor) -> Tensor:
        ctx.slopes = slopes
        return value

    @staticmethod
    def backward(ctx: Any, *scale: Tensor) -> tuple[Tensor | None, ...]:
        return (None, None, *(scale[0] * slope for slope in ctx.slopes))
