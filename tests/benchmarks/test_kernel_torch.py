"""The kernel's twin for a GPU predicts and differentiates as the kernel does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.kernel_torch import TorchKernel
from dynamics.model import Model
from dynamics.rollout.kernel import Kernel
from tests.dynamics.toys import model, rewarded

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=NO_GPU)])
SUBJECTS: dict[str, Model] = {
    "plain": model(np.random.default_rng(0), members=3),
    "with a signal": rewarded(np.random.default_rng(0), members=3),
}
each_subject = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


@each_device
@each_subject
@pytest.mark.parametrize("reach", [1.0, 1e3])
def test_rollouts_predictions_and_derivatives_agree(subject: Model, device: str, reach: float) -> None:
    """`reach` beyond the inputs of training: clipped by both."""
    rng = np.random.default_rng(1)
    kernel, twin = Kernel(subject, subject.prior), TorchKernel(subject, subject.prior, device)
    states, actions = rng.normal(size=(9, subject.space.size)), reach * rng.uniform(-1, 1, (7, 9, 2))
    rolled = twin.rollout(states[0], actions)
    assert rolled.dtype == np.float32
    np.testing.assert_allclose(rolled, kernel.rollout(states[0], actions), rtol=2e-4, atol=2e-5)
    one = states[0], actions[0, 0]
    np.testing.assert_allclose(twin.predict(*one), kernel.predict(*one), rtol=2e-4, atol=2e-5)
    for found, expected in zip(twin.linearize(states, actions[0]), kernel.linearize(states, actions[0]), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


@each_device
def test_loading_weights_exchanges_them_and_leaves_them_alone(device: str) -> None:
    subject = SUBJECTS["plain"]
    other = tuple(w + 0.1 for w in subject.prior)
    kept = tuple(w.clone() for w in other)
    twin, state, actions = TorchKernel(subject, subject.prior, device), np.zeros(5), np.ones((6, 4, 2))
    before = twin.rollout(state, actions)
    twin.load(other)
    np.testing.assert_allclose(twin.rollout(state, actions), Kernel(subject, other).rollout(state, actions), rtol=2e-4)
    assert all(torch.equal(now, then) for now, then in zip(other, kept, strict=True))
    twin.load(subject.prior)
    np.testing.assert_array_equal(twin.rollout(state, actions), before)


@each_device
def test_a_diverging_network_gives_non_finite_states_and_no_error(device: str) -> None:
    subject = SUBJECTS["plain"]
    twin = TorchKernel(subject, tuple(w * 1e30 for w in subject.prior), device)
    assert not np.isfinite(twin.rollout(np.zeros(5), np.ones((6, 5, 2)))).all()
