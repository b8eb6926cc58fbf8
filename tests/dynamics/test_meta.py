from __future__ import annotations

import torch

from dynamics.meta import Windows, inner_steps, outer_loss
from dynamics.network import Weights, initial_weights, squared_error


def problem() -> tuple[Weights, Weights, Windows]:
    generator = torch.Generator().manual_seed(0)
    prior = tuple(w.double() + 0.05 for w in initial_weights((4, 5, 3), 2, generator))
    rates = tuple(torch.full_like(w, 0.3) for w in prior)
    parts = [torch.randn(3, n, size, generator=generator).double() for n, size in ((6, 4), (6, 3), (5, 4), (5, 3))]
    return prior, rates, Windows(*parts)


def numeric_gradient(prior: Weights, rates: Weights, windows: Windows, *, of_rates: bool) -> list[torch.Tensor]:
    eps, gradients = 1e-6, []
    groups = (prior, rates)
    for index, tensor in enumerate(groups[of_rates]):
        gradient = torch.zeros_like(tensor)
        for position in range(tensor.numel()):
            values = []
            for sign in (1, -1):
                moved = [[w.clone() for w in group] for group in groups]
                moved[of_rates][index].view(-1)[position] += sign * eps
                leaves = tuple(w.requires_grad_() for w in moved[0])
                loss = outer_loss(leaves, tuple(moved[1]), windows, steps=2, second_order=False)
                values.append(float(loss.mean().detach()))
            gradient.view(-1)[position] = (values[0] - values[1]) / (2 * eps)
        gradients.append(gradient)
    return gradients


def test_second_order_outer_gradient_equals_finite_differences() -> None:
    prior, rates, windows = problem()
    leaves = tuple(w.clone().requires_grad_() for w in prior)
    rate_leaves = tuple(w.clone().requires_grad_() for w in rates)
    outer_loss(leaves, rate_leaves, windows, steps=2, second_order=True).mean().backward()  # type: ignore[no-untyped-call]
    for leaf, numeric in zip(leaves, numeric_gradient(prior, rates, windows, of_rates=False), strict=True):
        assert leaf.grad is not None
        torch.testing.assert_close(leaf.grad, numeric, rtol=1e-5, atol=1e-8)
    for leaf, numeric in zip(rate_leaves, numeric_gradient(prior, rates, windows, of_rates=True), strict=True):
        assert leaf.grad is not None
        torch.testing.assert_close(leaf.grad, numeric, rtol=1e-5, atol=1e-8)


def test_first_order_gradient_differs_from_second_order() -> None:
    prior, rates, windows = problem()
    gradients = []
    for second_order in (True, False):
        leaves = tuple(w.clone().requires_grad_() for w in prior)
        loss = outer_loss(leaves, rates, windows, steps=2, second_order=second_order).mean()
        gradients.append(torch.autograd.grad(loss, leaves))
    assert not torch.allclose(gradients[0][0], gradients[1][0])


def test_windows_adapt_independently_of_each_other() -> None:
    prior, rates, windows = problem()
    leaves = tuple(w.requires_grad_() for w in prior)
    together = outer_loss(leaves, rates, windows, steps=2, second_order=False)
    for index, single in enumerate(windows.split(1)):
        alone = outer_loss(leaves, rates, single, steps=2, second_order=False)
        torch.testing.assert_close(together[index], alone[0])


def test_inner_step_is_one_gradient_step_on_the_support() -> None:
    prior, rates, windows = problem()
    inputs, targets = windows.support_inputs[0], windows.support_targets[0]
    leaves = tuple(w.clone().requires_grad_() for w in prior)
    moved = inner_steps(leaves, rates, inputs, targets, steps=1, second_order=False)
    gradients = torch.autograd.grad(squared_error(leaves, inputs, targets).sum(), leaves)
    for before, after, rate, gradient in zip(leaves, moved, rates, gradients, strict=True):
        torch.testing.assert_close(after, before - rate * gradient)
