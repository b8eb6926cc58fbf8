"""What a candidate costs when the members of an ensemble disagree about it: their mean, the worst, or the CVaR.

Members are networks of an ensemble or samples of the adapted weights. The CVaR is the mean over the worst share of
the members (Rockafellar and Uryasev 2000): a share of 1 gives the mean, a share of one member the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Risk:
    """How the costs of E members become one.

    Attributes:
        measure: the mean, the worst, or the CVaR of the members.
        tail: share of the members, the worst ones, over which the CVaR averages, in (0, 1].

    Raises:
        ValueError: a tail out of range.
    """

    measure: Literal["mean", "worst", "cvar"] = "mean"
    tail: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.tail <= 1:
            raise ValueError(f"tail: expected a share in (0, 1], got {self.tail}")

    def __call__(self, costs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return one cost per candidate (N,) from the costs of the members (E, N)."""
        if len(costs) == 1:
            return np.asarray(costs[0])
        match self.measure:
            case "mean":
                return np.asarray(costs.mean(axis=0))
            case "worst":
                return np.asarray(costs.max(axis=0))
            case "cvar":
                return np.asarray(_weights(len(costs), self.tail) @ np.sort(costs, axis=0))


def _weights(members: int, tail: float) -> NDArray[np.float64]:
    """Weights (E,) of costs in rising order; a member that the tail cuts through counts in part."""
    worse = np.arange(members - 1.0, -1.0, -1.0)
    inside = np.clip(tail * members - worse, 0.0, 1.0)
    return np.asarray(inside / inside.sum())
