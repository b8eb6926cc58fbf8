"""GrBAL: a few gradient steps from the meta-learned prior, afresh at every tick.

Nagabandi, Clavera et al. 2019, https://arxiv.org/abs/1803.11347, alg. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynamics.meta import inner_steps
from dynamics.model import Model, encode
from dynamics.network import Weights
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class GradientSettings:
    """How GrBAL adapts; the same numbers are used in meta-training and at run time.

    Attributes:
        window: support transitions M.
        steps: inner gradient steps, 1 to 3.
        rate: initial step size of every parameter.
        learn_rates: meta-learn one step size per parameter (Meta-SGD); otherwise all stay at `rate`.
        second_order: let the outer gradient flow through the inner steps.
    """

    kind: Literal["gradient"] = "gradient"
    window: int = 24
    steps: int = 2
    rate: float = 0.1
    learn_rates: bool = True
    second_order: bool = True

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window: expected at least 1, got {self.window}")
        if not 1 <= self.steps <= 3:
            raise ValueError(f"steps: expected 1 to 3, got {self.steps}")
        if not self.rate > 0:
            raise ValueError(f"rate: expected a positive number, got {self.rate}")


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
        """Return the prior after `steps` gradient steps on the newest M transitions.

        A window that is not full yet says less, and moves the weights less: its loss is the sum over what is there,
        divided by M.
        """
        newest = window.last(self.window)
        inputs, targets = encode(self.model, newest)
        copies = tuple(w.detach().requires_grad_() for w in self.model.prior)
        rates = tuple(rate * (len(newest) / self.window) for rate in self.rates)
        adapted = inner_steps(copies, rates, inputs, targets, steps=self.settings.steps, second_order=False)
        return tuple(w.detach() for w in adapted)
