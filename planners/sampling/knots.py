"""Candidates with few degrees of freedom: values at knots, and what the actions between them are.

Deployed sampling planners search over three to six knots instead of every step: smoother motion, fewer dimensions.
Every interpolation is linear in the knots, so it is one matrix; a knot at every step is its special case, the identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from planners.problem import FloatArray

Interpolation = Literal["zero", "linear", "cubic"]
"""Held, straight lines, or cubic Hermite with the slopes of Catmull and Rom 1974."""


@lru_cache(maxsize=64)
def interpolation(horizon: int, hold: int, kind: Interpolation) -> FloatArray:
    """Return the matrix (H, P), read-only, that turns knot values into actions.

    Args:
        horizon: number of actions H.
        hold: steps from knot to knot; the last of the P knots may lie behind the horizon.
        kind: what happens in between.
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
