from __future__ import annotations

import torch

from dynamics.meta import Windows, outer_errors, outer_loss
from dynamics.network import Weights, initial_weights


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
                values.append(float(outer_errors(tuple(moved[0]), tuple(moved[1]), windows, steps=2).mean()))
            gradient.view(-1)[position] = (values[0] - values[1]) / (2 * eps)
        gradients.append(gradient)
    return gradients


def test_second_order_outer_gradient_equals_finite_differences() -> None:
    prior, rates, windows = problem()
    leaves = tuple(w.clone().requires_grad_() for w in prior)
    rate_leaves = tuple(w.clone().requires_grad_() for w in rates)
    outer_loss(leaves, rate_leaves, windows, steps=2, second_order=True).backward()  # type: ignore[no-untyped-call]
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
        loss = outer_loss(leaves, rates, windows, steps=2, second_order=second_order)
        gradients.append(torch.autograd.grad(loss, leaves))
    assert not torch.allclose(gradients[0][0], gradients[1][0])


def test_first_order_gradient_holds_the_steps_fixed() -> None:
    prior, rates, windows = problem()
    leaves = tuple(w.clone().requires_grad_() for w in prior)
    steps = tuple(torch.zeros_like(w) for w in rates)
    slopes = [
        torch.autograd.grad(outer_loss(leaves, steps, windows, steps=2, second_order=order), leaves)
        for order in (True, False)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*slopes, strict=True))  # nothing moves, so both are the plain gradient


def test_gradient_by_the_shift_of_the_first_bias_equals_finite_differences() -> None:
    prior, rates, windows = problem()
    shift = 0.1 * torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(1)).double()
    leaf = shift.clone().requires_grad_()
    (slope,) = torch.autograd.grad(outer_loss(prior, rates, windows, steps=2, second_order=True, shift=leaf), leaf)
    for position in range(shift.numel()):
        values = []
        for sign in (1, -1):
            moved = shift.clone()
            moved.view(-1)[position] += sign * 1e-6
            values.append(float(outer_errors(prior, rates, windows, steps=2, shift=moved).mean()))
        assert abs(float(slope.view(-1)[position]) - (values[0] - values[1]) / 2e-6) < 1e-8


def test_loss_is_the_mean_of_the_errors_and_is_scaled_like_any_other() -> None:
    prior, rates, windows = problem()
    leaves = tuple(w.clone().requires_grad_() for w in prior)
    loss = outer_loss(leaves, rates, windows, steps=2, second_order=True)
    torch.testing.assert_close(loss.detach(), outer_errors(prior, rates, windows, steps=2).mean())
    once = torch.autograd.grad(loss, leaves, retain_graph=True)
    twice = torch.autograd.grad(2 * loss, leaves)
    assert all(torch.equal(2 * a, b) for a, b in zip(once, twice, strict=True))


def test_windows_adapt_independently_of_each_other() -> None:
    prior, rates, windows = problem()
    together = outer_errors(prior, rates, windows, steps=2)
    for index, single in enumerate(windows.split(1)):
        torch.testing.assert_close(together[index], outer_errors(prior, rates, single, steps=2)[0])
