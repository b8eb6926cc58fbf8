"""Evidence gathered over time: a recursive Bayesian filter over causes that may change at any moment.

    before seeing      b_t-  =  (1 - h) b_t-1  +  h  pi               h: chance that things changed since the last tick
    after seeing       b_t  ~  b_t-  (p(cause | window) / prior)^e     e: what one more window is worth

A window says p(cause | window) under the prior of its training; divided by that prior it is a likelihood but for a
factor. Neighbouring windows share most of their transitions and say nearly the same, so each counts by a power e below
one. Both h and e are fitted to held-out episodes (`dynamics.diagnosis.learning`).
"""

from __future__ import annotations

import numpy as np

from dynamics.transitions import FloatArray

LEAST = 1e-4
"""No window rules a cause out further than this, whatever a network says of it."""


def likelihood(log_probabilities: FloatArray, prior: FloatArray) -> FloatArray:
    """Return log likelihoods (..., C), but for a constant, of what windows say of C causes under a prior (C,)."""
    found: FloatArray = np.log((1.0 - LEAST) * np.exp(log_probabilities) + LEAST * prior) - np.log(prior)
    return found


def advance(belief: FloatArray, likelihoods: FloatArray | None, fresh: FloatArray, change: float) -> FloatArray:
    """Return the belief (..., C) after one tick.

    Args:
        belief: probabilities before it (..., C).
        likelihoods: log likelihoods of what was seen, each to its power (..., C); None where nothing was.
        fresh: what a change leads to (C,).
        change: chance that there was one.
    """
    expected = (1.0 - change) * belief + change * fresh
    if likelihoods is None:
        return expected
    found = expected * np.exp(likelihoods - likelihoods.max(axis=-1, keepdims=True))
    total: FloatArray = found / found.sum(axis=-1, keepdims=True)
    return total


def over_time(likelihoods: FloatArray, start: FloatArray, fresh: FloatArray, change: float) -> FloatArray:
    """Return the belief at every tick (..., T, C), from log likelihoods to their power (..., T, C)."""
    belief, found = np.broadcast_to(start, likelihoods[..., 0, :].shape), []
    for tick in range(likelihoods.shape[-2]):
        belief = advance(belief, likelihoods[..., tick, :], fresh, change)
        found.append(belief)
    return np.stack(found, axis=-2)
