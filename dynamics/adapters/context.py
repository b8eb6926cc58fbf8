"""Encoders as adapters: a window becomes a latent, and the latent a change of the first layer's bias.

The planner cannot tell such a model from any other. What is encoded, and how it was taught, tells the kinds apart:
`recurrent` and `attention` are trained on nothing but the error of the predictions; `latent` is a Gaussian that every
transition narrows; `belief` is taught to name the true condition, which only a simulator knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from dynamics import encoders
from dynamics.adapters.base import Adapted, Adapter, expect
from dynamics.adapters.disturbance import offset
from dynamics.model import Model, encode
from dynamics.network import Parts, Weights
from dynamics.transitions import Float32, Transitions


@dataclass(frozen=True)
class RecurrentSettings:
    """A gated recurrent unit reads the window (RL^2, ReBAL).

    Attributes:
        hidden: size of the hidden state.
        latent: numbers that the model is told.
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["recurrent"] = "recurrent"
    window: int = 24
    hidden: int = 64
    latent: int = 16
    rollout: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self)


@dataclass(frozen=True)
class AttentionSettings:
    """Dilated causal convolutions and attention over the window (SNAIL).

    Attributes:
        hidden: channels of every layer.
        latent: numbers that the model is told.
        doubt: what the adapted model still missed of the pose on average is expected again, as if so many transitions
            without a miss had been seen besides; None expects nothing.
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["attention"] = "attention"
    window: int = 24
    hidden: int = 48
    latent: int = 16
    doubt: float | None = None
    rollout: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self)
        expect(self, "doubt", self.doubt is None or self.doubt >= 0, "a number of transitions, 0 or more")


@dataclass(frozen=True)
class LatentSettings:
    """A probabilistic latent, whatever the order of the window: a product of Gaussians (PEARL, CaDM).

    Attributes:
        hidden: width of the encoder.
        latent: numbers that the model is told.
        divergence: weight of the divergence from the unit Gaussian in training.
        samples: draws of the latent that become ensemble members, for the planner's risk; 0 takes the mean.
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["latent"] = "latent"
    window: int = 24
    hidden: int = 96
    latent: int = 10
    divergence: float = 1e-4
    samples: int = 0
    rollout: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self)
        expect(self, "divergence", self.divergence >= 0, "0 or more")
        expect(self, "samples", 0 <= self.samples <= 100, "0 to 100")


@dataclass(frozen=True)
class BeliefSettings:
    """A recurrent belief about the true condition (Humplik et al. 2019, arXiv 1905.06424; RMA, arXiv 2107.04034).

    Attributes:
        hidden: size of the hidden state.
        teaching: weight of the squared error of the belief, in deviations of each channel.
        bottleneck: weight of the information bottleneck; 0 has none.
        channels: names of the condition's numbers, for reports.
        rollout: steps over which predictions are judged in training, on the model's own; 1 judges every step alone.
    """

    kind: Literal["belief"] = "belief"
    window: int = 24
    hidden: int = 64
    teaching: float = 0.05
    bottleneck: float = 0.0
    channels: tuple[str, ...] = ()
    rollout: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self)
        expect(self, "teaching", self.teaching >= 0, "0 or more")
        expect(self, "bottleneck", self.bottleneck >= 0, "0 or more")


ContextSettings = RecurrentSettings | AttentionSettings | LatentSettings | BeliefSettings


def _check_sizes(settings: ContextSettings) -> None:
    for name in ("window", "hidden", "latent", "rollout"):
        expect(settings, name, vars(settings).get(name, 1) >= 1, "at least 1")


class Code(NamedTuple):
    """What a window says: a mean (..., Z), and how sure it is where the encoder knows, as a variance (..., Z)."""

    mean: Tensor
    variance: Tensor | None


def latent_size(settings: ContextSettings, model: Model) -> int:
    """Return how many numbers Z a model is told."""
    if not isinstance(settings, BeliefSettings):
        return settings.latent
    if model.condition is None:
        raise ValueError("belief adapter: expected a model that is told the condition, got one that is not")
    return len(model.condition.mean)


def initial_encoder(settings: ContextSettings, model: Model, generator: torch.Generator) -> Weights:
    """Return the untrained weights of an encoder of [inputs, targets]."""
    size_in, size = model.num_inputs + model.space.size, latent_size(settings, model)
    match settings:
        case RecurrentSettings():
            return encoders.initial_recurrent(size_in, settings.hidden, size, generator)
        case AttentionSettings():
            return encoders.initial_attention(size_in, settings.hidden, size, settings.window, generator)
        case LatentSettings():
            return encoders.initial_exchangeable(size_in, settings.hidden, 2 * size, generator)
        case BeliefSettings():
            size_out = 2 * size if settings.bottleneck else size
            return encoders.initial_recurrent(size_in, settings.hidden, size_out, generator)


