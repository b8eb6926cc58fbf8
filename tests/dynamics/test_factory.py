"""The registry of kinds, with one from outside the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from dynamics import checkpoint, factory
from dynamics.adapters.base import Adapted, Adapter
from dynamics.adapters.fixed import FixedSettings
from dynamics.checkpoint import Checkpoint, CheckpointError
from dynamics.factory import KINDS, Kind
from dynamics.meta import Windows
from dynamics.network import Parts, squared_error
from dynamics.objectives.base import Objective, Part
from dynamics.training import dataset
from dynamics.training.fit import FitSettings
from dynamics.training.recipes import Job, train
from dynamics.transitions import Transitions
from tests.dynamics import adapted as every
from tests.dynamics.toys import episodes, model, window


@dataclass(frozen=True)
class OffsetSettings:
    kind: Literal["offset"] = "offset"
    window: int = 4
    scale: float = 0.5


@dataclass(frozen=True)
class Offset(Adapter):
    """Moves the last bias by a learned offset."""

    settings: OffsetSettings

    def adapt(self, current: Adapted, window: Transitions) -> Adapted:
        *others, last = self.model.prior
        return Adapted((*others, last + self.settings.scale * self.parts["offset"][0]))


@dataclass(frozen=True)
class OffsetObjective(Objective):
    settings: OffsetSettings

    def initial(self, generator: torch.Generator) -> Mapping[str, Part]:
        return {"offset": Part((torch.zeros_like(self.model.prior[-1]),), pace=5.0)}

    def errors(self, parts: Parts, windows: Windows) -> Tensor:
        *others, last = parts["prior"]
        moved = (*others, last + self.settings.scale * parts["offset"][0])
        return squared_error(moved, windows.query_inputs.unsqueeze(1), windows.query_targets.unsqueeze(1))

    def loss(self, parts: Parts, windows: Windows, generator: torch.Generator) -> Tensor:
        return self.errors(parts, windows).mean()


@pytest.fixture
def offset() -> Iterator[OffsetSettings]:
    factory.register(Kind(OffsetSettings, Offset, OffsetObjective, needs=("offset",)))
    yield OffsetSettings(scale=0.25)
    del KINDS["offset"]


def trained(settings: OffsetSettings) -> Checkpoint:
    data = dataset.split(episodes(np.random.default_rng(1)), 0.2, np.random.default_rng(2))
    shape = model(np.random.default_rng(0))
    fit = FitSettings(steps=6, batch=8, validate_every=3)
    fitted, parts = train(shape, Job(*data, seed=3), factory.objective(settings, shape), 5, fit)
    return Checkpoint("toy", "offset", 0.1, fitted, settings, parts, {})


def test_a_kind_from_outside_is_trained_saved_loaded_and_adapts(tmp_path: Path, offset: OffsetSettings) -> None:
    path = tmp_path / "toy-offset.safetensors"
    saved = trained(offset)
    assert float(saved.parts["offset"][0].abs().max()) > 0
    checkpoint.save(saved, path)
    loaded = checkpoint.load(path)
    assert loaded.adapter == offset
    adapter = factory.make(loaded.adapter, loaded.model, loaded.parts)
    found = adapter.adapt(adapter.initial(), window(np.random.default_rng(4)))
    assert torch.equal(found.weights[-1], saved.model.prior[-1] + 0.25 * saved.parts["offset"][0])


def test_a_checkpoint_of_a_kind_that_nobody_registered_names_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "toy-offset.safetensors"
    checkpoint.save(trained_as_nobody(), path)
    with pytest.raises(CheckpointError, match="adapter.kind: expected one of fixed, finetune, .*, got offset"):
        checkpoint.load(path)


def trained_as_nobody() -> Checkpoint:
    return Checkpoint("toy", "offset", 0.1, model(np.random.default_rng(0)), OffsetSettings(), {}, {})


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="FixedSettings: kind: expected a new one, got fixed, which is registered"):
        factory.register(Kind(FixedSettings, KINDS["fixed"].adapter, KINDS["fixed"].objective))


def test_the_contract_tests_know_every_kind() -> None:
    assert {settings.kind for settings in every.ALL} == set(KINDS)


def test_what_every_kind_needs_is_what_its_objective_learns() -> None:
    for settings in every.ALL:
        shape, parts = every.subject(settings)
        assert set(KINDS[settings.kind].needs) <= set(parts)
        factory.check(settings, shape, parts)
