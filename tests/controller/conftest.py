"""Models that were never trained, for tests of everything around them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from controller.courses.goals import GOALS, judged
from controller.settings import assets, robots
from dynamics import checkpoint
from dynamics.adapters.base import AdapterSettings
from dynamics.adapters.context import AttentionSettings, initial_encoder
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.checkpoint import Checkpoint
from dynamics.model import Model, Normalizer
from dynamics.network import Parts, initial_weights
from dynamics.state_space import Channel, StateSpace
from sim.perturbations import channels
from tests.hardware.six_legs import ROACH
from tests.sim.anatomies import ANATOMIES

ADAPTERS: dict[str, AdapterSettings] = {
    "mb": FixedSettings(),
    "mb_de": FinetuneSettings(),
    "grbal": GradientSettings(window=8, steps=1),
    "snail": AttentionSettings(window=8, hidden=8),
    "informed": InformedSettings(),
}


def scaling(size: int) -> Normalizer:
    return Normalizer(np.zeros(size), np.full(size, 1.0))


def untrained(recipe: str, robot: str = ROACH.name, period: float = 0.05, goal: str | None = None) -> Checkpoint:
    """A small model of a robot with random weights; it predicts the reward of a goal, where one is named."""
    spec = robots.spec(robot)
    space = StateSpace(tuple(Channel(c.name, c.unit, c.kind) for c in judged(spec, goal).channels))
    actions = tuple(action.name for action in spec.actions)
    told = len(channels(ANATOMIES[robot])) + (goal is not None) if recipe == "informed" else 0
    width = space.num_features + len(actions)
    prior = initial_weights((width + told, 16, space.size), 1, torch.Generator().manual_seed(0))
    model = Model(
        space,
        actions,
        inputs=scaling(width),
        increments=Normalizer(np.zeros(space.size), np.full(space.size, 0.01)),
        condition=scaling(told) if told else None,
        prior=prior,
    )
    return Checkpoint(robot, recipe, period, model, ADAPTERS[recipe], _parts(recipe, model), {})


def _parts(recipe: str, model: Model) -> Parts:
    settings = ADAPTERS[recipe]
    if recipe == "grbal":
        return {"rates": tuple(torch.full_like(w, 0.01) for w in model.prior)}
    if not isinstance(settings, AttentionSettings):
        return {}
    generator = torch.Generator().manual_seed(1)
    entry = 0.1 * torch.randn(1, settings.latent, model.prior[0].shape[-1], generator=generator)
    return {"encoder": initial_encoder(settings, model, generator), "entry": (entry,)}


@pytest.fixture
def untrained_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put untrained models in the place of those that come along; returns their folder."""
    root = tmp_path / "shipped"
    shutil.copytree(Path(__file__).parents[2] / "configs", root / "configs")
    (root / "models").mkdir()
    for walker in (Path(__file__).parents[2] / "models").glob("*-walker.[oy]*"):
        shutil.copy(walker, root / "models")
    monkeypatch.setattr(assets, "_ROOT", root)
    for recipe in ADAPTERS:
        checkpoint.save(untrained(recipe), assets.checkpoint("roach", recipe))
        checkpoint.save(untrained(recipe, period=0.02), assets.checkpoint("roach", recipe, 50.0))
        for goal in GOALS:
            checkpoint.save(untrained(recipe, goal=goal), assets.checkpoint("roach", recipe, goal=goal))
    return root / "models"
