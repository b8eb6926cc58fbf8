"""Gradient steps at run time: the backward pass of the network written out, in NumPy float32.

    theta <- theta - alpha * grad L(theta; window),   L the mean squared error over transitions and channels

The same steps as `dynamics.meta.inner_steps` without second order, at a third of the time that recording and replaying
a graph costs on a window this small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dynamics.network import Weights

Float32 = NDArray[np.float32]


def descend(weights: Weights, rates: Weights, inputs: Float32, targets: Float32, steps: int) -> Weights:
    """Take gradient steps on one window.

    Args:
        weights: of an ensemble, leading axis (E,); not modified.
        rates: step size of every parameter, broadcastable to `weights`.
        inputs: (M, in) normalised.
        targets: (M, out) normalised.
        steps: number of gradient steps.

    Returns:
        New weights, leading axis (E,).
    """
    members = [
        _member([w[e].numpy() for w in weights], [_of_member(rate, e) for rate in rates], inputs, targets, steps)
        for e in range(len(weights[0]))
    ]
    return tuple(torch.from_numpy(np.stack(layer)) for layer in zip(*members, strict=True))


def error(weights: Weights, inputs: Float32, targets: Float32) -> float:
    """Return the mean squared error on one window, mean over the ensemble."""
    errors = []
    for e in range(len(weights[0])):
        layers = [w[e].numpy() for w in weights]
        with np.errstate(over="ignore", invalid="ignore"):
            missed = hidden(layers[:-2], inputs) @ layers[-2]
            missed += layers[-1]
            missed -= targets
            errors.append(float(np.vdot(missed, missed)) / missed.size)
    return float(np.mean(errors))


def hidden(layers: Sequence[Float32], inputs: Float32) -> Float32:
    """Return the last hidden layer (M, n) of one network for inputs (M, in); `layers` without the output layer."""
    signal = inputs
    for layer in range(0, len(layers), 2):
        signal = signal @ layers[layer]
        signal += layers[layer + 1]
        signal *= _sigmoid(signal)
    return signal


def gradients(layers: Sequence[Float32], inputs: Float32, targets: Float32) -> list[Float32]:
    """Return d mean squared error / d (W_1, b_1, ..., W_L, b_L) of one network on inputs (M, in), targets (M, out)."""
    signals, slopes = [inputs], []
    for layer in range(0, len(layers) - 2, 2):
        linear = signals[-1] @ layers[layer]
        linear += layers[layer + 1]
        sigmoid = _sigmoid(linear)
        linear *= sigmoid
        signals.append(linear)
        slopes.append(sigmoid + linear * (1 - sigmoid))
    error = signals[-1] @ layers[-2]
    error += layers[-1]
    error -= targets
    error *= np.float32(2 / error.size)
    found: list[Float32] = []
    for layer in range(len(layers) - 2, -1, -2):
        found[:0] = [signals[layer // 2].T @ error, error.sum(axis=0)]
        if layer:
            error = error @ layers[layer].T
            error *= slopes[layer // 2 - 1]
    return found


def _member(
    layers: list[Float32], rates: list[Float32], inputs: Float32, targets: Float32, steps: int
) -> list[Float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # what does not come out finite is rejected by the controller
        for _ in range(steps):
            found = gradients(layers, inputs, targets)
            layers = [w - rate * g for w, rate, g in zip(layers, rates, found, strict=True)]
    return layers


def _sigmoid(values: Float32) -> Float32:
    """Return 1 / (1 + exp(-x)) by the hyperbolic tangent, which cannot overflow."""
    half: Float32 = np.tanh(np.float32(0.5) * values)
    half += 1
    half *= np.float32(0.5)
    return half


def _of_member(rate: torch.Tensor, member: int) -> Float32:
    array: Float32 = rate.numpy()
    return array[member if len(array) > 1 else 0] if array.ndim else array
