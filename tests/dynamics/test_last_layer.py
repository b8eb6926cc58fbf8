from __future__ import annotations

import numpy as np
import pytest
import torch

from dynamics import factory
from dynamics.adapters.base import Adapted
from dynamics.adapters.last_layer import LastLayer, LastLayerSettings
from dynamics.backpropagation import columns, features, layers, sizes, vectors
from dynamics.factory import make
from dynamics.meta import Windows
from dynamics.model import Model, encode
from dynamics.network import Parts
from dynamics.objectives.unroll import query_errors
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


ROLLED, HISTORY = LastLayerSettings(window=6, rollout=4), window(np.random.default_rng(3), 14)


def split() -> tuple[Model, Parts, Windows]:
    """Return a model, all that its adapter learns, and a window of six transitions with the eight after it."""
    model, parts = every.subject(ROLLED)
    inputs, targets = (torch.from_numpy(part)[None] for part in encode(model, HISTORY))
    return model, {"prior": model.prior, **parts}, Windows(inputs[:, :6], targets[:, :6], inputs[:, 6:], targets[:, 6:])


@pytest.mark.parametrize("settings, steps", [(SETTINGS, 1), (ROLLED, 4)])
def test_the_query_is_judged_with_what_a_run_comes_to(settings: LastLayerSettings, steps: int) -> None:
    """Errors over so many steps are those of the weights that the filter has after the same window, tick by tick."""
    model, parts, windows = split()
    found = along(learner(), Transitions(*(part[:6] for part in vars(HISTORY).values()))).weights
    judged = factory.objective(settings, model).errors(parts, windows)
    torch.testing.assert_close(judged, query_errors(model, steps, found, windows), rtol=1e-3, atol=1e-5)


def test_with_roll_outs_the_likelihood_leaves_the_features_alone() -> None:
    model, parts, windows = split()
    learned = {name: tuple(w.detach().requires_grad_() for w in part) for name, part in parts.items()}
    objective = factory.objective(ROLLED, model)
    loss, errors = objective.loss(learned, windows, torch.Generator()), objective.errors(learned, windows).mean()
    of_loss, of_errors = (torch.autograd.grad(each, learned["prior"], retain_graph=True) for each in (loss, errors))
    torch.testing.assert_close(of_loss, of_errors)
    assert all(
        bool((slope != 0).any())
        for name in ("spread", "noise", "fade")
        for slope in torch.autograd.grad(loss, learned[name], retain_graph=True)
    )
