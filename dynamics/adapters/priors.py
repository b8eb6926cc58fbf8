"""Several starting points: mixed by how well each explains the window, and joined by those found on the way.

    theta_w = theta* with the first bias moved by sum_p w_p start_p,    w = softmax(-focus * error_p on the window)
    theta'  = a few gradient steps from there, or from a remembered solution that explains the window better

One prior fails on conditions that are far apart: FAMLE chooses among learned embeddings by recent error (Kaushik et al.
2020, arXiv 2003.04663), T-MCL among heads (Seo et al. 2020, arXiv 2010.13303); MOLe keeps what it met before (Nagabandi
et al. 2019, arXiv 1812.07671), so that a condition that comes back is not learned again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from dynamics.adapters.base import Adapted, Adapter, Status, expect
from dynamics.backpropagation import layers, shifted_errors, weights
from dynamics.descent import Start, error, seen, settled
from dynamics.transitions import Float32, Transitions


@dataclass(frozen=True)
class PriorsSettings:
    """How starting points are used.

    Attributes:
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
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "starts", self.starts >= 1, "at least 1")
        expect(self, "steps", 1 <= self.steps <= 3, "1 to 3")
        expect(self, "rate", self.rate > 0, "a positive number")
        expect(self, "remembered", self.remembered >= 0, "0 or more")
        expect(self, "novelty", self.novelty >= 1, "at least 1")


@dataclass(frozen=True)
class Priors(Adapter):
    """Gradient steps from the best starting point for the window.

    Its parts are `rates`, step sizes as the weights; `starts` (E, P, hidden); `focus` (), logarithm. What it remembers
    are solutions, each as the parameters of all members.
    """

    settings: PriorsSettings
    carries: ClassVar[bool] = True

    @cached_property
    def _start(self) -> Start:
        return Start.of(self.model.prior, self.parts["rates"])

    def initial(self) -> Adapted:
        """Return the middle of all starting points, with nothing remembered."""
        first, bias, *others = self.model.prior
        return Adapted((first, bias + self.parts["starts"][0].mean(dim=1), *others))

    @np.errstate(over="ignore", invalid="ignore")
    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the adapted weights; a full window whose solution is new is remembered."""
        newest, widths = window.last(self.window), self._start.widths
        support = seen(self.model, newest)
        # Start where the window is explained best: at the mixture of the learned points, or at a solution.
        bases = [self._mixed(*support), *current.memory]
        errors = [error(base, widths, support) for base in bases]
        base = bases[int(np.nanargmin(errors))] if np.isfinite(errors).any() else bases[0]
        start = self._start._replace(points=base).slower(len(newest) / self.window)
        found = settled(start, support, self.settings.steps)
        if found is base:
            return Adapted(weights(base, widths), current.memory, status=Status.OVERSHOT)
        # Remember a solution that all others explain the window worse than, the oldest one making room.
        full, left = len(newest) == self.window and self.settings.remembered > 0, error(found, widths, support)
        new = full and all(self.settings.novelty * left < other for other in errors[1:])
        memory = (*current.memory, found)[-self.settings.remembered :] if new else current.memory
        return Adapted(weights(found, widths), memory)

    def _mixed(self, signal: Float32, targets: Float32) -> Float32:
        """Return the prior at the mixture of the starting points (E, P)."""
        mixed, focus = self._start.points.copy(), np.exp(self.parts["focus"][0].numpy())
        for point, starts in zip(mixed, self.parts["starts"][0].numpy(), strict=True):
            network = layers(point, self._start.widths)
            errors = focus * shifted_errors(network, starts, signal, targets)
            shares = np.exp(errors.min() - errors)
            network[0][-1] += (shares / shares.sum()) @ starts
        return mixed
