"""The planning network in torch, for peers that want tensors: the same weights as the NumPy kernel uses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dynamics.model import Model
from dynamics.network import Weights


@dataclass(frozen=True)
class TorchModel:
    """One ensemble member.

    Attributes:
        layers: (W_1, b_1, ..., W_L, b_L) with the scalings folded in.
        low: smallest inputs that are told apart (F + A,).
        high: largest inputs that are told apart (F + A,).
        vectors: channels that enter as they are.
        angles: channels that enter as cosine and sine.
        pose: channels x, y and yaw.
    """

    layers: tuple[Tensor, ...]
    low: Tensor
    high: Tensor
    vectors: Tensor
    angles: Tensor
    pose: tuple[int, int, int]

    @classmethod
    def of(cls, model: Model, weights: Weights) -> TorchModel:
        """Take concrete weights of the first member, with the scalings folded into the first and the last layer."""
        first, bias, *hidden, last, last_bias = (w[0].detach().double() for w in weights)
        first = first / torch.from_numpy(model.inputs.std)[:, None]
        bias = bias - torch.from_numpy(model.inputs.mean) @ first
        last = last * torch.from_numpy(model.increments.std)
        last_bias = last_bias * torch.from_numpy(model.increments.std) + torch.from_numpy(model.increments.mean)
        return cls(
            tuple(w.float().contiguous() for w in (first, bias, *hidden, last, last_bias)),
            torch.from_numpy(model.inputs.low).float(),
            torch.from_numpy(model.inputs.high).float(),
            torch.from_numpy(model.space.vectors),
            torch.from_numpy(model.space.angles),
            model.space.pose,
        )

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Predict the next states (N, S) of states (N, S) under actions (N, A), all float32."""
        angles = states[:, self.angles]
        inputs = torch.cat([states[:, self.vectors], angles.cos(), angles.sin(), actions], dim=-1)
        hidden = torch.clamp(inputs, self.low, self.high)
        for layer in range(0, len(self.layers) - 2, 2):
            hidden = torch.nn.functional.silu(torch.addmm(self.layers[layer + 1], hidden, self.layers[layer]))
        increments = torch.addmm(self.layers[-1], hidden, self.layers[-2])
        x, y, yaw = self.pose
        after = states + increments
        cos, sin = states[:, yaw].cos(), states[:, yaw].sin()
        after[:, x] = states[:, x] + cos * increments[:, x] - sin * increments[:, y]
        after[:, y] = states[:, y] + sin * increments[:, x] + cos * increments[:, y]
        return after

    def rollout(self, state: Tensor, actions: Tensor) -> Tensor:
        """Predict states (N, H + 1, S) from state (S,) under actions (N, H, A)."""
        states = [state.expand(len(actions), -1)]
        for h in range(actions.shape[1]):
            states.append(self.step(states[-1], actions[:, h]))
        return torch.stack(states, dim=1)
