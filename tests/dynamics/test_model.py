from __future__ import annotations

import numpy as np

from dynamics.model import fit_inputs, fit_targets


def test_scales_to_zero_mean_and_unit_deviation_and_back() -> None:
    values = np.random.default_rng(0).normal([3.0, -1.0], [2.0, 0.1], size=(50, 20, 2))
    for scaling in (fit_inputs(values), fit_targets(values)):
        scaled = scaling.normalize(values)
        np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-12)
        np.testing.assert_allclose(scaled.std(axis=(0, 1)), 1, atol=1e-12)
        np.testing.assert_allclose(scaled * scaling.std + scaling.mean, values, atol=1e-12)


def test_inputs_far_out_are_clipped_and_targets_are_not() -> None:
    values = np.random.default_rng(2).normal(size=(100, 2))
    far = np.array([1e3, -1e3])
    np.testing.assert_allclose(fit_inputs(values).normalize(far), [5, -5])
    assert (np.abs(fit_targets(values).normalize(far)) > 100).all()


def test_what_never_varied_cannot_blow_up() -> None:
    values = np.random.default_rng(1).normal(size=(100, 2)) * [1.0, 0.0]
    unseen = np.array([0.5, 7.0])
    assert fit_inputs(values).normalize(unseen)[1] == 0
    assert fit_targets(values).normalize(unseen)[1] == 7
