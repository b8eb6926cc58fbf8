"""Limits that predicted states should keep, as an exact penalty: leaving them costs in proportion to how far.

One definition serves every planner: it is part of what a candidate costs, and the slack of the condensed program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StateLimits:
    """A box for states 1..H.

    Attributes:
        low: (S,), -inf where free.
        high: (S,), +inf where free.
        weight: cost per unit and step outside; above the multipliers of the problem the limits are met exactly.

    Raises:
        ValueError: shapes that differ, a lower limit not below the upper one, or a weight that is not positive.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    weight: float = 1e3

    def __post_init__(self) -> None:
        if self.low.shape != self.high.shape or not bool(np.all(self.low < self.high)):
            raise ValueError(f"limits: expected low < high of one shape, got {self.low} and {self.high}")
        if not 0 < self.weight < np.inf:
            raise ValueError(f"limits: expected a positive weight, got {self.weight}")

    @property
    def channels(self) -> NDArray[np.intp]:
        """Channels of the state with a finite limit."""
        return np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high))

    def cost(self, states: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return what leaving the limits costs each member and candidate (E, N), for states (E, N, H + 1, S)."""
        chosen = states[:, :, 1:, self.channels]
        low, high = self.low[self.channels], self.high[self.channels]
        outside = np.maximum(low - chosen, 0) + np.maximum(chosen - high, 0)
        return np.asarray(self.weight * outside.sum(axis=(-1, -2)))
