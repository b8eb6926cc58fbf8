"""Held-out one-step errors of every recipe on the same queries.

An error is the mean squared difference of predicted and true increments, each channel in units of its deviation over
the training data: 1 is as bad as always predicting the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from dynamics.adapters.base import Adapter, refit
from dynamics.model import Model, encode
from dynamics.network import Weights, squared_error
from dynamics.training.dataset import Episodes
from dynamics.transitions import FloatArray, Transitions

MakeAdapter = Callable[[Callable[[], FloatArray]], Adapter]
"""Builds an adapter from what tells the true condition (C,) of the moment."""


def online_errors(
    model: Model, make: MakeAdapter, episodes: Episodes, support: int, query: int, *, adapted: bool = True
) -> FloatArray:
    """Run an adapter along episodes as a controller would, and judge it on queries laid side by side.

    Args:
        model: scalings and channels.
        make: builds the adapter for an episode, given what tells the true condition at that time.
        episodes: E of them, of T transitions.
        support: transitions before the first query; a longer window than the adapter's does no harm.
        query: transitions K of a query, predicted with the weights at its beginning.
        adapted: False judges what it starts from instead.

    Returns:
        Mean squared normalised one-step errors (E, W).
    """
    inputs, targets = (torch.from_numpy(part) for part in encode(model, episodes.transitions))
    starts = range(support, inputs.shape[1] - query + 1, query)
    errors = np.zeros((len(episodes), len(starts)))
    for row in range(len(episodes)):
        weights = _weights_at(make, episodes, row, starts, adapted=adapted)
        for column, start in enumerate(starts):
            future = slice(start, start + query)
            judged = squared_error(weights[column], inputs[row, future], targets[row, future])
            errors[row, column] = float(judged.mean())
    return errors


def _weights_at(make: MakeAdapter, episodes: Episodes, row: int, starts: range, *, adapted: bool) -> list[Weights]:
    """Return the weights at the beginning of every query of one episode."""
    now = 0
    adapter = make(lambda: episodes.conditions[row, now])
    current, states, found = adapter.initial(), episodes.states[row], []
    for now in range(1, starts[-1] + 1):
        if adapted and (adapter.carries or now in starts):
            past = Transitions(states[:now], episodes.actions[row, :now], states[1 : now + 1])
            current = refit(adapter, current, past.last(adapter.window))
        if now in starts:
            found.append(current.weights)
    return found
