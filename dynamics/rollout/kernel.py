"""The network for planning: NumPy float32 roll-outs and batched Jacobians.

NumPy beats eager torch for up to 256 sequences and reaches the core's peak, so planning uses it while training and
adaptation use torch. The scalings are folded into the first and last layer, buffers are kept between calls.

Roll-outs are laid out channels first, (channels, N): a bias is then one more column of its weights, and every pass over
a layer runs through contiguous memory. The activation is torch's, in place: one pass where NumPy would need three.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import silu

from dynamics.model import Model
from dynamics.network import Weights, check_layers
from dynamics.transitions import Float32, FloatArray

Rows = slice | NDArray[np.intp]


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


class _Workspace(NamedTuple):
    """Where roll-outs of N sequences over H steps are computed, as the views that its passes need."""

    actions: Float32
    """Inputs that are actions (H, A, N)."""
    ones: list[Float32]
    """Inputs of all layers that a bias is multiplied with."""
    steps: list[tuple[Float32, Float32]]
    """Input (F + A + 1, N) and its features (F, N) of every step."""
    hidden: list[tuple[Float32, Float32, torch.Tensor]]
    """Output (hidden + 1, N), the same without the one, and again as torch sees it, of every layer but the last."""
    low: Float32
    """Least features (F, N)."""
    high: Float32
    """Largest features (F, N)."""


class Kernel:
    """Roll-outs, fresh arrays, with concrete weights that `load` exchanges in place. Not thread-safe."""

    def __init__(self, model: Model, weights: Weights) -> None:
        self._space, self._widths = model.space, (model.num_inputs, model.space.size)
        self._vectors, self._angles = _rows(model.space.vectors), _rows(model.space.angles)
        self._added = np.setdiff1d(np.arange(model.space.size), model.space.signals)
        self._summed = _runs(np.setdiff1d(self._added, model.space.pose[:2]))
        self._inputs = model.inputs
        self._low, self._high = model.inputs.low.astype(np.float32), model.inputs.high.astype(np.float32)
        self._increments = model.increments
        self._members: list[list[Float32]] = []
        self._stacked: list[list[Float32]] = []
        self._scratch: dict[str, Float32] = {}
        self._spaces: dict[tuple[int, int], _Workspace] = {}
        self.load(weights)

    def load(self, weights: Weights) -> None:
        """Use weights (E, F + A, hidden), ... from now on, scalings folded in. Raises ValueError for other shapes."""
        check_layers("weights", weights, *self._widths)
        arrays = [w.detach().numpy() for w in weights]
        self._members = [self._fold([w[member] for w in arrays]) for member in range(arrays[0].shape[0])]
        self._stacked = [_stack(layers) for layers in self._members]

    def rollout(self, state: FloatArray, actions: FloatArray) -> Float32:
        """Predict N sequences of actions (N, H, A) from a state (S,), which is index 0 of states (E, N, H + 1, S)."""
        num_sequences, horizon, _ = actions.shape
        work, num_features = self._workspace(horizon, num_sequences), self._space.num_features
        states = np.empty((len(self._stacked), horizon + 1, self._space.size, num_sequences), np.float32)
        states[:, 0] = state[:, None]
        given, least, most = work.actions, self._low[num_features:, None], self._high[num_features:, None]
        given[:] = actions.transpose(1, 2, 0)
        np.minimum(np.maximum(given, least, out=given), most, out=given)
        work.low[:], work.high[:] = self._low[:num_features, None], self._high[:num_features, None]
        for ones in work.ones:
            ones[:] = 1
        with np.errstate(over="ignore", invalid="ignore"):
            for member, layers in enumerate(self._stacked):
                self._roll(layers, work, states[member])
        return states.transpose(0, 3, 1, 2)

    def between(self, state: FloatArray, next_state: FloatArray, share: float) -> FloatArray:
        """Return the state (S,) a share of the way from one to the next."""
        return self._space.integrate(state, share * self._space.difference(next_state, state))

    def predict(self, state: FloatArray, action: FloatArray) -> FloatArray:
        """Return the mean one-step prediction (S,) of the ensemble."""
        prediction: FloatArray = self.rollout(state, action[None, None, :])[:, 0, 1].mean(axis=0, dtype=np.float64)
        return prediction

    def linearize(self, states: FloatArray, actions: FloatArray) -> Linearization:
        """Differentiate one step at T points: states (T, S), actions (T, A)."""
        points = states.astype(np.float32), actions.astype(np.float32)
        parts = [self._linearize(member, *points) for member in range(len(self._members))]
        if len(parts) == 1:
            return Linearization(*(array[None] for array in parts[0]))
        return Linearization(*(np.stack(arrays) for arrays in zip(*parts, strict=True)))

    def _fold(self, layers: list[Float32]) -> list[Float32]:
        """Fold input scaling into the first and output scaling into the last layer; cast to float32."""
        first = layers[0] / self._inputs.std[:, None]
        bias = layers[1] - self._inputs.mean @ first
        last = layers[-2] * self._increments.std
        last_bias = layers[-1] * self._increments.std + self._increments.mean
        return [np.ascontiguousarray(w, np.float32) for w in (first, bias, *layers[2:-2], last, last_bias)]

    def _roll(self, layers: list[Float32], work: _Workspace, states: Float32) -> None:
        """Fill in states 1..H of (H + 1, S, N) from state 0 and the actions in the workspace.

        Planar pose and signals are no input, so increments stay in their place. That is all of a signal; displacements
        are turned into the world frame, and summed up, for all steps at once.
        """
        passes, last = [(layer, *buffers) for layer, buffers in zip(layers, work.hidden, strict=False)], layers[-1]
        for before, (signal, features), after in zip(states, work.steps, states[1:], strict=False):
            self._encode(before, features, work.low, work.high)
            for layer, following, linear, activated in passes:
                layer.dot(signal, linear)
                silu(activated, inplace=True)
                signal = following
            last.dot(signal, after)
            for rows in self._summed:
                np.add(before[rows], after[rows], after[rows])
        x, y, yaw = self._space.pose
        cos, sin = np.cos(states[:-1, yaw]), np.sin(states[:-1, yaw])
        ahead, left = states[1:, x], states[1:, y]
        summed = _lower(len(ahead))  # an eighth of the time of cumsum along the first axis
        along, across = summed @ (cos * ahead - sin * left), summed @ (sin * ahead + cos * left)
        np.add(states[0, x], along, ahead)
        np.add(states[0, y], across, left)

    def _encode(self, states: Float32, inputs: Float32, low: Float32, high: Float32) -> None:
        """Write the features of states (S, N), clipped, into inputs (F, N)."""
        num_vectors, num_angles = len(self._space.vectors), len(self._space.angles)
        if num_angles:
            inputs[:num_vectors] = states[self._vectors]
            angles = states[self._angles]
            np.cos(angles, inputs[num_vectors : num_vectors + num_angles])
            np.sin(angles, inputs[num_vectors + num_angles :])
            np.maximum(inputs, low, out=inputs)
        else:
            np.maximum(states[self._vectors], low, out=inputs)
        np.minimum(inputs, high, out=inputs)

    def _linearize(self, member: int, states: Float32, actions: Float32) -> tuple[Float32, Float32, Float32]:
        raw = np.concatenate([self._space.encode(states), actions], axis=-1)
        inputs = np.minimum(np.maximum(raw, self._low), self._high)
        layers, hidden, slopes = self._members[member], inputs, []
        for layer in range(0, len(layers) - 2, 2):
            linear = hidden @ layers[layer]
            linear += layers[layer + 1]
            with np.errstate(over="ignore"):
                sigmoid = 1 / (1 + np.exp(-linear))
            hidden = linear * sigmoid
            slopes.append(sigmoid + hidden * (1 - sigmoid))
        increments = hidden @ layers[-2] + layers[-1]
        return self._space.integrate(states, increments), *self._chain(
            states, increments, self._backwards(member, slopes) * (raw == inputs)[:, None]
        )

    def _backwards(self, member: int, slopes: list[Float32]) -> Float32:
        """Return d increment / d input (T, S, F + A), from the last layer on: outputs are fewer than inputs."""
        layers, last = self._members[member], self._stacked[member][-1]
        by_hidden: Float32 = last[:, :-1] * slopes[-1][:, None, :]
        count, size, _ = by_hidden.shape
        for layer, slope in zip(range(len(layers) - 4, 0, -2), slopes[-2::-1], strict=True):
            by_hidden = (by_hidden.reshape(count * size, -1) @ layers[layer].T).reshape(count, size, -1)
            by_hidden *= slope[:, None, :]
        flat: Float32 = by_hidden.reshape(count * size, -1) @ layers[0].T
        return flat.reshape(count, size, -1)

    def _chain(self, states: Float32, increments: Float32, by_inputs: Float32) -> tuple[Float32, Float32]:
        """Return d next state / d state (T, S, S) and / d action (T, S, A) from d increment / d input.

        The same as products with the Jacobians of `StateSpace`, most of whose entries are zero or one.
        """
        space = self._space
        x, y, yaw = space.pose
        num_vectors, num_angles, num_features = len(space.vectors), len(space.angles), space.num_features
        cos, sin = np.cos(states[:, yaw, None]), np.sin(states[:, yaw, None])
        ahead, left = by_inputs[:, x].copy(), by_inputs[:, y].copy()
        by_inputs[:, x], by_inputs[:, y] = cos * ahead - sin * left, sin * ahead + cos * left
        by_state = np.zeros((*states.shape, space.size), np.float32)
        by_state[:, :, self._vectors] = by_inputs[:, :, :num_vectors]
        if num_angles:
            angles = states[:, None, space.angles]
            by_cos, by_sin = np.split(by_inputs[:, :, num_vectors:num_features], 2, axis=-1)
            by_state[:, :, self._angles] = np.cos(angles) * by_sin - np.sin(angles) * by_cos
        by_state[:, self._added, self._added] += 1
        dx, dy = increments[:, x], increments[:, y]
        by_state[:, x, yaw] -= sin[:, 0] * dx + cos[:, 0] * dy
        by_state[:, y, yaw] += cos[:, 0] * dx - sin[:, 0] * dy
        return by_state, by_inputs[:, :, num_features:]

    def _workspace(self, horizon: int, num_sequences: int) -> _Workspace:
        """Return buffers for roll-outs of one size; all sizes share their memory, so that it stays in the cache."""
        known = self._spaces.get((horizon, num_sequences))
        if known is not None:
            return known
        num_features = self._space.num_features
        inputs = self._buffer("inputs", horizon, len(self._low) + 1, num_sequences)
        low, high = (self._buffer(name, num_features, num_sequences) for name in ("low", "high"))
        hidden = []
        for number, layer in enumerate(self._stacked[0][:-1]):
            after = self._buffer(f"after {number}", len(layer) + 1, num_sequences)
            hidden.append((after, after[:-1], torch.from_numpy(after[:-1])))
        steps = [(step, step[:num_features]) for step in inputs]
        ones = [inputs[:, -1], *(after[-1] for after, _, _ in hidden)]
        work = _Workspace(inputs[:, num_features:-1], ones, steps, hidden, low, high)
        self._spaces[horizon, num_sequences] = work
        return work

    def _buffer(self, name: str, *shape: int) -> Float32:
        size = math.prod(shape)
        buffer = self._scratch.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._scratch[name] = np.empty(size, np.float32)
            self._spaces.clear()
        return buffer[:size].reshape(shape)


@cache
def _lower(size: int) -> Float32:
    """Return the matrix of ones on and below the diagonal: it sums up what came so far."""
    return np.tri(size, dtype=np.float32)


def _stack(layers: list[Float32]) -> list[Float32]:
    """Return [W^T | b] (out, in + 1) of every layer.

    Column by column in memory, as they come: products with few sequences take an eighth less time.
    """
    stacked = [np.vstack([weight, bias]).T for weight, bias in zip(layers[::2], layers[1::2], strict=True)]
    return [*stacked[:-1], np.ascontiguousarray(stacked[-1])]


def _runs(indices: NDArray[np.intp]) -> list[slice]:
    """Return rising indices as few slices as possible."""
    parts = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]


def _rows(indices: NDArray[np.intp]) -> Rows:
    """Return indices as a slice where they follow each other: indexing then makes no copy."""
    if len(indices) and np.array_equal(indices, np.arange(indices[0], indices[0] + len(indices))):
        return slice(int(indices[0]), int(indices[-1]) + 1)
    return indices
