"""Held-out errors of every recipe on the same queries: after one step, and after as many as a plan looks ahead.

An error is the mean squared difference of predicted and true increments, each channel in units of its deviation: over
the training data for one step, over the held-out episodes for many. 1 is as bad as always predicting the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from dynamics.adapters.base import Adapter, refit
from dynamics.model import CONSTANT, Model, encode
from dynamics.network import Weights, squared_error
from dynamics.rollout.kernel import Kernel
from dynamics.state_space import StateSpace
from dynamics.training.dataset import Episodes
from dynamics.transitions import FloatArray, Transitions

MakeAdapter = Callable[[Callable[[], FloatArray]], Adapter]
"""Builds an adapter from what tells the true condition (C,) of the moment."""

AHEAD = 15
"""Steps after which a prediction is judged too: about as far as plans look."""


class Errors(NamedTuple):
    """Mean squared normalised errors (E, W) of W queries of E episodes."""

    one_step: FloatArray
    ahead: FloatArray
    """After `AHEAD` steps from the beginning of a query; NaN where the episode ends before."""


def online_errors(
    model: Model, make: MakeAdapter, episodes: Episodes, support: int, query: int, *, adapted: bool = True
) -> Errors:
    """Run an adapter along episodes as a controller would, and judge it on queries laid side by side.

    Args:
        model: scalings and channels.
        make: builds the adapter for an episode, given what tells the true condition at that time.
        episodes: E of them, of T transitions.
        support: transitions before the first query; a longer window than the adapter's does no harm.
        query: transitions K of a query, predicted with the weights at its beginning.
        adapted: False judges what it starts from instead.
    """
    inputs, targets = (torch.from_numpy(part) for part in encode(model, episodes.transitions))
    starts = range(support, inputs.shape[1] - query + 1, query)
    shape, unit = (len(episodes), len(starts)), _unit(model.space, episodes)
    errors, ahead = np.zeros(shape), np.full(shape, np.nan)
    kernel = Kernel(model, make(lambda: episodes.conditions[0, 0]).initial().weights)
    for row in range(len(episodes)):
        weights = _weights_at(make, episodes, row, starts, adapted=adapted)
        for column, start in enumerate(starts):
            future = slice(start, start + query)
            judged = squared_error(weights[column], inputs[row, future], targets[row, future])
            errors[row, column] = float(judged.mean())
            if start + AHEAD <= inputs.shape[1]:
                kernel.load(weights[column])
                states, actions = episodes.states[row, start:], episodes.actions[row, start : start + AHEAD]
                reached = kernel.rollout(states[0], actions[None])[:, 0, -1].astype(np.float64)
                missed = _apart(model.space, reached, states[AHEAD]) / unit
                ahead[row, column] = np.square(missed).mean()
    return Errors(errors, ahead)


def _unit(space: StateSpace, episodes: Episodes) -> FloatArray:
    """Return how far each channel (S,) moves within `AHEAD` steps, as a deviation; infinite where it never does."""
    if episodes.states.shape[1] <= AHEAD:
        return np.full(space.size, np.inf)
    moved = _apart(space, episodes.states[:, AHEAD:], episodes.states[:, :-AHEAD])
    deviation = moved.reshape(-1, space.size).std(axis=0)
    return np.where(deviation > CONSTANT, deviation, np.inf)


def _apart(space: StateSpace, states: FloatArray, others: FloatArray) -> FloatArray:
    """Return the difference of states (..., S), that of angles the short way round."""
    apart = space.difference(states, others)
    apart[..., space.angles] = (apart[..., space.angles] + np.pi) % (2 * np.pi) - np.pi
    return apart


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
