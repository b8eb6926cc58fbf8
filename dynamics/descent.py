"""Gradient steps at run time, by the same passes as in meta-training.

theta <- theta - alpha * grad L(theta; window),   L the mean squared error over transitions and channels
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynamics.backpropagation import Sizes, backpropagate, columns, features, gradient, layers, sizes, vectors
from dynamics.model import Model, encode
from dynamics.network import Weights
from dynamics.transitions import Float32, Transitions

_HALVINGS = 5
"""Step sizes that are tried: all of the learned one, half of it, ..."""

Window = tuple[Float32, Float32]
"""What a network reads (in + 1, M), as `columns` lays it out, and what it should say (out, M)."""


class Start(NamedTuple):
    """Where the steps of an ensemble start, and how long they are, as one vector of all parameters a member.

    Attributes:
        widths: of the layers.
        points: parameters (E, P).
        rates: step size of every parameter (E, P).
    """

    widths: Sizes
    points: Float32
    rates: Float32

    @classmethod
    def of(cls, prior: Weights, rates: Weights) -> Start:
        """Start at a prior, leading axis (E,), with step sizes of the same shapes or one for a whole tensor."""
        sized = tuple(rate.expand_as(w) for rate, w in zip(rates, prior, strict=True))
        return cls(sizes(prior), vectors(prior), vectors(sized))

    def slower(self, share: float) -> Start:
        """Return the same point with all step sizes times a share."""
        return self._replace(rates=self.rates * np.float32(share))


def seen(model: Model, transitions: Transitions) -> Window:
    """Return M transitions as what the network of a model reads and should say."""
    inputs, targets = encode(model, transitions)
    return columns(inputs), targets.T


def descended(start: Start, window: Window, steps: int) -> Float32:
    """Return the parameters (E, P) after gradient steps on a window."""
    pairs = zip(start.points, start.rates, strict=True)
    found = [stepped(point, rates, start.widths, window, steps) for point, rates in pairs]
    return found[0][None] if len(found) == 1 else np.stack(found)


def stepped(point: Float32, rates: Float32, widths: Sizes, window: Window, steps: int) -> Float32:
    """Return the parameters (P,) of one network after gradient steps on a window.

    Args:
        point: parameters to start from (P,); not modified.
        rates: step size of every parameter (P,).
        widths: of the layers.
        window: inputs (in + 1, M) and targets (out, M).
        steps: number of steps, at least 1.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what does not come out finite is not used
        for _ in range(steps):
            change = gradient(widths, backpropagate(layers(point, widths), *window))
            change *= rates
            point = np.subtract(point, change, out=change)
    return point


def settled(start: Start, window: Window, steps: int) -> Float32:
    """Return parameters (E, P) after gradient steps that explain the window no worse than before.

    Learned step sizes fit the windows of training. Where they overshoot, all are halved until they do not; where that
    does not help, the starting points themselves come back.
    """
    before = error(start.points, start.widths, window)
    for halving in range(_HALVINGS):
        found = descended(start.slower(0.5**halving), window, steps)
        if error(found, start.widths, window) <= before:
            return found
    return start.points


def error(points: Float32, widths: Sizes, window: Window) -> float:
    """Return the mean squared error of an ensemble (E, P) on a window."""
    return float(np.mean([missed(point, widths, window) for point in points]))


def missed(point: Float32, widths: Sizes, window: Window) -> float:
    """Return the mean squared error of one network (P,) on a window."""
    *hidden, last = layers(point, widths)
    with np.errstate(over="ignore", invalid="ignore"):
        found = last.T @ features(hidden, window[0])
        found -= window[1]
        return float(np.vdot(found, found)) / found.size
