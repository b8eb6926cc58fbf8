"""Figures over seeds or episodes, and how sure they are: 95 % intervals by drawing the same ones anew.

Efron 1979, "Bootstrap methods: another look at the jackknife", https://doi.org/10.1214/aos/1176344552.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planners.problem import FloatArray

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def drawn_anew(rng: np.random.Generator, *shape: int, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """Return R times which of the N numbers along the last axis of an array (..., N) are drawn (R, ..., N)."""
    return rng.integers(shape[-1], size=(resamples, *shape))


def interval(again: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the interval (...) of a figure, from its resamples (R, ...)."""
    low, high = np.percentile(again, (2.5, 97.5), axis=0)
    return low, high


def estimate(value: float, again: FloatArray) -> Estimate:
    """Return a figure with the interval of its resamples (R,)."""
    low, high = interval(again)
    return Estimate(value, float(low), float(high))
