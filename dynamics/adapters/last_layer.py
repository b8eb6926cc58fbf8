"""A Bayesian last layer: meta-learned features, and a Kalman filter over the matrix that reads them.

    prior of every tick    K_t = K_0 + rho (K_t-1 - K_0) + noise,   so that old data fade and the prior comes back
    one transition         g = P phi,  s = 1 + phi' g,   K <- K + g (y - K' phi)' / s,   P <- P - g g' / s
    predictive variance    (1 + phi' P phi) sigma^2

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
    """Mean (n, S) and covariance (n, n) of the matrix that reads n features."""

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
    _hidden: list[list[Float32]] = field(init=False, repr=False)
    _priors: tuple[Posterior, ...] = field(init=False, repr=False)
    _returning: tuple[Posterior, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        networks = [layers(member, sizes(self.model.prior)) for member in vectors(self.model.prior)]
        object.__setattr__(self, "_hidden", [network[:-1] for network in networks])
        spreads = self.parts["spread"][0].numpy()
        priors = tuple(Posterior(net[-1], spread @ spread.T) for net, spread in zip(networks, spreads, strict=True))
        object.__setattr__(self, "_priors", priors)
        rho = self.rho
        returning = tuple(Posterior((1 - rho) * p.mean, (1 - rho * rho) * p.covariance) for p in priors)
        object.__setattr__(self, "_returning", returning)

    @property
    def window(self) -> int:
        """One transition at a time."""
        return 1

    @property
    def rho(self) -> np.float32:
        """How much of what was learned is left after a tick."""
        return np.float32(torch.sigmoid(self.parts["fade"][0]).item())

    def initial(self) -> Adapted:
        """Return the prior mean."""
        return self._adapted(self._priors)

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        """Return the posterior after the newest transition."""
        inputs, targets = encode(self.model, window.last(1))
        means, covariances = (part[0].numpy() for part in current.memory)
        rho, after = self.rho, []
        for member, returning in enumerate(self._returning):
            faded = _faded(Posterior(means[member], covariances[member]), returning, rho)
            after.append(_told(faded, features(self._hidden[member], columns(inputs))[:, 0], targets[0]))
        return self._adapted(tuple(after))

    def variance(self, adapted: Adapted, states: FloatArray, actions: FloatArray) -> FloatArray:
        """Return the predictive variance of increments (T, S) at states (T, S) and actions (T, A), first member."""
        inputs, _ = encode(self.model, Transitions(states, actions, states))
        phi = features(self._hidden[0], columns(inputs)).T
        covariance = adapted.memory[1][0][0].numpy()
        spread = np.exp(self.parts["noise"][0].numpy()) * self.model.increments.std
        return np.asarray((1 + np.einsum("ti,ij,tj->t", phi, covariance, phi))[:, None] * spread**2, np.float64)

    def _adapted(self, posteriors: tuple[Posterior, ...]) -> Adapted:
        means, covariances = (
            torch.from_numpy(part[0][None] if len(part) == 1 else np.stack(part))
            for part in zip(*posteriors, strict=True)
        )
        weights = (*self.model.prior[:-2], means[:, :-1], means[:, -1])
        return Adapted(weights, ((means,), (covariances,)))


def _faded(posterior: Posterior, returning: Posterior, rho: np.float32) -> Posterior:
    """Let one tick pass: what was learned fades, and as much of the prior returns."""
    mean, covariance = rho * posterior.mean, rho * rho * posterior.covariance
    mean += returning.mean
    covariance += returning.covariance
    return Posterior(mean, covariance)


def _told(posterior: Posterior, phi: Float32, target: Float32) -> Posterior:
    """Take in one transition: features (n,), target (S,). Overwrites the posterior."""
    gain = posterior.covariance @ phi
    scaled = gain / np.float32(1 + phi @ gain)
    mean = posterior.mean
    mean += scaled[:, None] * (target - phi @ mean)
    covariance = posterior.covariance
    covariance -= scaled[:, None] * gain
    return Posterior(mean, covariance)
