from __future__ import annotations

import numpy as np
import pytest
import torch

from dynamics import backpropagation
from dynamics.backpropagation import columns, sizes, vectors
from dynamics.descent import Start, descended, error
from dynamics.network import Weights, initial_weights, squared_error
from dynamics.transitions import Float32


def problem(members: int = 2) -> tuple[Weights, Weights, Float32, Float32]:
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    weights = tuple(w + 0.05 for w in initial_weights((4, 6, 5, 3), members, generator))
    rates = tuple(0.1 + 0.2 * torch.rand(w.shape, generator=generator) for w in weights)
    inputs, targets = (rng.standard_normal((7, size)).astype(np.float32) for size in (4, 3))
    return weights, rates, inputs, targets


def descend(weights: Weights, rates: Weights, inputs: Float32, targets: Float32, steps: int) -> Weights:
    start = Start.of(weights, rates)
    return backpropagation.weights(descended(start, (columns(inputs), targets.T), steps), start.widths)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_steps_follow_the_gradient(steps: int) -> None:
    weights, rates, inputs, targets = problem()
    found, point = descend(weights, rates, inputs, targets, steps), weights
    tensors = torch.from_numpy(inputs), torch.from_numpy(targets)
    for _ in range(steps):
        leaves = tuple(w.detach().requires_grad_() for w in point)
        gradients = torch.autograd.grad(squared_error(leaves, *tensors).sum(), leaves)
        point = tuple(w - rate * g for w, rate, g in zip(point, rates, gradients, strict=True))
    for a, b in zip(found, point, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-4, atol=1e-6)


def test_one_rate_for_all_parameters_is_allowed() -> None:
    weights, _, inputs, targets = problem()
    scalar = tuple(torch.tensor(0.1) for _ in weights)
    whole = tuple(torch.full_like(w, 0.1) for w in weights)
    pairs = zip(descend(weights, scalar, inputs, targets, 2), descend(weights, whole, inputs, targets, 2), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_an_absurd_window_gives_no_warning_and_no_exception() -> None:
    weights, rates, inputs, targets = problem()
    found = descend(weights, rates, inputs * np.float32(1e30), targets, 3)
    assert not all(bool(torch.isfinite(w).all()) for w in found)


def test_the_error_is_that_of_training() -> None:
    weights, _, inputs, targets = problem(3)
    expected = squared_error(weights, torch.from_numpy(inputs), torch.from_numpy(targets)).mean()
    assert error(vectors(weights), sizes(weights), (columns(inputs), targets.T)) == pytest.approx(
        float(expected), rel=1e-5
    )