def code(settings: ContextSettings, encoder: Weights, sequence: Tensor) -> Code:
    """Encode windows (..., M, F + A + S) of inputs and targets."""
    match settings:
        case AttentionSettings():
            said = encoders.attention(encoder, sequence)
        case LatentSettings():
            said = encoders.exchangeable(encoder, sequence)
        case _:
            said = encoders.recurrent(encoder, sequence)
    return _understood(settings, said)


def code_of_one(settings: ContextSettings, encoder: Weights, sequence: Float32) -> Code:
    """Encode a single window (M, F + A + S): the same, step by step in NumPy where that is faster."""
    if isinstance(settings, RecurrentSettings | BeliefSettings):
        return _understood(settings, torch.from_numpy(encoders.recurrent_of_one(encoder, sequence)))
    return code(settings, encoder, torch.from_numpy(sequence))


def _understood(settings: ContextSettings, said: Tensor) -> Code:
    """Turn what an encoder says, (..., out) or (..., M, out) of single transitions, into a code."""
    match settings:
        case LatentSettings():
            means, precisions = said.chunk(2, dim=-1)
            weights = torch.nn.functional.softplus(precisions)
            variance = 1 / (1 + weights.sum(dim=-2))  # the product with a unit Gaussian, before anything was seen
            return Code((weights * means).sum(dim=-2) * variance, variance)
        case BeliefSettings() if settings.bottleneck:
            mean, spread = said.chunk(2, dim=-1)
            return Code(mean, torch.nn.functional.softplus(spread) + 1e-4)
        case _:
            return Code(said, None)


def entry(settings: ContextSettings, model: Model, parts: Parts) -> Tensor:
    """Return the rows of the first layer that the latent enters by (E, Z, hidden)."""
    return parts["prior"][0][:, model.num_inputs :] if isinstance(settings, BeliefSettings) else parts["entry"][0]


@dataclass(frozen=True)
class Context(Adapter):
    """Encodes the window at every tick and folds the latent into the weights.

    Its parts are `encoder`; `entry`, but for a belief, which enters where the condition would; and `plain`, the network
    of a plain model, where it was lent one.
    """

    settings: ContextSettings

    @cached_property
    def _draws(self) -> Tensor:
        """Where samples of the latent lie, in its deviations (samples, Z): the same at every tick, as plans are."""
        samples = self.settings.samples if isinstance(self.settings, LatentSettings) else 0
        generator = torch.Generator().manual_seed(0)
        return torch.randn(samples, latent_size(self.settings, self.model), generator=generator)

    def initial(self) -> Adapted:
        # The network never met a latent of zero in training: a plain model knows more about an unknown condition.
        unmoved = self._moved_by(torch.zeros(1, latent_size(self.settings, self.model)))
        plain = self.parts.get("plain", unmoved)
        return Adapted(tuple(w.expand_as(like).contiguous() for w, like in zip(plain, unmoved, strict=True)))

    @torch.inference_mode()
    def shift(self, window: Transitions) -> Float32:
        """Return the change of the first biases (E, hidden) that a window comes to."""
        rows = entry(self.settings, self.model, {"prior": self.model.prior, **self.parts})
        return np.asarray((self._read(window).mean @ rows).numpy())

    @torch.inference_mode()
    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        mean, variance = self._read(window)
        latents = mean.unsqueeze(0)
        if len(self._draws) and variance is not None:
            latents = mean + variance.sqrt() * self._draws
        moved = self._moved_by(latents)
        if isinstance(self.settings, AttentionSettings) and self.settings.doubt is not None:
            moved = offset(self.model, moved, window.last(self.window), self.settings.doubt, self.model.space.pose)
        return Adapted(moved, belief=self._belief(mean))

    def _read(self, window: Transitions) -> Code:
        sequence = np.concatenate(encode(self.model, window.last(self.window)), axis=-1)
        return code_of_one(self.settings, self.parts["encoder"], sequence)

    def _moved_by(self, latents: Tensor) -> Weights:
        """Return the weights for latents (samples, Z): one ensemble member each."""
        first, bias, *others = self.model.prior
        rows = entry(self.settings, self.model, {"prior": self.model.prior, **self.parts})
        shifts = (latents.unsqueeze(1) @ rows).squeeze(1)
        moved = (first[:, : self.model.num_inputs], bias + shifts, *others)
        members = max(len(first), len(latents))
        return tuple(w.expand(members, *w.shape[1:]).contiguous() for w in moved)

    def _belief(self, mean: Tensor) -> dict[str, float]:
        scaling = self.model.condition
        if not isinstance(self.settings, BeliefSettings) or scaling is None:
            return {}
        known = np.isfinite(scaling.std)  # what never varied in training cannot be believed in
        values = mean.numpy() * np.where(known, scaling.std, 0.0) + scaling.mean
        believed = zip(self.settings.channels, values, known, strict=False)
        return {name: float(value) for name, value, says in believed if says}
