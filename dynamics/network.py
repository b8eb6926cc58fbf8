"""An MLP ensemble as pure functions over a tuple of weights.

Weights are (W_1, b_1, ..., W_L, b_L) with W (..., in, out) and b (..., out). The leading axes are free: (E,) for a
model, (B, E) while meta-training adapts one copy per window; a forward pass is a batched matrix product either way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Weights = tuple[Tensor, ...]
Parts = Mapping[str, Weights]
"""Everything that a recipe learns, by name: the network under `prior`, and what its adapter needs beside it."""


def initial_weights(sizes: Sequence[int], members: int, generator: torch.Generator) -> Weights:
    """Draw He-uniform weights and zero biases of E members: (W_1 (E, in, out), b_1 (E, out), ...) in float32."""
    weights: list[Tensor] = []
    for fan_in, fan_out in pairwise(sizes):
        bound = (3.0 / fan_in) ** 0.5
        uniform = torch.rand(members, fan_in, fan_out, generator=generator)
        weights += [(2 * uniform - 1) * bound, torch.zeros(members, fan_out)]
    return tuple(weights)


def check_layers(name: str, weights: Weights, size_in: int, size_out: int) -> None:
    """Raise ValueError unless layers (E, in, out), (E, out) lead from one width to the next."""
    shapes = [tuple(w.shape) for w in weights]
    if len(shapes) < 2 or len(shapes) % 2 or len(shapes[0]) != 3:
        raise ValueError(f"{name}: expected a matrix (E, in, out) and a bias (E, out) a layer, got {shapes}")
    members = shapes[0][0]
    widths = [size_in, *(shape[-1] for shape in shapes[:-2:2]), size_out]
    expected = [shape for one, other in pairwise(widths) for shape in ((members, one, other), (members, other))]
    if shapes != expected:
        raise ValueError(f"{name}: expected layers {expected}, got {shapes}")


def forward(weights: Weights, inputs: Tensor, shift: Tensor | None = None) -> Tensor:
    """Evaluate the network: inputs (..., n, in) -> outputs (..., n, out), SiLU between layers.

    `shift` (..., n, hidden) or (..., 1, hidden) is added to the first layer's biases, sample by sample: so a context
    enters while all samples still share one set of weights.
    """
    hidden = inputs
    for layer in range(0, len(weights) - 2, 2):
        linear = hidden @ weights[layer] + weights[layer + 1].unsqueeze(-2)
        hidden = torch.nn.functional.silu(linear if shift is None or layer else linear + shift)
    return hidden @ weights[-2] + weights[-1].unsqueeze(-2)


def squared_error(weights: Weights, inputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over samples and channels; the leading axes of the weights remain."""
    return (forward(weights, inputs) - targets).square().mean(dim=(-2, -1))
