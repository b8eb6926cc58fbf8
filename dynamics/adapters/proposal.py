"""Attention proposes, gradient refines: an encoder says where to start, and gradient steps go on from there.

    theta_0 = theta* with the first bias moved by what the encoder reads in the window
    theta'  = a few gradient steps on the window from theta_0, or from theta* where that explains the window better

An encoder is best within the conditions that it was taught, gradient steps beyond them. The network learns through
both, and through each alone, so that either serves where the other fails. The encoder is SNAIL's (Mishra et al. 2018,
arXiv 1707.03141), the steps are GrBAL's (Nagabandi, Clavera et al. 2019, arXiv 1803.11347).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dynamics.adapters.base import Adapted, Adapter, Status, expect
from dynamics.adapters.context import AttentionSettings, Context
from dynamics.backpropagation import layers, weights
from dynamics.descent import Start, error, seen, settled
from dynamics.transitions import Transitions


@dataclass(frozen=True)
class ProposalSettings:
    """What proposes, and how it is refined.

    Attributes:
        steps: inner gradient steps, 0 to 3; with 0 the proposal is taken as it is.
        rate: initial step size of every parameter, learned.
        proposes: whether the encoder is asked; otherwise all steps start from the prior.
        hidden: channels of every layer of the encoder.
        latent: numbers that the encoder says.
        rollout: steps over which a refined model is judged on its own predictions in meta-training; 1 judges every
            prediction from the true state.
    """

    kind: Literal["proposal"] = "proposal"
    window: int = 24
    steps: int = 2
    rate: float = 0.1
    proposes: bool = True
    hidden: int = 48
    latent: int = 16
    rollout: int = 1

    def __post_init__(self) -> None:
        for name in ("window", "hidden", "latent", "rollout"):
            expect(self, name, vars(self)[name] >= 1, "at least 1")
        expect(self, "steps", 0 <= self.steps <= 3, "0 to 3")
        expect(self, "rate", self.rate > 0, "a positive number")
        expect(self, "proposes", self.proposes or self.steps > 0, "true without any steps")

    @property
    def encoder(self) -> AttentionSettings:
        """What proposes, as an adapter of its own."""
        return AttentionSettings(window=self.window, hidden=self.hidden, latent=self.latent)


@dataclass(frozen=True)
class Proposal(Adapter):
    """Gradient steps from the encoder's proposal.

    Its parts are those of the encoder, `encoder` and `entry`; `rates`, step sizes as the weights; and `plain`, the
    network of a plain model, where it was lent one.
    """

    settings: ProposalSettings

    @cached_property
    def _encoder(self) -> Context:
        return Context(self.settings.encoder, self.model, self.parts)

    @cached_property
    def _prior(self) -> Start:
        return Start.of(self.model.prior, self.parts["rates"])

    def initial(self) -> Adapted:
        return self._encoder.initial()

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return what the steps make of the better start; of an overshooting step, the proposal or `initial`."""
        newest, start = window.last(self.window), self._prior
        support = seen(self.model, newest)
        if self.settings.proposes:
            proposed = start._replace(points=start.points.copy())
            for point, shift in zip(proposed.points, self._encoder.shift(newest), strict=True):
                layers(point, start.widths)[0][-1] += shift
            worse = error(proposed.points, start.widths, support) > error(start.points, start.widths, support)
            start = start if worse and self.settings.steps else proposed
        found = settled(start.slower(len(newest) / self.window), support, self.settings.steps)
        if found is self._prior.points:
            return Adapted(self.initial().weights, status=Status.OVERSHOT)
        return Adapted(weights(found, start.widths))
