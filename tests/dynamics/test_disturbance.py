"""The disturbance estimate against least squares, and what it is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dynamics.adapters.base import Adapted
from dynamics.adapters.context import AttentionSettings
from dynamics.adapters.disturbance import DisturbanceSettings
from dynamics.factory import make
from dynamics.model import Model, encode
from dynamics.network import Weights, forward
from dynamics.transitions import Transitions
from tests.dynamics import adapted
from tests.dynamics.toys import model, window

MODEL = model(np.random.default_rng(0), members=2)


def missed(shape: Model, weights: Weights, seen: Transitions) -> torch.Tensor:
    """Return what a model misses on a window, a row a member (E, S)."""
    inputs, targets = (torch.from_numpy(part) for part in encode(shape, seen))
    return (targets - forward(weights, inputs)).mean(dim=1)


def test_what_was_missed_on_average_is_expected_again() -> None:
    adapter = make(DisturbanceSettings(window=12, doubt=0.0), MODEL, {"prior": MODEL.prior})
    seen = window(np.random.default_rng(1), 12)
    found = adapter.adapt(adapter.initial(), seen).weights
    assert missed(MODEL, MODEL.prior, seen).abs().max() > 0.05
    assert missed(MODEL, found, seen).abs().max() < 1e-5
    assert all(torch.equal(one, other) for one, other in zip(found[:-1], MODEL.prior[:-1], strict=True))


@pytest.mark.parametrize("doubt", [0.0, 2.0, 12.0])
def test_it_is_the_ridge_estimate(doubt: float) -> None:
    """min over d of sum |y - f(x) - d|^2 + doubt |d|^2, whose solution numpy finds as least squares."""
    adapter = make(DisturbanceSettings(window=12, doubt=doubt), MODEL, {"prior": MODEL.prior})
    seen = window(np.random.default_rng(2), 12)
    inputs, targets = (torch.from_numpy(part) for part in encode(MODEL, seen))
    left = (targets - forward(MODEL.prior, inputs)).numpy()[0]
    rows, wanted = np.vstack([np.ones((12, 1)), [[np.sqrt(doubt)]]]), np.vstack([left, np.zeros((1, left.shape[1]))])
    expected = np.linalg.lstsq(rows, wanted, rcond=None)[0][0]
    found = adapter.adapt(adapter.initial(), seen).weights
    np.testing.assert_allclose((found[-1] - MODEL.prior[-1])[0].numpy(), expected, atol=1e-5)


def test_a_constant_disturbance_is_taken_away_and_nothing_else() -> None:
    adapter = make(DisturbanceSettings(window=24), MODEL, {"prior": MODEL.prior})
    seen = window(np.random.default_rng(3), 24)
    pushed = replace(seen, next_states=seen.next_states + np.array([0.0, 0.0, 0.0, 0.4, 0.0]))
    plain, moved = (adapter.adapt(adapter.initial(), each).weights[-1] for each in (seen, pushed))
    difference = (moved - plain)[0].numpy()
    assert difference[3] == pytest.approx(0.4 / MODEL.increments.std[3] * 24 / 28, rel=1e-3)
    np.testing.assert_allclose(np.delete(difference, 3), 0.0, atol=1e-5)


def test_what_attention_missed_of_the_pose_is_expected_again() -> None:
    plain = AttentionSettings(window=12, hidden=8, latent=3)
    shape, parts = adapted.subject(plain)
    seen = window(np.random.default_rng(4), 12)
    alone, both = (
        make(settings, shape, parts).adapt(Adapted(shape.prior), seen).weights
        for settings in (plain, replace(plain, doubt=0.0))
    )
    pose, before, after = list(shape.space.pose), missed(shape, alone, seen), missed(shape, both, seen)
    assert before[:, pose].abs().max() > 0.05
    np.testing.assert_allclose(after[:, pose].numpy(), 0.0, atol=1e-5)
    others = [channel for channel in range(shape.space.size) if channel not in pose]
    np.testing.assert_allclose(after[:, others].numpy(), before[:, others].numpy(), atol=1e-6)
