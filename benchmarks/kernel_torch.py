"""The twin of the NumPy kernel for a GPU: the same predictions, worth their transfer for many sequences at once."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import jacrev, vmap

from dynamics.model import Model
from dynamics.network import Weights
from dynamics.rollout.kernel import Linearization
from dynamics.transitions import Float32


class TorchKernel:
    """Roll-outs with one set of concrete weights on a torch device; the interface of `dynamics.rollout.kernel.Kernel`.

    Arrays go in and come out in the host's memory.
    """

    def __init__(self, model: Model, weights: Weights, device: torch.device | str) -> None:
        self._space, self._inputs, self._increments = model.space, model.inputs, model.increments
        self._device = torch.device(device)
        self._low, self._high = self._on_device(model.inputs.low), self._on_device(model.inputs.high)
        self._vectors = torch.as_tensor(model.space.vectors, device=self._device)
        self._angles = torch.as_tensor(model.space.angles, device=self._device)
        self._carried = torch.ones(model.space.size, dtype=torch.bool, device=self._device)
        self._carried[torch.as_tensor(model.space.signals, device=self._device)] = False
        self._layers: Weights = ()
        self.load(weights)

    def load(self, weights: Weights) -> None:
        """Use these weights (E, F + A, hidden), ... from now on, scalings folded in."""
        exact = [w.detach().to(self._device, torch.float64) for w in weights]
        mean, std, offset, scale = (
            torch.as_tensor(values, device=self._device)
            for values in (self._inputs.mean, self._inputs.std, self._increments.mean, self._increments.std)
        )
        exact[0] = exact[0] / std[:, None]
        exact[1] = exact[1] - mean @ exact[0]
        exact[-2] = exact[-2] * scale
        exact[-1] = exact[-1] * scale + offset
        self._layers = tuple(w.float() for w in exact)

    @torch.inference_mode()
    def rollout(self, state: NDArray[np.float64], actions: NDArray[np.float64]) -> Float32:
        """Predict (E, N, H + 1, S) from a state (S,) under actions (N, H, A); index 0 is the start."""
        num_sequences, horizon, _ = actions.shape
        layers = tuple(w.unsqueeze(-2) if w.ndim == 2 else w for w in self._layers)  # biases (E, 1, hidden)
        controls = self._on_device(actions)
        states = [self._on_device(state).expand(len(layers[0]), num_sequences, -1)]
        for h in range(horizon):
            states.append(self._next(layers, states[-1], controls[:, h].expand(len(layers[0]), -1, -1)))
        predicted: Float32 = torch.stack(states, dim=2).cpu().numpy()
        return predicted

    def predict(self, state: NDArray[np.float64], action: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean one-step prediction (S,) of the ensemble."""
        prediction: NDArray[np.float64] = self.rollout(state, action[None, None, :])[:, 0, 1].mean(
            axis=0, dtype=np.float64
        )
        return prediction

    def linearize(self, states: NDArray[np.float64], actions: NDArray[np.float64]) -> Linearization:
        """Differentiate one step at T points: states (T, S), actions (T, A)."""

        def step(layers: Weights, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
            after = self._next(layers, state, action)
            return after, after

        differentiated = jacrev(step, argnums=(1, 2), has_aux=True)
        over_points = vmap(differentiated, in_dims=(None, 0, 0))
        over_members = vmap(over_points, in_dims=(0, None, None))
        (by_state, by_action), after = over_members(self._layers, self._on_device(states), self._on_device(actions))
        return Linearization(*(part.cpu().numpy() for part in (after, by_state, by_action)))

    def _next(self, layers: Weights, states: Tensor, actions: Tensor) -> Tensor:
        """Return the states (..., S) that follow states (..., S) under actions (..., A)."""
        angles = states[..., self._angles]
        inputs = torch.cat([states[..., self._vectors], torch.cos(angles), torch.sin(angles), actions], dim=-1)
        hidden = torch.clamp(inputs, self._low, self._high)
        for layer in range(0, len(layers) - 2, 2):
            hidden = torch.nn.functional.silu(hidden @ layers[layer] + layers[layer + 1])
        increments = list((hidden @ layers[-2] + layers[-1]).unbind(-1))
        x, y, yaw = self._space.pose
        along, across = increments[x], increments[y]
        cos, sin = torch.cos(states[..., yaw]), torch.sin(states[..., yaw])
        increments[x], increments[y] = cos * along - sin * across, sin * along + cos * across
        changes = torch.stack(increments, dim=-1)
        return torch.where(self._carried, states + changes, changes)

    def _on_device(self, values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._device)
