"""A recipe is an adapter with its training objective: what to minimise, on which windows of which data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from dynamics.adapters.base import LARGEST
from dynamics.model import Model, fit_inputs, fit_targets
from dynamics.network import Parts, initial_weights
from dynamics.objectives.base import Objective, Part
from dynamics.state_space import StateSpace
from dynamics.training import dataset
from dynamics.training.dataset import Episodes
from dynamics.training.fit import FitSettings, Progress, optimise

_CHUNK = 256
"""Windows that are validated at once."""


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
        if not self.hidden or not 1 <= min(self.hidden) <= max(self.hidden) <= LARGEST:
            raise ValueError(f"hidden: expected at least one positive width, at most {LARGEST:,}, got {self.hidden}")
        if not 1 <= self.members <= LARGEST:
            raise ValueError(f"members: expected at least 1 and at most {LARGEST:,}, got {self.members}")


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
    seen = episodes.transitions
    inputs = np.concatenate([space.encode(seen.states), seen.actions], axis=-1)
    increments = space.difference(seen.next_states, seen.states)
    width = inputs.shape[-1] + (episodes.conditions.shape[-1] if told else 0)
    generator = torch.Generator().manual_seed(seed)
    return Model(
        space,
        action_names,
        inputs=fit_inputs(inputs),
        increments=fit_targets(increments),
        condition=fit_inputs(episodes.conditions) if told else None,
        prior=initial_weights((width, *network.hidden, space.size), network.members, generator),
    )


def train(
    model: Model,
    job: Job,
    objective: Objective,
    query: int,
    settings: FitSettings,
    learned: Parts = MappingProxyType({}),
) -> tuple[Model, Parts]:
    """Minimise an objective over windows, K transitions a query; return the model, and what its adapter needs.

    What was `learned` already, by name, is where the fit begins; all else begins untrained.
    """
    training, validation = dataset.encode(model, job.training), dataset.encode(model, job.validation)
    held_out = dataset.all_windows(validation, objective.window, query)
    parts = {"prior": Part(model.prior), **objective.initial(torch.Generator().manual_seed(job.seed))}
    parts = {name: part._replace(weights=learned.get(name, part.weights)) for name, part in parts.items()}

    def loss(current: Parts, generator: torch.Generator) -> Tensor:
        windows = dataset.sample_windows(training, settings.batch, objective.window, query, generator)
        return objective.loss(current, windows, generator)

    @torch.no_grad()
    def validate(current: Parts) -> float:
        errors = [objective.errors(current, chunk).detach() for chunk in held_out.split(_CHUNK)]
        return float(torch.cat(errors).mean())

    seed, state, report = job.seed, job.resume_from, job.report
    best = dict(optimise(parts, loss, validate, settings, seed=seed, resume_from=state, report=report))
    model = replace(model, prior=best.pop("prior"))
    return model, {name: weights for name, weights in best.items() if parts[name].kept}
