"""Where planning starts and what predicts from there: the learned model, unless something knows better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray
from planners.problem import Model

Foresight = Callable[[Kernel, FloatArray, FloatArray], tuple[FloatArray, Model]]
"""From the learned model that is trusted now, the present state (S,) and the actions under way (D, A): the state (S,)
behind them, and what predicts from there."""


def learned(kernel: Kernel, state: FloatArray, under_way: FloatArray) -> tuple[FloatArray, Model]:
    """Predict the state behind the actions under way with the learned model, and plan with it."""
    if not len(under_way):
        return state, kernel
    return kernel.rollout(state, under_way[None])[:, 0, -1].mean(axis=0, dtype=np.float64), kernel
