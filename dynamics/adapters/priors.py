"""Several starting points: mixed by how well each explains the window, and joined by those found on the way.

    theta_w = theta* with the first bias moved by sum_p w_p start_p,    w = softmax(-focus * error_p on the window)
    theta'  = a few gradient steps from there, or from a remembered solution that explains the window better

One prior fails on conditions that are far apart: FAMLE chooses among learned embeddings by recent error (Kaushik et al.
2020, arXiv 2003.04663), T-MCL among heads (Seo et al. 2020, arXiv 2010.13303); MOLe keeps what it met before (Nagabandi
et al. 2019, arXiv 1812.07671), so that a condition that comes back is not learned again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from dynamics.adapters.base import Adapted
from dynamics.backpropagation import Float32, Sizes, columns, layers, shifted_errors, sizes, vectors, weights
from dynamics.descent import error, settled
from dynamics.model import Model, encode
from dynamics.network import Parts
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class PriorsSettings:
    """How starting points are used.

    Attributes:
        window: support transitions M.
        steps: inner gradient steps, 1 to 3.
        rate: initial step size of every parameter, learned.
        starts: number of learned starting points P.
        remembered: solutions that a run keeps; 0 keeps none.
        novelty: a solution is kept when it explains the window this many times better than all that are remembered.
    """

    kind: Literal["priors"] = "priors"
    window: int = 24
    steps: int = 2
    rate: float = 0.1
    starts: int = 4
    remembered: int = 4
    novelty: float = 1.5

    def __post_init__(self) -> None:
        for name in ("window", "starts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if self.remembered < 0:
            raise ValueError(f"remembered: expected 0 or more, got {self.remembered}")
        if not self.rate > 0 or not self.novelty >= 1:
            raise ValueError(f"rate, novelty: expected above 0 and at least 1, got {self.rate}, {self.novelty}")


@dataclass(frozen=True)
class Priors:
    """Gradient steps from the best starting point for the window.

    What it remembers are solutions, each as the vectors (E, P) of its parameters.

    Attributes:
        model: the meta-learned model.
        parts: `rates`; `starts` (E, P, hidden); `focus` (), logarithm.
        settings: window, steps, memory.
    """

    model: Model
    parts: Parts
    settings: PriorsSettings
    carries: bool = True
    _widths: Sizes = field(init=False, repr=False)
    _prior: Float32 = field(init=False, repr=False)
    _rates: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_widths", sizes(self.model.prior))
        object.__setattr__(self, "_prior", vectors(self.model.prior))
        object.__setattr__(self, "_rates", vectors(self.parts["rates"]))

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self) -> Adapted:
        """Return the middle of all starting points, with nothing remembered."""
        first, bias, *others = self.model.prior
        return Adapted((first, bias + self.parts["starts"][0].mean(dim=1), *others))

    @np.errstate(over="ignore", invalid="ignore")
    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the adapted weights; a full window whose solution is new is remembered."""
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        seen = columns(inputs), targets.T
        mixed = self._mixed(*seen)
        bases = [mixed, *(solution[0].numpy() for solution in current.memory)]
        errors = [error(base, self._widths, seen) for base in bases]
        base = bases[int(np.nanargmin(errors))] if np.isfinite(errors).any() else mixed
        rates, steps = self._rates * np.float32(len(newest) / self.window), self.settings.steps
        found = settled(base, rates, self._widths, seen, steps)
        if found is None:
            return Adapted(weights(base, self._widths), current.memory)
        full = len(newest) == self.window and self.settings.remembered > 0
        left = error(found, self._widths, seen)
        new = full and all(self.settings.novelty * left < other for other in errors[1:])
        memory = (*current.memory, (torch.from_numpy(found),))[-self.settings.remembered :] if new else current.memory
        return Adapted(weights(found, self._widths), memory)

    def _mixed(self, signal: Float32, targets: Float32) -> Float32:
        """Return the prior at the mixture of the starting points (E, P)."""
        mixed, focus = self._prior.copy(), np.exp(self.parts["focus"][0].numpy())
        for point, starts in zip(mixed, self.parts["starts"][0].numpy(), strict=True):
            network = layers(point, self._widths)
            errors = focus * shifted_errors(network, starts, signal, targets)
            shares = np.exp(errors.min() - errors)
            network[0][-1] += (shares / shares.sum()) @ starts
        return mixed
