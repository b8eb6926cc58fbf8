"""A Bayesian last layer: meta-learned features, and a Kalman filter over the matrix that reads them.

    every tick             K <- K_0 + rho (K - K_0),   P <- P_0 + rho^2 (P - P_0):  old data fade, the prior comes back
    one transition         g = P phi,  s = 1 + phi' g,   K <- K + g (y - K' phi)' / s,   P <- P - g g' / s

What is carried on are the deviations K - K_0 and P - P_0: fading only shrinks them, so a tick writes each once.

Without fading this is ALPaCA (Harrison et al. 2018, https://arxiv.org/abs/1807.08912, alg. 1).
Forgetting towards the prior as in Neural-Fly (O'Connell et al. 2022, https://arxiv.org/abs/2205.06908).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch

from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.backpropagation import columns, features, layers, sizes, vectors
from dynamics.model import encode
from dynamics.transitions import Float32, Transitions


@dataclass(frozen=True)
class LastLayerSettings:
    """The posterior is trained on windows of M transitions; at run time it remembers more, fading.

    Attributes:
        window: transitions that the posterior is trained on M.
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["last_layer"] = "last_layer"
    window: int = 24
    rollout: int = 1

    def __post_init__(self) -> None:
        expect(self, "window", self.window >= 1, "at least 1")
        expect(self, "rollout", self.rollout >= 1, "at least 1")


class Posterior(NamedTuple):
    """Mean (n, S) and covariance (n, n) of the matrix that reads n features: the prior's, or deviations from it."""

    mean: Float32
    covariance: Float32


class Member(NamedTuple):
    """A member of the ensemble: the layers that make the features, and the prior of the matrix that reads them."""

    hidden: list[Float32]
    prior: Posterior


@dataclass(frozen=True)
class LastLayer(Adapter):
    """One Kalman step on the newest transition at every tick.

    The model's last layer is the prior mean. Its parts are `spread` (E, n, n), whose square is the prior covariance in
    units of the noise, and `fade` (), logit of rho. It carries on the deviations of means (E, n, S) and covariances
    (E, n, n) from the prior's.
    """

    settings: LastLayerSettings
    window: ClassVar[int] = 1
    carries: ClassVar[bool] = True

    @cached_property
    def rho(self) -> float:
        """How much of what was learned is left after a tick."""
        return float(torch.sigmoid(self.parts["fade"][0]))

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Hidden layers and prior of every member (E,)."""
        prior = self.model.prior
        networks = [layers(member, sizes(prior)) for member in vectors(prior)]
        spreads = self.parts["spread"][0].numpy()
        return tuple(
            Member(net[:-1], Posterior(net[-1], spread @ spread.T))
            for net, spread in zip(networks, spreads, strict=True)
        )

    def initial(self) -> Adapted:
        return self._adapted([Posterior(*(np.zeros_like(part) for part in member.prior)) for member in self.members])

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        inputs, targets = encode(self.model, window.last(1))
        signal, after = columns(inputs), []
        for member, mean, covariance in zip(self.members, *current.memory, strict=True):
            phi = features(member.hidden, signal)[:, 0]
            after.append(_updated(member.prior, Posterior(mean, covariance), self.rho, phi, targets[0]))
        return self._adapted(after)

    def _adapted(self, moved: list[Posterior]) -> Adapted:
        means, covariances = (part[0][None] if len(part) == 1 else np.stack(part) for part in zip(*moved, strict=True))
        last = means + self._means
        weights = (*self.model.prior[:-2], torch.from_numpy(last[:, :-1]), torch.from_numpy(last[:, -1]))
        return Adapted(weights, (means, covariances))

    @cached_property
    def _means(self) -> Float32:
        return np.stack([member.prior.mean for member in self.members])


def _updated(prior: Posterior, moved: Posterior, rho: float, phi: Float32, target: Float32) -> Posterior:
    """Let one tick pass and take in one transition: features (n,), target (S,). Returns new deviations."""
    gain = moved.covariance @ phi
    gain *= rho * rho
    gain += prior.covariance @ phi
    faded = rho * moved.mean
    missed = target - phi @ (prior.mean + faded)
    share = 1 / (1 + float(phi @ gain))
    faded += (share * gain)[:, None] * missed
    gains, before = torch.from_numpy(gain), torch.from_numpy(moved.covariance)
    shrunk = torch.addr(before, gains, gains, beta=rho * rho, alpha=-share)  # in one pass, where NumPy takes three
    return Posterior(faded, shrunk.numpy())
