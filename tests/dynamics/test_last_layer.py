from __future__ import annotations

import numpy as np
import torch

from dynamics.adapters.base import Adapted
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.backpropagation import columns, features, layers, sizes, vectors
from dynamics.factory import make
from dynamics.model import encode
from dynamics.transitions import FloatArray, Transitions
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
    found, prior, spreads = along(subject, history), subject.model.prior, subject.parts["spread"][0]
    inputs, targets = encode(subject.model, history)
    for member in range(2):
        phi = features(layers(vectors(prior)[member], sizes(prior))[:-1], columns(inputs)).T.astype(np.float64)
        start = np.concatenate([prior[-2][member].numpy(), prior[-1][member][None].numpy()])
        spread = spreads[member].numpy().astype(np.float64)
        precision = np.linalg.inv(spread @ spread.T)
        solved = np.linalg.solve(precision + phi.T @ phi, precision @ start + phi.T @ targets)
        np.testing.assert_allclose(found.weights[-2][member].numpy(), solved[:-1], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.weights[-1][member].numpy(), solved[-1], rtol=1e-3, atol=1e-4)


def test_what_was_learned_fades_towards_the_prior() -> None:
    history = window(np.random.default_rng(3), 12)
    kept, faded = (along(learner(fade), history).weights[-2] for fade in (6.0, -3.0))
    prior = learner().model.prior[-2]
    assert (faded - prior).norm() < (kept - prior).norm()


def covariances(subject: LastLayer, current: Adapted) -> FloatArray:
    """Return the covariance of the last layer's matrix (E, n, n), in units of the noise."""
    prior = np.stack([member.prior.covariance for member in subject.members])
    return np.asarray(prior + current.memory[1], np.float64)


def test_uncertainty_shrinks_where_data_were_seen() -> None:
    subject, history = learner(fade=40.0), window(np.random.default_rng(3), 12)
    before, after = (covariances(subject, current)[0] for current in (subject.initial(), along(subject, history)))
    inputs, _ = encode(subject.model, history)
    phi = features(subject.members[0].hidden, columns(inputs)).astype(np.float64)
    left, had = (np.einsum("it,ij,jt->t", phi, covariance, phi) for covariance in (after, before))
    assert (left < had).all()
    assert (left > 0).all()


def test_covariance_stays_positive_over_a_long_run() -> None:
    subject = learner()
    current = subject.initial()
    for seed in range(20):
        history = window(np.random.default_rng(seed), 30)
        for now in range(30):
            one = Transitions(*(part[now : now + 1] for part in vars(history).values()))
            current = subject.adapt(current, one)
    eigenvalues = np.linalg.eigvalsh(covariances(subject, current))
    assert eigenvalues.min() > -1e-5
    assert all(bool(torch.isfinite(w).all()) for w in current.weights)
