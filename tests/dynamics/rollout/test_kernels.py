from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dynamics.network import Weights
from dynamics.rollout import kernels
from dynamics.rollout.kernel import Float32, Kernel
from dynamics.rollout.kernels import SplitKernel, make
from tests.dynamics.toys import model


class Spy(Kernel):
    """Counts what it was asked for."""

    loads = rollouts = 0

    def load(self, weights: Weights) -> None:
        self.loads += 1
        super().load(weights)

    def rollout(self, state: NDArray[np.float64], actions: NDArray[np.float64]) -> Float32:
        self.rollouts += 1
        return super().rollout(state, actions)


def test_without_a_gpu_there_is_one_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = model(np.random.default_rng(0))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert isinstance(make(subject, subject.prior), Kernel)


def test_with_a_gpu_large_batches_go_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = model(np.random.default_rng(0))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(kernels, "TorchKernel", lambda model, weights, device: (device, model, weights))
    assert isinstance(make(subject, subject.prior, gpu_batch=8), SplitKernel)


def test_the_threshold_parts_small_from_large_batches_and_weights_travel_only_when_needed() -> None:
    subject = model(np.random.default_rng(0))
    small, large = Spy(subject, subject.prior), Spy(subject, subject.prior)
    kernel = SplitKernel(small, large, threshold=8)
    for _ in range(3):
        kernel.load(subject.prior)
        kernel.rollout(np.zeros(5), np.zeros((7, 2, 2)))
        kernel.predict(np.zeros(5), np.zeros(2))
    assert (small.loads, large.loads) == (4, 1)
    for _ in range(2):
        kernel.rollout(np.zeros(5), np.zeros((8, 2, 2)))
    assert (large.loads, large.rollouts) == (2, 2)
