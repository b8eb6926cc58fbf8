"""Held-out one-step errors of every recipe on the same queries, with intervals over episodes.

An error is the mean squared difference of predicted and true increments, each channel in units of its deviation over
the training data: 1 is as bad as always predicting the mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from dynamics import dataset
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.dataset import EncodedEpisodes
from dynamics.meta import inner_steps, outer_loss
from dynamics.model import Model
from dynamics.network import Weights, squared_error
from dynamics.transitions import FloatArray

_CHUNK = 256


class Interval(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def plain_errors(model: Model, data: EncodedEpisodes, support: int, query: int) -> FloatArray:
    """Return the un-adapted error of every query (episodes, W)."""
    windows = dataset.all_windows(data, support, query)
    prior = tuple(w.unsqueeze(0) for w in model.prior)
    with torch.no_grad():
        errors = squared_error(prior, windows.query_inputs.unsqueeze(1), windows.query_targets.unsqueeze(1))
    return _by_episode(errors, data)


def adapted_errors(
    model: Model, rates: Weights, adapter: GradientSettings, data: EncodedEpisodes, query: int
) -> FloatArray:
    """Return the error after GrBAL's adaptation of every query (episodes, W)."""
    windows = dataset.all_windows(data, adapter.window, query)
    prior = tuple(w.detach().requires_grad_() for w in model.prior)
    errors = [
        outer_loss(prior, rates, chunk, steps=adapter.steps, second_order=False).detach()
        for chunk in windows.split(_CHUNK)
    ]
    return _by_episode(torch.cat(errors), data)


def finetuned_errors(
    model: Model, adapter: FinetuneSettings, data: EncodedEpisodes, support: int, query: int
) -> FloatArray:
    """Return the error of a model that keeps training along each episode (episodes, W): one step a transition."""
    episodes, length, _ = data.inputs.shape
    weights = tuple(w.expand(episodes, *w.shape).contiguous() for w in model.prior)
    rates = tuple(torch.tensor(adapter.rate) for _ in weights)
    errors = []
    for now in range(1, length - query + 1):
        copies = tuple(w.requires_grad_() for w in weights)
        past = slice(max(0, now - adapter.window), now)
        inputs, targets = data.inputs[:, None, past], data.targets[:, None, past]
        adapted = inner_steps(copies, rates, inputs, targets, steps=1, second_order=False)
        weights = tuple(w.detach() for w in adapted)
        if now >= support and (now - support) % query == 0:
            future = slice(now, now + query)
            errors.append(squared_error(weights, data.inputs[:, None, future], data.targets[:, None, future]))
    return torch.stack(errors, dim=1).mean(dim=-1).numpy().astype(np.float64)


def interval(errors: FloatArray, rng: np.random.Generator, resamples: int = 2000) -> Interval:
    """Return the mean error with a bootstrap interval over episodes (episodes, W)."""
    samples = [episodes.mean() for episodes in _resampled(errors.mean(axis=1)[:, None], rng, resamples)]
    low, high = np.percentile(samples, [2.5, 97.5])
    return Interval(float(errors.mean()), float(low), float(high))


def gap_closed(
    plain: FloatArray, adapted: FloatArray, informed: FloatArray, rng: np.random.Generator, resamples: int = 2000
) -> Interval:
    """Return the share of the gap between plain and informed that adaptation closes, paired over episodes."""
    triples = np.stack([plain.mean(axis=1), adapted.mean(axis=1), informed.mean(axis=1)], axis=1)
    samples = [_share(*rows.mean(axis=0)) for rows in _resampled(triples, rng, resamples)]
    low, high = np.percentile(samples, [2.5, 97.5])
    return Interval(_share(*triples.mean(axis=0)), float(low), float(high))


def _share(plain: float, adapted: float, informed: float) -> float:
    return float((plain - adapted) / (plain - informed))


def _resampled(rows: FloatArray, rng: np.random.Generator, resamples: int) -> list[FloatArray]:
    return [rows[rng.integers(len(rows), size=len(rows))] for _ in range(resamples)]


def _by_episode(errors: torch.Tensor, data: EncodedEpisodes) -> FloatArray:
    return errors.mean(dim=-1).reshape(len(data.inputs), -1).numpy().astype(np.float64)
