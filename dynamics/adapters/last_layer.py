"""A Bayesian last layer: meta-learned features, and a Kalman filter over the matrix that reads them.

    every tick             K <- K_0 + rho (K - K_0),   P <- P_0 + rho^2 (P - P_0):  old data fade, the prior comes back
    one transition         g = P phi,  s = 1 + phi' g,   K <- K + g (y - K' phi)' / s,   P <- P - g g' / s
    predictive variance    (1 + phi' P phi) sigma^2

What is carried on are the deviations K - K_0 and P - P_0: fading only shrinks them, so a tick writes each once.

Without fading this is ALPaCA (Harrison et al. 2018, https://arxiv.org/abs/1807.08912, alg. 1).
Forgetting towards the prior as in Neural-Fly (O'Connell et al. 2022, https://arxiv.org/abs/2205.06908).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import torch

from dynamics.adapters.base import Adapted
from dynamics.backpropagation import Float32, columns, features, layers, sizes, vectors
from dynamics.model import Model, encode
from dynamics.network import Parts
from dynamics.transitions import FloatArray, Transitions


@dataclass(frozen=True)
class LastLayerSettings:
    """How the last layer adapts.

    Attributes:
        window: transitions M that the posterior is trained on; at run time it remembers more, fading.
    """

    kind: Literal["last_layer"] = "last_layer"
    window: int = 24

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window: expected at least 1, got {self.window}")


class Posterior(NamedTuple):
    """Mean (n, S) and covariance (n, n) of the matrix that reads n features: the prior's, or deviations from it."""

    mean: Float32
    covariance: Float32


@dataclass(frozen=True)
class LastLayer:
    """One Kalman step on the newest transition at every tick.

    Attributes:
        model: the meta-learned model; its last layer is the prior mean.
        parts: `spread` (E, n, n), whose square is the prior covariance; `noise` (S,), logarithm of the deviation of
            every channel; `fade` (), logit of rho.
        settings: nothing that matters at run time.
    """

    model: Model
    parts: Parts
    settings: LastLayerSettings
    carries: bool = True
    rho: float = field(init=False)
    """How much of what was learned is left after a tick."""
    _hidden: list[list[Float32]] = field(init=False, repr=False)
    _priors: tuple[Posterior, ...] = field(init=False, repr=False)
    _means: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        networks = [layers(member, sizes(self.model.prior)) for member in vectors(self.model.prior)]
        spreads = self.parts["spread"][0].numpy()
        priors = tuple(Posterior(net[-1], spread @ spread.T) for net, spread in zip(networks, spreads, strict=True))
        object.__setattr__(self, "rho", float(torch.sigmoid(self.parts["fade"][0])))
        object.__setattr__(self, "_hidden", [network[:-1] for network in networks])
        object.__setattr__(self, "_priors", priors)
        object.__setattr__(self, "_means", np.stack([prior.mean for prior in priors]))

    @property
    def window(self) -> int:
        """One transition at a time."""
        return 1

    def initial(self) -> Adapted:
        """Return the prior mean."""
        return self._adapted([Posterior(*(np.zeros_like(part) for part in prior)) for prior in self._priors])

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the posterior after the newest transition."""
        inputs, targets = encode(self.model, window.last(1))
        means, covariances = (part[0].numpy() for part in current.memory)
        signal, after = columns(inputs), []
        for member, prior in enumerate(self._priors):
            moved = Posterior(means[member], covariances[member])
            after.append(_told(prior, moved, self.rho, features(self._hidden[member], signal)[:, 0], targets[0]))
        return self._adapted(after)

    def covariance(self, adapted: Adapted) -> Float32:
        """Return the covariance of the matrix (E, n, n), in units of the noise."""
        found = np.stack([prior.covariance for prior in self._priors])
        found += adapted.memory[1][0].numpy()
        return found

    def variance(self, adapted: Adapted, states: FloatArray, actions: FloatArray) -> FloatArray:
        """Return the predictive variance of increments (T, S) at states (T, S) and actions (T, A), first member."""
        inputs, _ = encode(self.model, Transitions(states, actions, states))
        phi, covariance = features(self._hidden[0], columns(inputs)), self.covariance(adapted)[0]
        spread = np.exp(self.parts["noise"][0].numpy()) * self.model.increments.std
        return np.asarray((1 + np.einsum("it,ij,jt->t", phi, covariance, phi))[:, None] * spread**2, np.float64)

    def _adapted(self, moved: list[Posterior]) -> Adapted:
        means, covariances = (part[0][None] if len(part) == 1 else np.stack(part) for part in zip(*moved, strict=True))
        last = means + self._means
        weights = (*self.model.prior[:-2], torch.from_numpy(last[:, :-1]), torch.from_numpy(last[:, -1]))
        return Adapted(weights, ((torch.from_numpy(means),), (torch.from_numpy(covariances),)))


def _told(prior: Posterior, moved: Posterior, rho: float, phi: Float32, target: Float32) -> Posterior:
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
