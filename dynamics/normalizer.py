"""Zero mean, unit deviation: fitted once on all training data, saved with the weights, never refitted.

Refitting on the newest data only, while older data keep their old scaling, is a defect of the published code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynamics.transitions import FloatArray

CONSTANT = 1e-6
"""A channel whose deviation over all training data is below this never varied."""
INPUT_LIMIT = 5.0
"""Deviations beyond which inputs are clipped: out there a network knows nothing, and one such number (a battery at
rest, at 40 deviations) would throw a whole gradient step."""


@dataclass(frozen=True)
class Normalizer:
    """Affine scaling of one group of channels.

    Attributes:
        mean: (C,) in the unit of each channel.
        std: (C,) in the unit of each channel, positive; infinite for an input that carries no information.
        limit: scaled values are clipped to this many deviations.
    """

    mean: FloatArray
    std: FloatArray
    limit: float = np.inf

    @property
    def low(self) -> FloatArray:
        """Smallest values (C,) that are told apart."""
        return self.mean - self.limit * self.std

    @property
    def high(self) -> FloatArray:
        """Largest values (C,) that are told apart."""
        return self.mean + self.limit * self.std

    def normalize(self, values: FloatArray) -> FloatArray:
        """Scale values (..., C) to zero mean and unit deviation."""
        scaled = values - self.mean
        scaled /= self.std
        if self.limit < np.inf:
            np.minimum(np.maximum(scaled, -self.limit, out=scaled), self.limit, out=scaled)
        return scaled


def fit_inputs(values: FloatArray) -> Normalizer:
    """Fit on values (..., C). What never varied is scaled to zero: a model cannot know what it would mean."""
    return _fit(values, std_of_constants=np.inf, limit=INPUT_LIMIT)


def fit_targets(values: FloatArray) -> Normalizer:
    """Fit on values (..., C). What never varied keeps its unit."""
    return _fit(values, std_of_constants=1.0, limit=np.inf)


def _fit(values: FloatArray, std_of_constants: float, limit: float) -> Normalizer:
    flat = values.reshape(-1, values.shape[-1])
    std = flat.std(axis=0)
    return Normalizer(flat.mean(axis=0), np.where(std > CONSTANT, std, std_of_constants), limit)
