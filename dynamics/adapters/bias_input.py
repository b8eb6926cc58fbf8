"""Context parameters: gradient steps on a small input that is constant over a window, and on nothing else.

The published robot code gives its network five such inputs; as the only thing that is adapted they are the context
parameters of CAVIA (Zintgraf et al. 2019, https://arxiv.org/abs/1810.03642).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from dynamics.adapters.base import Adapted
from dynamics.backpropagation import Float32, backpropagate, columns, layers, sizes, vectors
from dynamics.model import Model, encode
from dynamics.network import Parts
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class BiasInputSettings:
    """How the constant inputs adapt.

    Attributes:
        window: support transitions M.
        size: number of constant inputs Z.
        steps: inner gradient steps, 1 to 3.
        rate: initial step size, learned for every input.
    """

    kind: Literal["bias_input"] = "bias_input"
    window: int = 24
    size: int = 8
    steps: int = 2
    rate: float = 1.0

    def __post_init__(self) -> None:
        for name in ("window", "size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if not self.rate > 0:
            raise ValueError(f"rate: expected a positive number, got {self.rate}")


@dataclass(frozen=True)
class BiasInput:
    """Gradient steps on the constant inputs, from zero.

    Attributes:
        model: the meta-learned model.
        parts: `entry`: rows of the first layer that the inputs enter by (E, Z, hidden); `rates`: step sizes (Z,).
        settings: window and number of steps.
    """

    model: Model
    parts: Parts
    settings: BiasInputSettings
    carries: bool = False

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self) -> Adapted:
        """Return the prior, all constant inputs at zero."""
        return Adapted(self.model.prior)

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the prior with a first bias that the fitted inputs have moved."""
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        rates = self.parts["rates"][0].numpy() * np.float32(len(newest) / self.window)
        pairs, seen = zip(vectors(self.model.prior), self.parts["entry"][0].numpy(), strict=True), columns(inputs)
        biases = [self._member(prior, rates, entry, seen, targets.T) for prior, entry in pairs]
        first, _, *others = self.model.prior
        return Adapted((first, torch.from_numpy(np.stack(biases)), *others))

    def _member(self, prior: Float32, rates: Float32, entry: Float32, seen: Float32, targets: Float32) -> Float32:
        """Return the first bias (hidden,) of one ensemble member; `prior` is its own copy of the parameters."""
        network, context = layers(prior, sizes(self.model.prior)), np.zeros(self.settings.size, "f4")
        moving: Float32 = network[0][-1]
        bias = moving.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(self.settings.steps):
                context = context - rates * (entry @ backpropagate(network, seen, targets).errors[0].sum(axis=1))
                moving[:] = bias + context @ entry
        return moving
