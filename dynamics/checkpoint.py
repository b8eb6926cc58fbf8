"""One safetensors file a trained recipe: weights, scalings, state space, settings, versions. No pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from dynamics import factory
from dynamics.adapters.base import AdapterSettings
from dynamics.files import whole
from dynamics.model import INPUT_LIMIT, Model, Normalizer
from dynamics.network import Parts, Weights, check_layers
from dynamics.rollout.kernel import Kernel
from dynamics.state_space import Channel, StateSpace
from dynamics.transitions import Transitions

FORMAT = "limber-checkpoint-1"
_SCALINGS = ("inputs", "increments", "condition")
"""Names of tensors that are float64; all others are weights, and float32."""
_LONGEST_HEADER = 1_000_000
"""Characters; those that come with Limber have fewer than 7,000."""
_LONGEST_PERIOD = 10.0
"""[s]"""


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged, or does not fit what it is used for."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained recipe for one robot at one control period.

    Attributes:
        recipe: name of the recipe (`mb`, `grbal`, ...).
        period: time that one model step spans [s].
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
    adapter: dict[str, Any]
    provenance: dict[str, Any]


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; the file appears whole or not at all."""
    model = checkpoint.model
    trained, adapter = (checkpoint.robot, checkpoint.recipe, checkpoint.period), asdict(checkpoint.adapter)
    header = _Header(*trained, model.space.channels, model.action_names, adapter, checkpoint.provenance)
    tensors: dict[str, Tensor] = {}
    for name, scaling in zip(_SCALINGS, (model.inputs, model.increments, model.condition), strict=True):
        if scaling is not None:
            tensors[f"{name}.mean"] = torch.as_tensor(scaling.mean)
            tensors[f"{name}.std"] = torch.as_tensor(scaling.std)
    for name, weights in {"prior": model.prior, **checkpoint.parts}.items():
        tensors |= {f"{name}.{i}": w.detach().clone().contiguous() for i, w in enumerate(weights)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as partial:
        metadata = {"format": FORMAT, "header": json.dumps(asdict(header)), "digest": _digest(tensors)}
        partial.write_bytes(to_bytes(tensors, metadata=metadata))


def read_tensors(path: Path, expected: str) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """Return metadata and tensors of a file. Raises CheckpointError where it is missing, cut or of another format."""
    if not path.is_file():
        choices = sorted(file.stem for file in path.parent.glob("*.safetensors"))
        raise CheckpointError(f"{path}: no such checkpoint; there are {', '.join(choices) or 'none'} in {path.parent}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: expected a whole safetensors file, got {str(error)!r:.300}") from error
    if metadata.get("format") != expected:
        raise CheckpointError(f"{path}: expected format {expected}, got {metadata.get('format')!r:.80}")
    return metadata, tensors


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises CheckpointError where it is missing, cut, of another format, or of unfit shapes."""
    metadata, tensors = read_tensors(path, FORMAT)
    try:
        tensors = {name: _exact(name, tensor) for name, tensor in tensors.items()}
        header = _header(metadata["header"])
        model = Model(
            StateSpace(header.channels),
            header.action_names,
            _scaling(tensors, "inputs", INPUT_LIMIT),
            _scaling(tensors, "increments", np.inf),
            _scaling(tensors, "condition", INPUT_LIMIT) if "condition.mean" in tensors else None,
            _weights(tensors, "prior"),
        )
        names = {name.rpartition(".")[0] for name in tensors} - {"prior", *_SCALINGS}
        parts = {name: _weights(tensors, name) for name in sorted(names)}
        adapter = factory.read(header.adapter)
        _check(model, parts)
        _try(adapter, model, parts)
        if (told := metadata.get("digest")) not in (None, found := _digest(tensors)):
            raise ValueError(f"tensors: expected the digest {told:.16}, as they were written, got {found:.16}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc'])):.80}: {first['msg']}, got {first['input']!r:.80}"
        reason = reason.removeprefix(": Value error, ")
        raise CheckpointError(f"{path}: damaged or incomplete: {reason}") from error
    except KeyError as error:
        raise CheckpointError(f"{path}: damaged or incomplete: expected {error}, got none") from error
    except (ValueError, TypeError, IndexError, RuntimeError) as error:  # the last are NumPy's and torch's on shapes
        raise CheckpointError(f"{path}: damaged or incomplete: {str(error).partition(chr(10))[0]}") from error
    return Checkpoint(header.robot, header.recipe, header.period, model, adapter, parts, header.provenance)


def _header(text: str) -> _Header:
    if len(text) > _LONGEST_HEADER:
        raise ValueError(f"header: expected at most {_LONGEST_HEADER:,} characters, got {len(text):,}")
    header = TypeAdapter(_Header).validate_json(text)
    if not 0.0 < header.period <= _LONGEST_PERIOD:
        raise ValueError(f"period: expected a positive time up to {_LONGEST_PERIOD:g} s, got {header.period:g}")
    return header


def _exact(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor in the precision that it is used in, whatever it was kept in."""
    wanted = torch.float64 if name.rpartition(".")[0] in _SCALINGS else torch.float32
    if not tensor.is_floating_point():
        raise ValueError(f"{name}: expected floating-point numbers, got {tensor.dtype}")
    used = tensor.to(wanted)
    if tensor.dtype == torch.float64 and not torch.equal(used.double().nan_to_num(), tensor.nan_to_num()):
        raise ValueError(f"{name}: expected numbers that float32 can hold, got others of {tensor.dtype}")
    return used


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Return what tells tensors from any others, by name, shape and every bit."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} ".encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def _scaling(tensors: dict[str, Tensor], name: str, limit: float) -> Normalizer:
    mean, std = (tensors[f"{name}.{part}"].numpy() for part in ("mean", "std"))
    return Normalizer(mean, std, limit)


def _weights(tensors: dict[str, Tensor], name: str) -> Weights:
    return tuple(tensors[f"{name}.{i}"] for i in range(sum(key.startswith(f"{name}.") for key in tensors)))


def _check(model: Model, parts: Parts) -> None:
    """Refuse tensors that do not belong together, or cannot be used."""
    extra = 0 if model.condition is None else len(model.condition.mean)
    check_layers("prior", model.prior, model.num_inputs + extra, model.space.size)
    if "plain" in parts:
        check_layers("plain", parts["plain"], model.num_inputs, model.space.size)
    for name, weights in {"prior": model.prior, **parts}.items():
        if not all(bool(torch.isfinite(w).all()) for w in weights):
            raise ValueError(f"{name}: expected finite weights, got NaN or infinity")
    _check_scaling("inputs", model.inputs, model.num_inputs)
    _check_scaling("increments", model.increments, model.space.size)
    if model.condition is not None:
        _check_scaling("condition", model.condition, extra)


def _try(settings: AdapterSettings, model: Model, parts: Parts) -> None:
    """Let the adapter adapt once and predict: what does not fit together or overflows fails here and not in a run."""
    told = np.zeros(0) if model.condition is None else model.condition.mean
    adapter = factory.make(settings, model, parts, lambda: told)
    state = np.zeros((1, model.space.size))
    seen = Transitions(state, np.zeros((1, len(model.action_names))), state)
    with np.errstate(all="ignore"):
        adapted = adapter.adapt(adapter.initial(), seen)
        check_layers("adapted", adapted.weights, model.num_inputs, model.space.size)
        predicted = Kernel(model, adapted.weights).predict(state[0], seen.actions[0])
    if not np.isfinite(predicted).all():
        raise ValueError(f"tensors: expected finite predictions, got {predicted}")


def _check_scaling(name: str, scaling: Normalizer, size: int) -> None:
    """Refuse what does not scale every channel; an infinite deviation leaves out one that never varied."""
    if not scaling.mean.shape == scaling.std.shape == (size,):
        got = f"{scaling.mean.shape} and {scaling.std.shape}"
        raise ValueError(f"{name}: expected means and deviations of {size} channels, got {got}")
    if not np.isfinite(scaling.mean).all() or not (scaling.std > 0.0).all():
        raise ValueError(f"{name}: expected finite means and positive deviations")
