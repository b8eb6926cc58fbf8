"""A recipe is an adapter with its training objective: what to minimise, on which windows.

`mb` and `informed` minimise the one-step error over all transitions; `grbal` minimises the error after adaptation.
`mb_de` has no objective of its own: it keeps fine-tuning the plain model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dynamics import dataset, normalizer
from dynamics.adapters.gradient import GradientSettings
from dynamics.dataset import Episodes
from dynamics.fit import FitSettings, Group, Progress, optimise
from dynamics.meta import Windows, outer_loss
from dynamics.model import Model
from dynamics.network import Weights, initial_weights, squared_error
from dynamics.state_space import StateSpace

RATE_SCALE = 10.0
"""Learned step sizes move further than weights (from 0.1 to above 2), so Adam takes larger steps on them."""


@dataclass(frozen=True)
class NetworkSettings:
    """Size of the network.

    Attributes:
        hidden: width of each hidden layer.
        members: ensemble members E.
    """

    hidden: tuple[int, ...] = (192, 192)
    members: int = 1

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden: expected at least one positive width, got {self.hidden}")
        if self.members < 1:
            raise ValueError(f"members: expected at least 1, got {self.members}")


@dataclass(frozen=True)
class Job:
    """Everything a fit needs beside its settings.

    Attributes:
        training: episodes to learn from.
        validation: episodes of the same conditions, held out for early stopping.
        seed: fixes the initial weights and every batch.
        resume_from: state file of an interrupted fit.
        report: told the progress at every validation.
    """

    training: Episodes
    validation: Episodes
    seed: int
    resume_from: Path | None = None
    report: Callable[[Progress], None] = lambda progress: None


def untrained(
    space: StateSpace,
    action_names: tuple[str, ...],
    episodes: Episodes,
    network: NetworkSettings,
    seed: int,
    *,
    told: bool,
) -> Model:
    """Return a model with scalings fitted to the episodes and random weights; `told` adds the condition inputs."""
    inputs = np.concatenate([space.encode(episodes.states[:, :-1]), episodes.actions], axis=-1)
    increments = space.difference(episodes.states[:, 1:], episodes.states[:, :-1])
    width = inputs.shape[-1] + (episodes.conditions.shape[-1] if told else 0)
    generator = torch.Generator().manual_seed(seed)
    return Model(
        space,
        action_names,
        inputs=normalizer.fit_inputs(inputs),
        increments=normalizer.fit_targets(increments),
        condition=normalizer.fit_inputs(episodes.conditions) if told else None,
        prior=initial_weights((width, *network.hidden, space.size), network.members, generator),
    )


def train_plain(model: Model, job: Job, settings: FitSettings) -> Model:
    """Minimise the one-step error (recipes `mb` and `informed`)."""
    training, validation = dataset.encode(model, job.training), dataset.encode(model, job.validation)
    held_out = validation.inputs.flatten(0, 1), validation.targets.flatten(0, 1)

    def loss(parameters: tuple[Weights, ...], generator: torch.Generator) -> Tensor:
        return squared_error(parameters[0], *dataset.sample_transitions(training, settings.batch, generator)).mean()

    def validate(parameters: tuple[Weights, ...]) -> float:
        with torch.no_grad():
            return float(squared_error(parameters[0], *held_out).mean())

    (prior,) = optimise(
        (Group(model.prior),), loss, validate, settings, seed=job.seed, resume_from=job.resume_from, report=job.report
    )
    return replace(model, prior=prior)


def train_gradient(
    model: Model, job: Job, adapter: GradientSettings, query: int, settings: FitSettings
) -> tuple[Model, Weights]:
    """Minimise the error after adaptation (recipe `grbal`); return the model and its step sizes."""
    training, validation = dataset.encode(model, job.training), dataset.encode(model, job.validation)
    held_out = dataset.all_windows(validation, adapter.window, query)
    rates = tuple(torch.full_like(w, adapter.rate) for w in model.prior)
    groups = (Group(model.prior), Group(rates, RATE_SCALE)) if adapter.learn_rates else (Group(model.prior),)

    def adapted_loss(parameters: tuple[Weights, ...], windows: Windows, second_order: bool) -> Tensor:
        return outer_loss(
            parameters[0],
            parameters[1] if adapter.learn_rates else rates,
            windows,
            steps=adapter.steps,
            second_order=second_order,
        ).mean()

    def loss(parameters: tuple[Weights, ...], generator: torch.Generator) -> Tensor:
        windows = dataset.sample_windows(training, settings.batch, adapter.window, query, generator)
        return adapted_loss(parameters, windows, adapter.second_order)

    def validate(parameters: tuple[Weights, ...]) -> float:
        losses = [float(adapted_loss(parameters, chunk, False).detach()) for chunk in held_out.split(256)]
        return float(np.mean(losses))

    best = optimise(groups, loss, validate, settings, seed=job.seed, resume_from=job.resume_from, report=job.report)
    return replace(model, prior=best[0]), best[1] if adapter.learn_rates else rates
