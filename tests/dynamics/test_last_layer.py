from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dynamics.adapters.factory import make
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.backpropagation import columns, features, layers, sizes, vectors
from dynamics.model import encode
from dynamics.transitions import Transitions
from tests.contracts.test_adapters import along
from tests.dynamics import adapted as every
from tests.dynamics.toys import window

SETTINGS = LastLayerSettings(window=6)


def learner(fade: float = 4.0) -> LastLayer:
    model, parts = every.subject(SETTINGS)
    made = make(SETTINGS, model, {**parts, "fade": (torch.tensor(fade),)})
    assert isinstance(made, LastLayer)
    return made


def test_without_fading_one_by_one_is_regularised_least_squares_over_all() -> None:
    subject, history = learner(fade=40.0), window(np.random.default_rng(3), 12)
    found = along(subject, history)
    inputs, targets = encode(subject.model, history)
    for member in range(2):
        hidden = layers(vectors(subject.model.prior)[member], sizes(subject.model.prior))[:-1]
        phi = features(hidden, columns(inputs)).T.astype(np.float64)
        start = np.concatenate([subject.model.prior[-2][member].numpy(), subject.model.prior[-1][member][None].numpy()])
        spread = subject.parts["spread"][0][member].numpy().astype(np.float64)
        precision = np.linalg.inv(spread @ spread.T)
        solved = np.linalg.solve(precision + phi.T @ phi, precision @ start + phi.T @ targets)
        np.testing.assert_allclose(found.weights[-2][member].numpy(), solved[:-1], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.weights[-1][member].numpy(), solved[-1], rtol=1e-3, atol=1e-4)


def test_what_was_learned_fades_towards_the_prior() -> None:
    history = window(np.random.default_rng(3), 12)
    kept, faded = (along(learner(fade), history).weights[-2] for fade in (6.0, -3.0))
    prior = learner().model.prior[-2]
    assert (faded - prior).norm() < (kept - prior).norm()


def test_variance_shrinks_where_data_were_seen() -> None:
    subject, history = learner(fade=40.0), window(np.random.default_rng(3), 12)
    start, found = subject.initial(), along(subject, history)
    before, after = (subject.variance(current, history.states, history.actions) for current in (start, found))
    assert before.shape == (12, 5)
    assert (after < before).all()
    assert (after > 0).all()


def test_covariance_stays_positive_over_a_long_run() -> None:
    subject = learner()
    current = subject.initial()
    for seed in range(20):
        history = window(np.random.default_rng(seed), 30)
        for now in range(30):
            one = Transitions(*(part[now : now + 1] for part in vars(history).values()))
            current = subject.adapt(current, one)
    eigenvalues = np.linalg.eigvalsh(subject.covariance(current).astype(np.float64))
    assert eigenvalues.min() > -1e-5
    assert all(bool(torch.isfinite(w).all()) for w in current.weights)


def test_the_noise_scales_the_variance() -> None:
    subject, history = learner(), window(np.random.default_rng(3), 4)
    louder = replace(subject, parts={**subject.parts, "noise": (subject.parts["noise"][0] + 1.0,)})
    quiet, loud = (s.variance(s.initial(), history.states, history.actions) for s in (subject, louder))
    np.testing.assert_allclose(loud / quiet, np.exp(2.0), rtol=1e-5)
