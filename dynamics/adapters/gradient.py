"""GrBAL: a few gradient steps from the meta-learned prior, afresh at every tick.

Nagabandi, Clavera et al. 2019, https://arxiv.org/abs/1803.11347, alg. 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dynamics.adapters.base import Adapted, Adapter, Status, expect
from dynamics.backpropagation import weights
from dynamics.descent import Start, seen, settled
from dynamics.transitions import Transitions

Scope = Literal["all", "bias", "last_layer"]


@dataclass(frozen=True)
class GradientSettings:
    """How GrBAL adapts, in meta-training and at run time.

    Attributes:
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
        online = self.steps if self.online_steps is None else self.online_steps
        full = self.window if self.full_from is None else self.full_from
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "rollout", self.rollout >= 1, "at least 1")
        expect(self, "steps", 1 <= self.steps <= 3, "1 to 3")
        expect(self, "rate", self.rate > 0, "a positive number")
        expect(self, "online_steps", self.steps <= online <= 20, f"{self.steps}, the steps of training, to 20")
        expect(self, "full_from", 1 <= full <= self.window, f"1 to the window of {self.window}")
        expect(self, "regularisation", self.regularisation >= 0, "0 or more")


@dataclass(frozen=True)
class Gradient(Adapter):
    """Gradient steps from the prior with step sizes learned for each parameter, the part `rates`; 0 adapts nothing."""

    settings: GradientSettings

    @cached_property
    def _start(self) -> Start:
        return Start.of(self.model.prior, self.parts["rates"])

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the prior after a few gradient steps on the newest M transitions.

        A window that is far from full says less, and moves the weights less: its loss is the sum over what is there,
        divided by M or by what counts as full.
        """
        newest = window.last(self.window)
        share = min(1.0, len(newest) / (self.settings.full_from or self.window))
        start, steps = self._start.slower(share), self.settings.online_steps or self.settings.steps
        found = settled(start, seen(self.model, newest), steps)
        if found is start.points:
            return Adapted(self.model.prior, status=Status.OVERSHOT)
        return Adapted(weights(found, start.widths))
