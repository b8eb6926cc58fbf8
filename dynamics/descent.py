"""Gradient steps at run time, by the same passes as in meta-training.

theta <- theta - alpha * grad L(theta; window),   L the mean squared error over transitions and channels
"""

from __future__ import annotations

import numpy as np

from dynamics.backpropagation import (
    Float32,
    Sizes,
    backpropagate,
    columns,
    features,
    gradient,
    layers,
    sizes,
    vectors,
    weights,
)
from dynamics.network import Weights

_HALVINGS = 5
"""Step sizes that are tried: all of the learned one, half of it, ..."""

Window = tuple[Float32, Float32]
"""What a network reads (in + 1, M), as `columns` lays it out, and what it should say (out, M)."""


def descend(start: Weights, rates: Weights, inputs: Float32, targets: Float32, steps: int) -> Weights:
    """Take gradient steps on one window.

    Args:
        start: weights of an ensemble, leading axis (E,); not modified.
        rates: step size of every parameter, broadcastable to `start`.
        inputs: (M, in) normalised.
        targets: (M, out) normalised.
        steps: number of gradient steps.

    Returns:
        New weights, leading axis (E,).
    """
    widths, window = sizes(start), (columns(inputs), targets.T)
    sized = tuple(rate.expand_as(w) for rate, w in zip(rates, start, strict=True))
    return weights(all_stepped(vectors(start), vectors(sized), widths, window, steps), widths)


def all_stepped(points: Float32, rates: Float32, widths: Sizes, window: Window, steps: int) -> Float32:
    """Return the parameters (E, P) of an ensemble after gradient steps on a window; rates (E, P)."""
    found = [stepped(point, rate, widths, window, steps) for point, rate in zip(points, rates, strict=True)]
    return found[0][None] if len(found) == 1 else np.stack(found)


def stepped(point: Float32, rates: Float32, widths: Sizes, window: Window, steps: int) -> Float32:
    """Return the parameters (P,) of one network after gradient steps on a window."""
    with np.errstate(over="ignore", invalid="ignore"):  # what does not come out finite is rejected by the controller
        for _ in range(steps):
            change = gradient(widths, backpropagate(layers(point, widths), *window))
            change *= rates
            point = np.subtract(point, change, out=change)
    return point


def settled(points: Float32, rates: Float32, widths: Sizes, window: Window, steps: int) -> Float32 | None:
    """Return parameters (E, P) after gradient steps that explain the window no worse than before.

    Learned step sizes fit the windows of training. Where they overshoot, all are halved until they do not; None where
    that does not help.
    """
    before = error(points, widths, window)
    for halving in range(_HALVINGS):
        found = all_stepped(points, rates * np.float32(0.5**halving), widths, window, steps)
        if error(found, widths, window) <= before:
            return found
    return None


def error(points: Float32, widths: Sizes, window: Window) -> float:
    """Return the mean squared error of an ensemble (E, P) on a window."""
    return float(np.mean([missed(point, widths, window) for point in points]))


def missed(point: Float32, widths: Sizes, window: Window) -> float:
    """Return the mean squared error of one network on a window."""
    *hidden, last = layers(point, widths)
    with np.errstate(over="ignore", invalid="ignore"):
        found = last.T @ features(hidden, window[0])
        found -= window[1]
        return float(np.vdot(found, found)) / found.size
