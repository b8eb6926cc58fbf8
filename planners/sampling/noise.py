"""Noise that moves a robot: correlated in time, between knots or coloured, by one fixed matrix.

    noise = L white,    L L' = C,    C_st = sum_f p_f cos(pi f (s - t) / T),    p_f ~ 1 / f^colour,    sum_f p_f = 1

White noise at every step averages out before a body has moved. Coloured noise (Timmer and König 1995; in planning
Pinneri et al. 2020, https://arxiv.org/abs/2008.06389) has the power spectrum p; its autocovariance C over T steps is
the Fourier transform of that. C is factored once, so that drawing is one matrix product instead of a Fourier transform
a sequence.

Deployed sampling planners search over three to six knots instead of every step: smoother motion, fewer dimensions.
Every interpolation is linear in the knots, so it is one matrix; a knot at every step is its special case, the identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from planners.problem import FloatArray

Float32 = NDArray[np.float32]
Interpolation = Literal["zero", "linear", "cubic"]
"""Held, straight lines, or cubic Hermite with the slopes of Catmull and Rom 1974."""


@lru_cache(maxsize=64)
def interpolation(horizon: int, hold: int, kind: Interpolation) -> FloatArray:
    """Return the matrix (H, P), read-only, that turns values at knots, `hold` steps apart, into actions.

    The last of the P knots may lie behind the horizon.
    """
    steps = np.arange(horizon)
    count = steps[-1] // hold + 1 if kind == "zero" else -(-int(steps[-1]) // hold) + 1
    before = np.minimum(steps // hold, max(count - 2, 0)) if kind != "zero" else steps // hold
    after = np.minimum(before + 1, count - 1)
    unit = np.eye(count)
    share = ((steps - before * hold) / hold)[:, None]
    match kind:
        case "zero":
            matrix = unit[before]
        case "linear":
            matrix = (1 - share) * unit[before] + share * unit[after]
        case "cubic":
            slopes = np.gradient(unit, axis=0) if count > 1 else np.zeros_like(unit)
            matrix = _hermite(share, unit[before], unit[after], slopes[before], slopes[after])
    matrix.flags.writeable = False
    return matrix


def _hermite(
    share: FloatArray, start: FloatArray, end: FloatArray, start_slope: FloatArray, end_slope: FloatArray
) -> FloatArray:
    """Return the cubic with these values and slopes (per knot) at its ends, at a share of the way."""
    rest = 1 - share
    return (
        (1 + 2 * share) * rest**2 * start
        + share**2 * (3 - 2 * share) * end
        + share * rest * (rest * start_slope - share * end_slope)
    )


@lru_cache(maxsize=64)
def colouring(steps: int, colour: float) -> FloatArray:
    """Return a matrix (T, T), read-only, that turns white noise into noise of unit variance with spectrum 1 / f^colour.

    The spectrum is that of a period of 2 T, of which T steps are used: with a period of T, as usual, the last step
    would be tied to the first. The constant part is as strong as the lowest frequency.
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

    The colour is the exponent of its spectrum, in steps of one knot.
    """
    knots = interpolation(horizon, hold, kind)
    shaped = knots @ colouring(knots.shape[1], colour)
    matrix: Float32 = (shaped / np.linalg.norm(shaped, axis=1, keepdims=True)).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def draw(rng: np.random.Generator, count: int, num_actions: int, shape: Float32) -> Float32:
    """Return standard normal noise (N, H, A) of N sequences, shaped in time from that at knots by a matrix (H, P).

    In memory it lies as (H, A, N), the sequences side by side: shaping is then one large product over all of them, and
    a roll-out, which takes all sequences one step further at a time, reads it from end to end.
    """
    white: Float32 = rng.standard_normal((shape.shape[1], num_actions * count), dtype=np.float32)
    noise: Float32 = shape @ white
    return noise.reshape(len(shape), num_actions, count).transpose(2, 0, 1)
