"""Noise that moves a robot: correlated in time, between knots or coloured, by one fixed matrix.

    noise = L white,    L L' = C,    C_st = sum_f p_f cos(pi f (s - t) / T),    p_f ~ 1 / f^colour,    sum_f p_f = 1

White noise at every step averages out before a body has moved. Coloured noise (Timmer and König 1995; in planning
Pinneri et al. 2020, https://arxiv.org/abs/2008.06389) has the power spectrum p; its autocovariance C over T steps is
the Fourier transform of that. C is factored once, so that drawing is one matrix product instead of a Fourier transform
a sequence.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planners.problem import FloatArray
from planners.sampling.knots import Interpolation, interpolation

Float32 = NDArray[np.float32]


@lru_cache(maxsize=64)
def colouring(steps: int, colour: float) -> FloatArray:
    """Return a matrix (T, T), read-only, that turns white noise into noise of unit variance with spectrum 1 / f^colour.

    The spectrum is that of a period of 2 T, of which T steps are used: with a period of T, as usual, the last step
    would be tied to the first. The constant part is as strong as the lowest frequency.

    Args:
        steps: T.
        colour: exponent of the spectrum; 0 is white.
    """
    # Power of the frequencies 0..T.
    frequencies = np.arange(steps + 1.0)
    frequencies[0] = 1.0
    weights = np.full(steps + 1, 2.0)
    weights[[0, -1]] = 1.0  # neither the constant nor the highest frequency has a mirror image
    power = weights * frequencies**-colour
    # Autocovariance (T, T): one cosine a frequency, by how far two steps are apart.
    lags = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    waves: FloatArray = np.cos(np.pi * lags[..., None] * np.arange(steps + 1) / steps)
    covariance = waves @ (power / power.sum())
    # A root of it by eigenvalues, of which rounding leaves some just below zero: Cholesky's would stop there.
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    root.flags.writeable = False
    return root


@lru_cache(maxsize=64)
def shaping(horizon: int, hold: int, kind: Interpolation, colour: float) -> Float32:
    """Return the matrix (H, P), read-only, that turns white noise at P knots into noise of unit variance at H steps.

    Args:
        horizon: steps H.
        hold: steps from knot to knot.
        kind: what the noise does in between.
        colour: exponent of its spectrum, in steps of one knot.
    """
    knots = interpolation(horizon, hold, kind)
    shaped = knots @ colouring(knots.shape[1], colour)
    matrix: Float32 = (shaped / np.linalg.norm(shaped, axis=1, keepdims=True)).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def draw(rng: np.random.Generator, count: int, num_actions: int, shape: Float32) -> Float32:
    """Return standard normal noise (N, H, A), shaped in time.

    In memory it lies as (H, A, N), the sequences side by side: shaping is then one large product over all of them, and
    a roll-out, which takes all sequences one step further at a time, reads it from end to end.

    Args:
        rng: randomness.
        count: sequences N.
        num_actions: channels A.
        shape: how the noise of each step follows from that of the knots (H, P).
    """
    white: Float32 = rng.standard_normal((shape.shape[1], num_actions * count), dtype=np.float32)
    noise: Float32 = shape @ white
    return noise.reshape(len(shape), num_actions, count).transpose(2, 0, 1)
