from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from dynamics import backpropagation as bp
from dynamics.backpropagation import Sizes
from dynamics.network import forward, initial_weights, squared_error
from dynamics.transitions import Float32

WIDTHS: Sizes = (4, 6, 5, 3)


def problem() -> tuple[Float32, Float32, Float32]:
    """Return parameters (P,), a signal and targets, in double precision."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    weights = tuple(w.double() + 0.05 for w in initial_weights(WIDTHS, 1, generator))
    inputs: Any = rng.standard_normal((7, 4))
    targets: Any = rng.standard_normal((3, 7))
    return bp.vectors(weights)[0], bp.columns(inputs), targets


def gradient_at(point: Float32, signal: Float32, targets: Float32) -> Float32:
    return bp.gradient(WIDTHS, bp.backpropagate(bp.layers(point, WIDTHS), signal, targets))


def test_weights_survive_the_way_through_vectors() -> None:
    weights = initial_weights(WIDTHS, 3, torch.Generator().manual_seed(0))
    assert bp.sizes(weights) == WIDTHS
    pairs = zip(bp.weights(bp.vectors(weights), WIDTHS), weights, strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    for view, w in zip(bp.tensors(bp.vectors(weights)[1], WIDTHS), weights, strict=True):
        np.testing.assert_array_equal(view, w[1].numpy())


def test_loss_is_that_of_the_network() -> None:
    point, signal, targets = problem()
    expected = squared_error(
        bp.weights(point[None], WIDTHS), torch.from_numpy(signal[:-1].T), torch.from_numpy(targets.T)
    )
    assert bp.backpropagate(bp.layers(point, WIDTHS), signal, targets).loss == pytest.approx(float(expected))


def test_features_are_the_last_hidden_layer_and_a_one() -> None:
    point, signal, _ = problem()
    weights = bp.weights(point[None], WIDTHS)
    found = bp.features(bp.layers(point, WIDTHS)[:-1], signal)
    np.testing.assert_array_equal(found[-1], 1)
    read = bp.layers(point, WIDTHS)[-1].T @ found
    np.testing.assert_allclose(read.T, forward(weights, torch.from_numpy(signal[:-1].T))[0].numpy())


def test_gradient_equals_finite_differences() -> None:
    point, signal, targets = problem()
    found = gradient_at(point, signal, targets)
    for index, step in enumerate(1e-6 * np.eye(len(point))):
        above, below = (
            bp.backpropagate(bp.layers(p, WIDTHS), signal, targets).loss for p in (point + step, point - step)
        )
        assert found[index] == pytest.approx((above - below) / 2e-6, abs=1e-8)


def test_curvature_equals_finite_differences_of_the_gradient() -> None:
    point, signal, targets = problem()
    network = bp.layers(point, WIDTHS)
    there = bp.backpropagate(network, signal, targets, bends=True)
    for direction in np.random.default_rng(1).standard_normal((3, len(point))):
        found = bp.curvature(WIDTHS, network, there, direction)
        above, below = (gradient_at(p, signal, targets) for p in (point + 1e-6 * direction, point - 1e-6 * direction))
        np.testing.assert_allclose(found, (above - below) / 2e-6, atol=1e-7)


def test_nothing_given_is_modified() -> None:
    given = [array.astype(np.float32) for array in problem()]
    copies = [array.copy() for array in given]
    there = bp.backpropagate(bp.layers(given[0], WIDTHS), *given[1:], bends=True)
    bp.curvature(WIDTHS, bp.layers(given[0], WIDTHS), there, bp.gradient(WIDTHS, there))
    assert all(np.array_equal(a, b) for a, b in zip(given, copies, strict=True))
