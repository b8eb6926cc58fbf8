"""GrBAL: a few gradient steps from the meta-learned prior, afresh at every tick.

Nagabandi, Clavera et al. 2019, https://arxiv.org/abs/1803.11347, alg. 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from dynamics.adapters.base import Adapted
from dynamics.backpropagation import Float32, Sizes, columns, sizes, vectors, weights
from dynamics.descent import settled
from dynamics.model import Model, encode
from dynamics.network import Weights
from dynamics.transitions import Transitions

Scope = Literal["all", "bias", "last_layer"]


@dataclass(frozen=True)
class GradientSettings:
    """How GrBAL adapts, in meta-training and at run time.

    Attributes:
        window: support transitions M.
        steps: inner gradient steps of training, 1 to 3.
        rate: initial step size of every parameter.
        learn_rates: meta-learn one step size per parameter (Meta-SGD); otherwise all stay at `rate`.
        second_order: let the outer gradient flow through the inner steps.
        scope: which parameters the inner steps change.
        rollout: steps over which an adapted model is judged on its own predictions in meta-training; 1 judges every
            prediction from the true state.
        regularisation: weight of the meta-regulariser, the divergence of Gaussian weights from a unit Gaussian (Yin
            et al. 2020, https://arxiv.org/abs/1912.03820); 0 learns plain weights.
        online_steps: gradient steps at run time where more than in training help, as for a reward head: a steady pace
            shows little of it, and a few steps then move too little; None takes as many as in training.
        full_from: transitions from which on a window that is not full yet moves the weights as far as a full one; None
            waits until it is full.
    """

    kind: Literal["gradient"] = "gradient"
    window: int = 24
    steps: int = 2
    rate: float = 0.1
    learn_rates: bool = True
    second_order: bool = True
    scope: Scope = "all"
    rollout: int = 1
    regularisation: float = 0.0
    online_steps: int | None = None
    full_from: int | None = None

    def __post_init__(self) -> None:
        for name in ("window", "rollout"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if not self.rate > 0:
            raise ValueError(f"rate: expected a positive number, got {self.rate}")
        if self.online_steps is not None and not self.steps <= self.online_steps <= 20:
            raise ValueError(
                f"online_steps: expected {self.steps}, the steps of training, to 20, got {self.online_steps}"
            )
        if self.full_from is not None and not 1 <= self.full_from <= self.window:
            raise ValueError(f"full_from: expected 1 to the window of {self.window}, got {self.full_from}")
        if not self.regularisation >= 0:
            raise ValueError(f"regularisation: expected 0 or more, got {self.regularisation}")


@dataclass(frozen=True)
class Gradient:
    """Gradient steps with learned rates, always started from the prior.

    Attributes:
        model: the meta-learned model.
        rates: step sizes, one tensor per weight tensor, of its shape; zero where nothing is adapted.
        settings: window and number of steps.
    """

    model: Model
    rates: Weights
    settings: GradientSettings
    carries: bool = False
    _widths: Sizes = field(init=False, repr=False)
    _prior: Float32 = field(init=False, repr=False)
    _rates: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_widths", sizes(self.model.prior))
        object.__setattr__(self, "_prior", vectors(self.model.prior))
        object.__setattr__(self, "_rates", vectors(self.rates))

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self) -> Adapted:
        """Return the prior."""
        return Adapted(self.model.prior)

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the prior after a few gradient steps on the newest M transitions.

        A window that is far from full says less, and moves the weights less: its loss is the sum over what is there,
        divided by M or by what counts as full.
        """
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        seen = columns(inputs), targets.T
        share = min(1.0, len(newest) / (self.settings.full_from or self.window))
        steps = self.settings.online_steps or self.settings.steps
        found = settled(self._prior, self._rates * np.float32(share), self._widths, seen, steps)
        return self.initial() if found is None else Adapted(weights(found, self._widths))
