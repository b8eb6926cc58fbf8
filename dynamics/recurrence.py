"""The recurrent encoder at run time: one window, in NumPy, where a step of so few numbers costs what its calls cost.

The same numbers as `dynamics.encoders.recurrent`. A gate is (1 + tanh(x / 2)) / 2, its halves are put into the weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynamics.network import Weights

Float32 = NDArray[np.float32]


def read(weights: Weights, sequence: Float32) -> Float32:
    """Read a sequence (M, F), oldest first, from a blank state: what the last step says (out,)."""
    entry, bias, turn, turn_bias, last, last_bias = (w.detach().numpy() for w in weights)
    size = len(turn)
    halves = np.ones(3 * size, np.float32)
    halves[: 2 * size] = 0.5
    turns = turn * halves
    turns[:, 2 * size :] *= 0.5  # the reset gate comes as 1 + tanh, twice what it is
    told = sequence @ entry
    told += bias
    told[:, : 2 * size] += turn_bias[: 2 * size]
    told[:, : 2 * size] *= 0.5
    back = 0.5 * turn_bias[2 * size :]
    state = np.zeros(size, np.float32)
    for gate, candidate in zip(told[:, : 2 * size], told[:, 2 * size :], strict=True):
        turned = state @ turns
        gates, found = turned[: 2 * size], turned[2 * size :]
        gates += gate
        np.tanh(gates, out=gates)
        gates += 1
        found += back
        found *= gates[:size]
        found += candidate
        np.tanh(found, out=found)
        state -= found
        state *= gates[size:]
        state *= 0.5
        state += found
    said: Float32 = state @ last + last_bias
    return said
