"""Optimise an objective over windows: Adam with a cosine schedule, early stop on held-out episodes, resumable."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from dynamics.files import whole
from dynamics.network import Parts
from dynamics.objectives.base import Part


class FitError(ValueError):
    """A fit cannot go on; the message says why."""


@dataclass(frozen=True)
class FitSettings:
    """How long and how fast to train.

    Attributes:
        steps: optimiser steps at most.
        batch: samples (plain model) or windows (meta-learned model) a step.
        rate: Adam step size, decayed to a hundredth by a cosine.
        clip: largest norm of the gradient.
        validate_every: steps between two looks at the held-out episodes.
        patience: looks without improvement before stopping.
    """

    steps: int
    batch: int
    rate: float = 1e-3
    clip: float = 10.0
    validate_every: int = 500
    patience: int = 8

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validate_every", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.batch > 1_000_000:
            raise ValueError(f"batch: expected at most 1,000,000, got {self.batch}")
        for name in ("rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected a positive number, got {getattr(self, name)}")


@dataclass(frozen=True)
class Progress:
    """What a fit reports at every validation."""

    step: int
    steps: int
    train_loss: float
    validation_loss: float
    best_loss: float


def optimise(
    parts: Mapping[str, Part],
    loss: Callable[[Parts, torch.Generator], Tensor],
    validate: Callable[[Parts], float],
    settings: FitSettings,
    *,
    seed: int,
    resume_from: Path | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Parts:
    """Minimise a sampled loss and return the parameters that were best on held-out episodes.

    Raises FitError where the loss is not finite, or the state to go on from cannot be used.

    Args:
        parts: what to learn, by name, untrained; not modified.
        loss: objective of one step from the current parts; draws its batch from the generator.
        validate: loss on held-out episodes.
        settings: length and speed.
        seed: fixes every random draw.
        resume_from: file that holds the state of an interrupted run; written at every validation, removed at the end.
        report: called at every validation.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = [w.detach().clone().requires_grad_() for part in parts.values() for w in part.weights]
    current = _named(flat, parts)
    adam = torch.optim.Adam(
        [{"params": list(current[name]), "lr": settings.rate * part.pace} for name, part in parts.items()]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: _cosine(step, settings.steps))
    best, best_loss, stale, step, recent = [w.detach().clone() for w in flat], math.inf, 0, 0, 0.0
    if resume_from is not None and resume_from.exists():
        best, best_loss, stale, step = _restore(resume_from, flat, adam, schedule, generator)
    while step < settings.steps and stale < settings.patience:
        adam.zero_grad()
        value = loss(current, generator)
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flat, settings.clip)
        adam.step()
        schedule.step()
        step += 1
        recent += (_finite(value, step) - recent) * (0.01 if step > 1 else 1.0)
        if step % settings.validate_every == 0 or step == settings.steps:
            held_out = validate(current)
            stale = 0 if held_out < best_loss else stale + 1
            if stale == 0:
                best, best_loss = [w.detach().clone() for w in flat], held_out
            report(Progress(step, settings.steps, recent, held_out, best_loss))
            if resume_from is not None:
                _store(resume_from, flat, adam, generator, best, best_loss, stale, step)
    if resume_from is not None:
        resume_from.unlink(missing_ok=True)
    return _named(best, parts)


def _named(flat: list[Tensor], parts: Mapping[str, Part]) -> Parts:
    remaining = iter(flat)
    return {name: tuple(next(remaining) for _ in part.weights) for name, part in parts.items()}


def _finite(loss: Tensor, step: int) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        raise FitError(f"training: expected a finite loss, got {value} at step {step}")
    return value


def _cosine(step: int, steps: int) -> float:
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))


def _store(
    path: Path,
    flat: list[Tensor],
    adam: torch.optim.Adam,
    generator: torch.Generator,
    best: list[Tensor],
    best_loss: float,
    stale: int,
    step: int,
) -> None:
    tensors = {"generator": generator.get_state()}
    tensors["progress"] = torch.tensor([best_loss, stale, step], dtype=torch.float64)
    for i, parameter in enumerate(flat):
        tensors[f"current.{i}"] = parameter.detach().contiguous()
        tensors[f"best.{i}"] = best[i].contiguous()
        if parameter in adam.state:  # what the loss never looked at has no moments
            tensors[f"mean.{i}"] = adam.state[parameter]["exp_avg"].contiguous()
            tensors[f"square.{i}"] = adam.state[parameter]["exp_avg_sq"].contiguous()
    with whole(path) as partial:
        save_file(tensors, partial)


def _restore(
    path: Path,
    flat: list[Tensor],
    adam: torch.optim.Adam,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    generator: torch.Generator,
) -> tuple[list[Tensor], float, int, int]:
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise FitError(f"{path}: not the state of an interrupted fit ({error}); delete it to start again") from error
    wanted = {f"{name}.{i}": parameter.shape for name in ("current", "best") for i, parameter in enumerate(flat)}
    wanted |= {"progress": torch.Size([3]), "generator": generator.get_state().shape}
    if not wanted.items() <= {name: tensor.shape for name, tensor in tensors.items()}.items():
        raise FitError(f"{path}: belongs to a fit with other settings; delete it to start again")
    best_loss, stale, step = tensors["progress"].tolist()
    for i, parameter in enumerate(flat):
        parameter.data.copy_(tensors[f"current.{i}"])
        if f"mean.{i}" in tensors:
            moments = {"exp_avg": tensors[f"mean.{i}"], "exp_avg_sq": tensors[f"square.{i}"]}
            adam.state[parameter] = {"step": torch.tensor(float(step)), **moments}
    generator.set_state(tensors["generator"])
    schedule.last_epoch = int(step)
    for group, base in zip(adam.param_groups, schedule.base_lrs, strict=True):
        group["lr"] = base * schedule.lr_lambdas[0](int(step))
    return [tensors[f"best.{i}"] for i in range(len(flat))], best_loss, int(stale), int(step)
