"""Which kernel rolls out: NumPy, or a GPU's twin for the batches that are large enough for it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from dynamics.model import Model
from dynamics.network import Weights
from dynamics.rollout.kernel import Float32, Kernel, Linearization
from dynamics.rollout.kernel_torch import TorchKernel

GPU_BATCH = 1024
"""Sequences from which a roll-out goes to a GPU: one core takes 10 ms, an H100's launches 5 (benchmarks/kernels.py)."""


class AnyKernel(Protocol):
    """A network with concrete weights as a model of the robot; see `dynamics.rollout.kernel.Kernel`."""

    def load(self, weights: Weights) -> None:
        """Use these weights from now on."""
        ...

    def rollout(self, state: NDArray[np.float64], actions: NDArray[np.float64]) -> Float32:
        """Predict (E, N, H + 1, S) from a state (S,) under actions (N, H, A)."""
        ...

    def predict(self, state: NDArray[np.float64], action: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean one-step prediction (S,)."""
        ...

    def linearize(self, states: NDArray[np.float64], actions: NDArray[np.float64]) -> Linearization:
        """Differentiate one step at T points: states (T, S), actions (T, A)."""
        ...


class SplitKernel:
    """Hands roll-outs of many sequences to one kernel and everything else to another.

    Args:
        small: for less than `threshold` sequences.
        large: for the others; it gets weights only when it is needed.
        threshold: number of sequences.
    """

    def __init__(self, small: AnyKernel, large: AnyKernel, threshold: int) -> None:
        self._small, self._large, self._threshold = small, large, threshold
        self._waiting: Weights | None = None

    def load(self, weights: Weights) -> None:
        """Use these weights from now on."""
        self._small.load(weights)
        self._waiting = weights

    def rollout(self, state: NDArray[np.float64], actions: NDArray[np.float64]) -> Float32:
        """Predict (E, N, H + 1, S) from a state (S,) under actions (N, H, A)."""
        if len(actions) < self._threshold:
            return self._small.rollout(state, actions)
        if self._waiting is not None:
            self._large.load(self._waiting)
            self._waiting = None
        return self._large.rollout(state, actions)

    def predict(self, state: NDArray[np.float64], action: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean one-step prediction (S,)."""
        return self._small.predict(state, action)

    def linearize(self, states: NDArray[np.float64], actions: NDArray[np.float64]) -> Linearization:
        """Differentiate one step at T points: states (T, S), actions (T, A)."""
        return self._small.linearize(states, actions)


def make(model: Model, weights: Weights, gpu_batch: int = GPU_BATCH) -> AnyKernel:
    """Return the NumPy kernel, or where there is a GPU one that hands batches of `gpu_batch` and more to it."""
    if not torch.cuda.is_available():
        return Kernel(model, weights)
    return SplitKernel(Kernel(model, weights), TorchKernel(model, weights, "cuda"), gpu_batch)
