"""One network on one window, in NumPy: its gradient, and its Hessian times a vector, written out.

All parameters lie in one vector (W_1, b_1, ..., W_L, b_L), so that a step is two operations; a layer is a view of it,
the bias as last row. Signals are laid out channels first, (channels, M), with a row of ones that reads the bias:

    z_l = A_l' x_l,   x_l+1 = [SiLU(z_l); 1]                      forward; A_l = [W_l; b_l] is (in + 1, out)
    d_l = SiLU'(z_l) (W_l+1 d_l+1),   dL / dA_l = x_l d_l'        back, from d_L = 2 (z_L - y) / (M S)

The Hessian times a vector is the derivative of the gradient along that vector: one more pass forward and back
(Pearlmutter 1994, "Fast exact multiplication by the Hessian").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from dynamics.network import Weights
from dynamics.transitions import Float32

Sizes = tuple[int, ...]
"""Layer widths, input first, output last."""


def sizes(weights: Weights) -> Sizes:
    """Return the layer widths of a network."""
    return (weights[0].shape[-2], *(bias.shape[-1] for bias in weights[1::2]))


def vectors(weights: Weights) -> Float32:
    """Return all parameters of an ensemble, one new vector a member (E, P)."""
    return np.concatenate([w.detach().flatten(1).numpy() for w in weights], axis=1)


def layers(parameters: Float32, widths: Sizes) -> list[Float32]:
    """Return views of a vector (P,), one matrix (in + 1, out) a layer, the bias as its last row."""
    return [parameters[where].reshape(shape) for where, shape in _places(widths)]


@cache
def _places(widths: Sizes) -> list[tuple[slice, tuple[int, int]]]:
    """Return where every layer lies in the vector, and its shape."""
    shapes = [(size_in + 1, size_out) for size_in, size_out in pairwise(widths)]
    ends = np.cumsum([rows * columns for rows, columns in shapes]).tolist()
    return [(slice(end - rows * cols, end), (rows, cols)) for end, (rows, cols) in zip(ends, shapes, strict=True)]


def tensors(parameters: Float32, widths: Sizes) -> list[Float32]:
    """Return views of a vector (P,): W_1 (in, out), b_1 (out,), ..."""
    return [part for layer in layers(parameters, widths) for part in (layer[:-1], layer[-1])]


def weights(members: Float32, widths: Sizes) -> Weights:
    """Return the vectors of an ensemble (E, P) as weights with a leading axis (E,)."""
    ends = np.cumsum([size for i, o in pairwise(widths) for size in (i * o, o)])
    shapes = [shape for i, o in pairwise(widths) for shape in ((i, o), (o,))]
    parts = np.split(members, ends[:-1], axis=1)
    return tuple(torch.from_numpy(p.reshape(len(members), *shape)) for p, shape in zip(parts, shapes, strict=True))


def columns(inputs: Float32) -> Float32:
    """Lay inputs (..., M, in) out as what a first layer reads: (..., in + 1, M), the last row ones."""
    *batch, length, size = inputs.shape
    signal = np.empty((*batch, size + 1, length), inputs.dtype)
    signal[..., :-1, :] = inputs.swapaxes(-1, -2)
    signal[..., -1, :] = 1
    return signal


def features(hidden: Sequence[Float32], signal: Float32) -> Float32:
    """Return what the last layer reads (n + 1, M); `hidden` are the layers before it."""
    for layer in hidden:
        signal = _silu(layer.T @ signal)
    return signal


def shifted_errors(network: Sequence[Float32], shifts: Float32, signal: Float32, targets: Float32) -> Float32:
    """Return the mean squared errors (N,) with the first bias changed in N ways, all in one pass.

    Args:
        network: layers (in + 1, out).
        shifts: changes of the first bias (N, hidden).
        signal: what the first layer reads (in + 1, M).
        targets: (out, M).
    """
    linear = (network[0].T @ signal)[:, None] + shifts.T[..., None]
    last = features(network[1:-1], _silu(linear.reshape(len(linear), -1)))
    missed = (network[-1].T @ last).reshape(len(targets), len(shifts), -1) - targets[:, None]
    found: Float32 = np.square(missed).mean(axis=(0, 2))
    return found


def _silu(linear: Float32) -> Float32:
    """Return the next layer's signal (n + 1, M) for (n, M), which is overwritten."""
    linear *= 0.5
    return _with_ones(linear, linear * np.tanh(linear))


