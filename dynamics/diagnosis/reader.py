"""What a window of ticks says about the robot: how likely each cause is, and how much of it there is.

A small recurrent network beside whatever adapts and plans: it is told states, actions, increments and the signs of the
servo (`hardware.signs`), and was taught the causes that a simulator knows. It changes nothing in how a robot is driven.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import save as to_bytes
from torch import Tensor

from dynamics.checkpoint import CheckpointError, read_tensors
from dynamics.encoders import recurrent_of_one
from dynamics.files import whole
from dynamics.model import INPUT_LIMIT, Normalizer
from dynamics.network import Weights
from dynamics.transitions import Float32, FloatArray

FORMAT = "limber-diagnosis-2"
_SMALLEST = 0.02
"""What a root mean square is told from at least, in its own unit: below is noise."""
_WIDEST = 4.0
"""Logarithm of the largest deviation of an amount, in deviations over the training data."""


@dataclass(frozen=True)
class Calibration:
    """What was fitted to held-out episodes after training.

    Attributes:
        worth: power by which one more window counts.
        change: chance of a change between two ticks.
        spread: factor on the deviations of the amounts.
    """

    worth: float = 0.2
    change: float = 0.01
    spread: float = 1.0


@dataclass(frozen=True)
class Facts:
    """What a diagnosis is about.

    Attributes:
        robot: its name.
        period: between two ticks [s].
        window: ticks that are read at once.
        inputs: names of the numbers of a tick (F,).
        causes: what can be the matter (C,): a perturbation's name, with the part behind a colon; the first is none.
        amounts: names of the numbers that say how much (V,): perturbation and amount with a dot between.
        provenance: data, settings, versions, for people.
    """

    robot: str
    period: float
    window: int
    inputs: tuple[str, ...]
    causes: tuple[str, ...]
    amounts: tuple[str, ...]
    calibration: Calibration = field(default_factory=Calibration)
    provenance: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of causes (K,)."""
        return tuple(dict.fromkeys(cause.partition(":")[0] for cause in self.causes))

    @cached_property
    def of(self) -> NDArray[np.intp]:
        """Index of each cause's kind (C,)."""
        return np.array([self.kinds.index(cause.partition(":")[0]) for cause in self.causes])

    def unscaled(self, ticks: FloatArray) -> FloatArray:
        """Return ticks (..., F) with logarithms of root mean squares: a joint that is stuck moves little, not less."""
        rms = np.array([name.endswith("_rms") for name in self.inputs])
        found: FloatArray = np.where(rms, np.log(np.maximum(np.where(rms, ticks, 1.0), _SMALLEST)), ticks)
        return found

    @property
    def size(self) -> int:
        """Numbers that a network says, K + C + 2 V."""
        return len(self.kinds) + len(self.causes) + 2 * len(self.amounts)

    def parse(self, said: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log probabilities (..., C), means and log deviations (..., V), scaled, of what a network says.

        It says how likely each kind is, and each part where it is of that kind: so all parts of a kind are evidence
        for it.
        """
        sizes = [len(self.kinds), len(self.causes), len(self.amounts), len(self.amounts)]
        kinds, parts, means, spreads = torch.split(said, sizes, dim=-1)
        of = torch.from_numpy(self.of)
        alike = torch.where(of[:, None] == of, 0.0, -torch.inf).to(said.dtype)
        among = torch.logsumexp(parts.unsqueeze(-2) + alike, dim=-1)  # over the parts of each cause's kind
        causes = torch.log_softmax(kinds, dim=-1)[..., of] + parts - among
        return causes, means, torch.clamp(spreads, max=_WIDEST)


@dataclass(frozen=True)
class Reading:
    """What a window says: log probabilities of the causes (C,), means and deviations of the amounts (V,), SI units."""

    log_probabilities: FloatArray
    means: FloatArray
    deviations: FloatArray


@dataclass(frozen=True)
class Reader:
    """A trained network with its scalings.

    Attributes:
        scaling: of the inputs (F,).
        units: of the amounts (V,).
        prior: how frequent each cause was in training (C,).
        weights: of the recurrent network.
    """

    facts: Facts
    scaling: Normalizer
    units: Normalizer
    prior: FloatArray
    weights: Weights

    def encode(self, ticks: FloatArray | Float32) -> Float32:
        """Scale ticks (..., F); what was not measured is as usual."""
        scaled = self.scaling.normalize(self.facts.unscaled(np.asarray(ticks, np.float64)))
        return np.nan_to_num(scaled, nan=0.0).astype(np.float32)

    def read(self, window: FloatArray) -> Reading:
        """Read the newest ticks (M, F), oldest first; there may be fewer than in training."""
        said = recurrent_of_one(self.weights, self.encode(window[-self.facts.window :]))
        return self.understood(torch.from_numpy(said))

    def understood(self, said: Tensor) -> Reading:
        """Turn what the network says (..., out) into probabilities and amounts."""
        causes, means, spreads = self.facts.parse(said.double())
        deviations = torch.exp(spreads).numpy() * self.facts.calibration.spread
        places = self.units.mean + self.units.std * means.numpy()
        return Reading(causes.numpy(), places, self.units.std * deviations)

    @cached_property
    def fresh(self) -> FloatArray:
        """What is expected after a change (C,): nothing half of the time, else every kind alike."""
        of, count = self.facts.of, len(self.facts.kinds)
        share = np.where(of == 0, 0.5, 0.5 / max(count - 1, 1)) / np.bincount(of)[of]
        return np.asarray(share / share.sum())


def save(reader: Reader, path: Path) -> None:
    """Write a reader; the file appears whole or not at all."""
    tensors = {f"weights.{i}": w.detach().clone().contiguous() for i, w in enumerate(reader.weights)}
    arrays = {"prior": reader.prior, **_arrays("inputs", reader.scaling), **_arrays("units", reader.units)}
    tensors |= {name: torch.as_tensor(array) for name, array in arrays.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as partial:
        metadata = {"format": FORMAT, "facts": json.dumps(asdict(reader.facts))}
        partial.write_bytes(to_bytes(tensors, metadata=metadata))


def load(path: Path) -> Reader:
    """Read what `save` wrote. Raises CheckpointError where it is damaged, or of another kind."""
    metadata, tensors = read_tensors(path, FORMAT)
    try:
        facts = TypeAdapter(Facts).validate_json(metadata["facts"])
        scaling = Normalizer(tensors["inputs.mean"].numpy(), tensors["inputs.std"].numpy(), INPUT_LIMIT)
        units = Normalizer(tensors["units.mean"].numpy(), tensors["units.std"].numpy())
        weights = tuple(tensors[f"weights.{i}"] for i in range(6))
        reader = Reader(facts, scaling, units, tensors["prior"].numpy(), weights)
        found = reader.read(np.zeros((2, len(facts.inputs))))
        if len(reader.prior) != len(facts.causes) or not np.isfinite(found.log_probabilities).all():
            raise ValueError("tensors: expected finite probabilities, one a cause")
    except (ValidationError, KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path}: damaged or incomplete: {str(error).partition(chr(10))[0]}") from error
    return reader


def calibrated(reader: Reader, calibration: Calibration) -> Reader:
    """Return a reader with another calibration."""
    return replace(reader, facts=replace(reader.facts, calibration=calibration))


def _arrays(name: str, scaling: Normalizer) -> dict[str, FloatArray]:
    return {f"{name}.mean": scaling.mean, f"{name}.std": scaling.std}
