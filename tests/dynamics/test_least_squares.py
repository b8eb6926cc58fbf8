"""Recursive least squares on the last layer against the same in one go, and settings that are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dynamics.adapters.last_layer import LastLayer
from dynamics.adapters.least_squares import LeastSquaresSettings
from dynamics.backpropagation import columns, features, layers, sizes, vectors
from dynamics.factory import make
from dynamics.model import encode
from tests.contracts.test_adapters import along
from tests.dynamics import adapted as every
from tests.dynamics.toys import window


def learner(settings: LeastSquaresSettings) -> LastLayer:
    made = make(settings, *every.subject(settings))
    assert isinstance(made, LastLayer)
    return made


def test_a_run_comes_to_ridge_regression_around_the_plain_model() -> None:
    subject = learner(LeastSquaresSettings(spread=0.2, memory=10_000.0))
    history, prior = window(np.random.default_rng(3), 40), subject.model.prior
    found, (inputs, targets) = along(subject, history), encode(subject.model, history)
    for member in range(2):
        phi = features(layers(vectors(prior)[member], sizes(prior))[:-1], columns(inputs)).T.astype(np.float64)
        start = np.concatenate([prior[-2][member].numpy(), prior[-1][member][None].numpy()])
        ridge = np.eye(phi.shape[1]) / 0.2**2
        solved = np.linalg.solve(ridge + phi.T @ phi, ridge @ start + phi.T @ targets)
        np.testing.assert_allclose(found.weights[-2][member].numpy(), solved[:-1], rtol=1e-2, atol=2e-3)
        np.testing.assert_allclose(found.weights[-1][member].numpy(), solved[-1], rtol=1e-2, atol=2e-3)
        assert all(torch.equal(*both) for both in zip(found.weights[:-2], prior[:-2], strict=True))


def test_what_was_seen_fades_by_e_over_the_memory() -> None:
    assert learner(LeastSquaresSettings(memory=200.0)).rho ** 200 == pytest.approx(1 / math.e, rel=1e-3)


def test_a_small_spread_stays_near_the_plain_model() -> None:
    history = window(np.random.default_rng(3), 12)
    near, far = (learner(LeastSquaresSettings(spread=spread)) for spread in (0.01, 1.0))
    moved = [(along(each, history).weights[-2] - each.model.prior[-2]).norm() for each in (near, far)]
    assert 0 < moved[0] < moved[1] / 10


@pytest.mark.parametrize("wrong", [{"spread": 0.0}, {"spread": math.nan}, {"memory": -1.0}, {"memory": math.inf}])
def test_settings_that_make_no_filter_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}.*positive number"):
        LeastSquaresSettings(**wrong)  # type: ignore[arg-type]