class Pass(NamedTuple):
    """A pass forward and back over a window.

    Attributes:
        signals: what every layer reads (in + 1, M).
        slopes: first derivative of every hidden unit (n, M).
        bends: second derivative of every hidden unit times what comes back to it (n, M); empty if not asked for.
        errors: derivative of the loss by what every layer's matrix puts out (out, M).
        loss: mean squared error over transitions and channels.
    """

    signals: list[Float32]
    slopes: list[Float32]
    bends: list[Float32]
    errors: list[Float32]
    loss: float


def backpropagate(network: Sequence[Float32], signal: Float32, targets: Float32, *, bends: bool = False) -> Pass:
    """Pass forward and back.

    Args:
        network: layers A_l (in + 1, out).
        signal: what the first one reads (in + 1, M), as `columns` lays it out.
        targets: (out, M).
        bends: prepare for `curvature`.
    """
    # Forward. With t = tanh(z / 2): SiLU(z) = z/2 + z/2 t, and SiLU'(z) = (1 + t) (1 + z/2 - z/2 t) / 2.
    signals, slopes, bent = [signal], [], []
    for layer in network[:-1]:
        half = layer.T @ signals[-1]
        half *= 0.5
        tanh = np.tanh(half)
        odd = half * tanh
        signals.append(_with_ones(half, odd))
        if bends:
            bent.append(_second_derivative(tanh, odd))
        half -= odd
        half += 1
        tanh += 1
        half *= tanh
        half *= 0.5
        slopes.append(half)
    # The loss, and its derivative by what the last layer puts out.
    missed = network[-1].T @ signals[-1]
    missed -= targets
    loss = float(np.vdot(missed, missed)) / missed.size
    missed *= 2 / missed.size
    # Back, layer by layer; a bend is SiLU''(z) times what comes back, which `curvature` multiplies.
    errors = [missed]
    for layer, slope in zip(network[:0:-1], slopes[::-1], strict=True):
        back = layer[:-1] @ errors[0]
        if bends:
            bent[len(slopes) - len(errors)] *= back
        back *= slope
        errors.insert(0, back)
    return Pass(signals, slopes, bent, errors, loss)


def gradient(widths: Sizes, there: Pass) -> Float32:
    """Return the derivative of the loss by all parameters (P,)."""
    found = np.empty(_places(widths)[-1][0].stop, there.errors[0].dtype)
    for part, signal, error in zip(layers(found, widths), there.signals, there.errors, strict=True):
        np.matmul(signal, _turned(error), out=part)
    return found


def curvature(widths: Sizes, network: Sequence[Float32], there: Pass, direction: Float32) -> Float32:
    """Return the Hessian of the loss times a direction: how the gradient (P,) changes along it.

    Every line is the derivative of one of `backpropagate` or `gradient` along the direction.

    Args:
        widths: of the layers.
        network: layers (in + 1, out).
        there: the pass over the window, with its bends.
        direction: (P,).
    """
    # Forward: how what the layers put out, z, and with it the signals move along the direction.
    along, moved, bent = layers(direction, widths), [], []
    linear = along[0].T @ there.signals[0]
    for level, slope in enumerate(there.slopes):
        bent.append(there.bends[level] * linear)
        linear *= slope
        moved.append(linear)
        linear = network[level + 1][:-1].T @ linear
        linear += along[level + 1].T @ there.signals[level + 1]
    # Back, from how the loss's derivative by the output moves: how all errors, and with them the gradient, move.
    linear *= 2 / linear.size
    found = np.empty_like(direction)
    parts = layers(found, widths)
    for level in range(len(parts) - 1, -1, -1):
        np.matmul(there.signals[level], _turned(linear), out=parts[level])
        if level:
            parts[level][:-1] += moved[level - 1] @ _turned(there.errors[level])
            linear = network[level][:-1] @ linear
            linear += along[level][:-1] @ there.errors[level]
            linear *= there.slopes[level - 1]
            linear += bent[level - 1]
    return found


def _turned(error: Float32) -> Float32:
    """Return the transpose (M, out) as an array of its own, which the product that follows is faster by."""
    return np.ascontiguousarray(error.T)


def _with_ones(half: Float32, odd: Float32) -> Float32:
    """Return the sum (n, M) with a row of ones below it."""
    signal = np.empty((len(half) + 1, half.shape[1]), half.dtype)
    np.add(half, odd, out=signal[:-1])
    signal[-1] = 1
    return signal


def _second_derivative(tanh: Float32, odd: Float32) -> Float32:
    """Return SiLU''(z) = (1 - t^2) (1 - z/2 t) / 2 with t = tanh(z/2)."""
    bend = tanh * tanh
    np.subtract(1, bend, out=bend)
    bend *= 1 - odd
    bend *= 0.5
    return bend
