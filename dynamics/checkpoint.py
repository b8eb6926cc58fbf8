"""One safetensors file a trained recipe: weights, scalings, state space, settings, versions. No pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from dynamics.adapters import factory
from dynamics.adapters.factory import AdapterSettings
from dynamics.checkpoint_checks import check
from dynamics.files import whole
from dynamics.model import Model
from dynamics.network import Parts, Weights
from dynamics.normalizer import INPUT_LIMIT, Normalizer
from dynamics.state_space import Channel, StateSpace

FORMAT = "limber-checkpoint-1"
_OF_THE_MODEL = {"prior", "inputs", "increments", "condition"}
"""Names of tensors that are not an adapter's."""


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged, or does not fit what it is used for."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained recipe for one robot at one control period.

    Attributes:
        robot: name of the robot.
        recipe: name of the recipe (`mb`, `grbal`, ...).
        period: time that one model step spans [s].
        model: the dynamics model.
        adapter: which adapter uses it, and how.
        parts: what the adapter learned beside the model, such as step sizes under `rates`.
        provenance: seed, data, versions and held-out errors, for people.
    """

    robot: str
    recipe: str
    period: float
    model: Model
    adapter: AdapterSettings
    parts: Parts
    provenance: dict[str, Any]


@dataclass(frozen=True)
class _Header:
    """The part of a checkpoint that is not a tensor, as JSON."""

    robot: str
    recipe: str
    period: float
    channels: tuple[Channel, ...]
    action_names: tuple[str, ...]
    adapter: AdapterSettings
    provenance: dict[str, Any]


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; the file appears whole or not at all."""
    model = checkpoint.model
    header = _Header(
        checkpoint.robot,
        checkpoint.recipe,
        checkpoint.period,
        model.space.channels,
        model.action_names,
        checkpoint.adapter,
        checkpoint.provenance,
    )
    tensors: dict[str, Tensor] = {}
    for name, scaling in (("inputs", model.inputs), ("increments", model.increments), ("condition", model.condition)):
        if scaling is not None:
            tensors[f"{name}.mean"] = torch.as_tensor(scaling.mean)
            tensors[f"{name}.std"] = torch.as_tensor(scaling.std)
    for name, weights in {"prior": model.prior, **checkpoint.parts}.items():
        tensors |= {f"{name}.{i}": w.detach().clone().contiguous() for i, w in enumerate(weights)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as partial:
        partial.write_bytes(to_bytes(tensors, metadata={"format": FORMAT, "header": json.dumps(asdict(header))}))


def load(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises:
        CheckpointError: missing, truncated, of another format, or inconsistent in its shapes.
    """
    if not path.is_file():
        choices = sorted(file.stem for file in path.parent.glob("*.safetensors"))
        raise CheckpointError(f"{path}: no such checkpoint; there are {', '.join(choices) or 'none'} in {path.parent}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: expected a whole safetensors file, got {error}") from error
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path}: expected format {FORMAT}, got {metadata.get('format')}")
    try:
        header = TypeAdapter(_Header).validate_json(metadata["header"])
        model = Model(
            StateSpace(header.channels),
            header.action_names,
            _scaling(tensors, "inputs", INPUT_LIMIT),
            _scaling(tensors, "increments", np.inf),
            _scaling(tensors, "condition", INPUT_LIMIT) if "condition.mean" in tensors else None,
            _weights(tensors, "prior"),
        )
        names = {name.rpartition(".")[0] for name in tensors} - _OF_THE_MODEL
        parts = {name: _weights(tensors, name) for name in sorted(names)}
        factory.check(header.adapter, parts)
        check(model, parts, header.adapter)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told = f"{'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r}"
        raise CheckpointError(f"{path}: damaged or incomplete: {told}") from error
    except KeyError as error:
        raise CheckpointError(f"{path}: damaged or incomplete: expected {error}, got none") from error
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged or incomplete: {error}") from error
    return Checkpoint(header.robot, header.recipe, header.period, model, header.adapter, parts, header.provenance)


def _scaling(tensors: dict[str, Tensor], name: str, limit: float) -> Normalizer:
    mean, std = (tensors[f"{name}.{part}"].numpy().astype(np.float64) for part in ("mean", "std"))
    return Normalizer(mean, std, limit)


def _weights(tensors: dict[str, Tensor], name: str) -> Weights:
    count = sum(key.startswith(f"{name}.") for key in tensors)
    return tuple(tensors[f"{name}.{i}"] for i in range(count))
