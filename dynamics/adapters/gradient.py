"""GrBAL: a few gradient steps from the meta-learned prior, afresh at every tick.

Nagabandi, Clavera et al. 2019, https://arxiv.org/abs/1803.11347, alg. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from dynamics.meta import inner_steps
from dynamics.model import Model, encode
from dynamics.network import Weights, squared_error
from dynamics.transitions import Transitions

_HALVINGS = 5
"""Step sizes that are tried: all of the learned one, half of it, ..."""


@dataclass(frozen=True)
class GradientSettings:
    """How GrBAL adapts, in meta-training and at run time.

    Attributes:
        window: support transitions M.
        steps: inner gradient steps of training, 1 to 3.
        rate: initial step size of every parameter.
        learn_rates: meta-learn one step size per parameter (Meta-SGD); otherwise all stay at `rate`.
        second_order: let the outer gradient flow through the inner steps.
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
    online_steps: int | None = None
    full_from: int | None = None

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window: expected at least 1, got {self.window}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if self.online_steps is not None and not self.steps <= self.online_steps <= 20:
            raise ValueError(
                f"online_steps: expected {self.steps}, the steps of training, to 20, got {self.online_steps}"
            )
        if not self.rate > 0:
            raise ValueError(f"rate: expected a positive number, got {self.rate}")
        if self.full_from is not None and not 1 <= self.full_from <= self.window:
            raise ValueError(f"full_from: expected 1 to the window of {self.window}, got {self.full_from}")


@dataclass(frozen=True)
class Gradient:
    """Gradient steps with learned rates, always started from the prior.

    Attributes:
        model: the meta-learned model.
        rates: step sizes, one tensor per weight tensor, broadcastable to it.
        settings: window and number of steps.
    """

    model: Model
    rates: Weights
    settings: GradientSettings

    @property
    def window(self) -> int:
        """Support transitions M."""
        return self.settings.window

    def initial(self) -> Weights:
        """Return the prior."""
        return self.model.prior

    def adapt(self, current: Weights, window: Transitions) -> Weights:
        """Return the prior after a few gradient steps on the newest M transitions.

        A window that is far from full says less, and moves the weights less: its loss is the sum over what is there,
        divided by M or by what counts as full. Learned step sizes fit the windows of training; where they overshoot,
        so that the window itself is explained worse than before, all are halved until they do not.
        """
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        share = min(1.0, len(newest) / (self.settings.full_from or self.window))
        before = float(squared_error(self.model.prior, inputs, targets).sum())
        for halving in range(_HALVINGS):
            adapted = self._stepped(inputs, targets, share * 0.5**halving)
            if float(squared_error(adapted, inputs, targets).sum()) <= before:
                return adapted
        return self.model.prior

    def _stepped(self, inputs: Tensor, targets: Tensor, share: float) -> Weights:
        """Return the prior after gradient steps of a share of the learned sizes."""
        copies = tuple(w.detach().requires_grad_() for w in self.model.prior)
        rates = tuple(rate * share for rate in self.rates)
        steps = self.settings.online_steps or self.settings.steps
        adapted = inner_steps(copies, rates, inputs, targets, steps=steps, second_order=False)
        return tuple(w.detach() for w in adapted)
