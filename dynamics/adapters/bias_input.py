"""Context parameters: gradient steps on a small input that is constant over a window, and on nothing else.

The published robot code gives its network five such inputs; as the only thing that is adapted they are the context
parameters of CAVIA (Zintgraf et al. 2019, https://arxiv.org/abs/1810.03642).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.backpropagation import backpropagate, layers, sizes, vectors
from dynamics.descent import Window, seen
from dynamics.transitions import Float32, Transitions


@dataclass(frozen=True)
class BiasInputSettings:
    """How the constant inputs adapt.

    Attributes:
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
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "size", self.size >= 1, "at least 1")
        expect(self, "steps", 1 <= self.steps <= 3, "1 to 3")
        expect(self, "rate", self.rate > 0, "a positive number")


@dataclass(frozen=True)
class BiasInput(Adapter):
    """Gradient steps on the constant inputs, from zero.

    Its parts are `entry`, the rows of the first layer that the inputs enter by (E, Z, hidden), and `rates`, their step
    sizes (Z,).
    """

    settings: BiasInputSettings

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        prior, parts, newest = self.model.prior, self.parts, window.last(self.window)
        rates = parts["rates"][0].numpy() * np.float32(len(newest) / self.window)
        pairs, support = zip(vectors(prior), parts["entry"][0].numpy(), strict=True), seen(self.model, newest)
        biases = [self._member(member, rates, entry, support) for member, entry in pairs]
        first, _, *others = prior
        return Adapted((first, torch.from_numpy(np.stack(biases)), *others))

    def _member(self, prior: Float32, rates: Float32, entry: Float32, support: Window) -> Float32:
        """Return the first bias (hidden,) of one ensemble member; `prior` is its own copy of the parameters (P,)."""
        network, context = layers(prior, sizes(self.model.prior)), np.zeros(self.settings.size, "f4")
        moving: Float32 = network[0][-1]
        bias = moving.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(self.settings.steps):
                # What comes back to the first layer, summed over the window, is the derivative by its bias.
                context = context - rates * (entry @ backpropagate(network, *support).errors[0].sum(axis=1))
                moving[:] = bias + context @ entry
        return moving
