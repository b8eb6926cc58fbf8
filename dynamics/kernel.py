"""The network for planning: NumPy float32 roll-outs and batched Jacobians.

NumPy beats eager torch for up to 256 sequences and reaches the core's peak, so planning uses it while training and
adaptation use torch. The scalings are folded into the first and last layer, buffers are kept between calls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynamics.model import Model
from dynamics.network import Weights

Float32 = NDArray[np.float32]


class Linearization(NamedTuple):
    """First-order model around T points.

    Attributes:
        next_states: (E, T, S).
        by_state: d next / d state (E, T, S, S).
        by_action: d next / d action (E, T, S, A).
    """

    next_states: Float32
    by_state: Float32
    by_action: Float32


class Kernel:
    """Roll-outs with one set of concrete weights; `load` exchanges them in place.

    Not thread-safe. Returned roll-outs are fresh arrays; only scratch space is reused.
    """

    def __init__(self, model: Model, weights: Weights) -> None:
        self._space = model.space
        self._inputs = model.inputs
        self._low, self._high = model.inputs.low.astype(np.float32), model.inputs.high.astype(np.float32)
        self._increments = model.increments
        self._members: list[list[Float32]] = []
        self._scratch: dict[tuple[int, int], Float32] = {}
        self.load(weights)

    def load(self, weights: Weights) -> None:
        """Use these weights (E, F + A, hidden), ... from now on, scalings folded in."""
        arrays = [w.detach().numpy() for w in weights]
        self._members = [self._fold([w[member] for w in arrays]) for member in range(arrays[0].shape[0])]

    def rollout(self, state: NDArray[np.float64], actions: NDArray[np.float64]) -> Float32:
        """Predict N sequences with every ensemble member.

        Args:
            state: (S,) start.
            actions: (N, H, A).

        Returns:
            (E, N, H + 1, S); index 0 is the start.
        """
        num_sequences, horizon, _ = actions.shape
        states = np.empty((len(self._members), num_sequences, horizon + 1, self._space.size), np.float32)
        states[:, :, 0] = state
        controls = np.ascontiguousarray(actions.transpose(1, 0, 2), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for member, layers in enumerate(self._members):
                for h in range(horizon):
                    increments = self._forward(layers, states[member, :, h], controls[h])
                    states[member, :, h + 1] = self._space.integrate(states[member, :, h], increments)
        return states

    def predict(self, state: NDArray[np.float64], action: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean one-step prediction (S,) of the ensemble."""
        prediction: NDArray[np.float64] = self.rollout(state, action[None, None, :])[:, 0, 1].mean(
            axis=0, dtype=np.float64
        )
        return prediction

    def linearize(self, states: NDArray[np.float64], actions: NDArray[np.float64]) -> Linearization:
        """Differentiate one step at T points: states (T, S), actions (T, A)."""
        points = states.astype(np.float32), actions.astype(np.float32)
        parts = [self._linearize(layers, *points) for layers in self._members]
        return Linearization(*(np.stack(arrays) for arrays in zip(*parts, strict=True)))

    def _fold(self, layers: list[Float32]) -> list[Float32]:
        """Fold input scaling into the first and output scaling into the last layer; cast to float32."""
        first = layers[0] / self._inputs.std[:, None]
        bias = layers[1] - self._inputs.mean @ first
        last = layers[-2] * self._increments.std
        last_bias = layers[-1] * self._increments.std + self._increments.mean
        return [np.ascontiguousarray(w, np.float32) for w in (first, bias, *layers[2:-2], last, last_bias)]

    def _forward(self, layers: list[Float32], states: Float32, actions: Float32) -> Float32:
        """Return increments (N, S) of states (N, S) under actions (N, A)."""
        hidden = self._encode(states, actions)
        for layer in range(0, len(layers) - 2, 2):
            weight = layers[layer]
            linear = np.matmul(hidden, weight, out=self._buffer(2 + layer, len(states), weight.shape[1]))
            linear += layers[layer + 1]
            gate = np.exp(-linear, out=self._buffer(3 + layer, len(states), weight.shape[1]))
            gate += 1
            hidden = np.divide(linear, gate, out=linear)
        increments: Float32 = hidden @ layers[-2]
        increments += layers[-1]
        return increments

    def _encode(self, states: Float32, actions: Float32) -> Float32:
        space = self._space
        num_vectors, num_angles = len(space.vectors), len(space.angles)
        inputs = self._buffer(0, len(states), space.num_features + actions.shape[1])
        angles = states[:, space.angles]
        inputs[:, :num_vectors] = states[:, space.vectors]
        np.cos(angles, out=inputs[:, num_vectors : num_vectors + num_angles])
        np.sin(angles, out=inputs[:, num_vectors + num_angles : num_vectors + 2 * num_angles])
        inputs[:, num_vectors + 2 * num_angles :] = actions
        return np.clip(inputs, self._low, self._high, out=inputs)

    def _linearize(self, layers: list[Float32], states: Float32, actions: Float32) -> tuple[Float32, Float32, Float32]:
        space = self._space
        raw = np.concatenate([space.encode(states), actions], axis=-1)
        inputs = np.clip(raw, self._low, self._high)
        by_inputs = (raw == inputs)[:, :, None] * layers[0]
        hidden = inputs
        for layer in range(0, len(layers) - 2, 2):
            if layer > 0:
                by_inputs = by_inputs @ layers[layer]
            linear = hidden @ layers[layer] + layers[layer + 1]
            with np.errstate(over="ignore"):
                sigmoid = 1 / (1 + np.exp(-linear))
            hidden = linear * sigmoid
            by_inputs = by_inputs * (sigmoid * (1 + linear * (1 - sigmoid)))[:, None, :]
        increments = hidden @ layers[-2] + layers[-1]
        slope = (by_inputs @ layers[-2]).transpose(0, 2, 1)  # d increment / d input (T, S, F + A)
        by_state, by_increment = space.integrate_jacobians(states, increments)
        by_features: Float32 = by_increment @ slope
        num_features = space.num_features
        chained: Float32 = by_state + by_features[:, :, :num_features] @ space.encode_jacobian(states)
        return space.integrate(states, increments), chained, by_features[:, :, num_features:]

    def _buffer(self, slot: int, rows: int, columns: int) -> Float32:
        buffer = self._scratch.get((slot, columns))
        if buffer is None or len(buffer) < rows:
            buffer = self._scratch[slot, columns] = np.empty((rows, columns), np.float32)
        return buffer[:rows]
