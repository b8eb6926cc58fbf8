"""Fit one recipe of an experiment: its data, its objective, its checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from controller.courses.goals import GOALS, judged
from controller.settings.robots import spec
from controller.training.relabel import emphasise, relabel
from controller.training.settings import ExperimentSettings
from dynamics import checkpoint, factory
from dynamics.adapters.context import BeliefSettings
from dynamics.checkpoint import Checkpoint
from dynamics.state_space import StateSpace, from_names
from dynamics.training import dataset, fit, recipes
from dynamics.training.dataset import Episodes
from dynamics.training.recipes import Job
from hardware.spec import RobotSpec
from sim.perturbations import channels

_MIXTURE = "mixture"


def load_training(out: Path, without: str | None = None) -> Episodes:
    """Read a folder's episodes, random and on-policy; without a family, and with it without mixtures."""
    files = [out / "data" / "train.npz", *sorted((out / "data").glob("on-policy-*.npz"))]
    episodes = dataset.concatenate([dataset.load(file) for file in files])
    if without is None:
        return episodes
    return episodes.select(np.flatnonzero(~np.isin(episodes.families, [without, _MIXTURE])))


def labelled(settings: ExperimentSettings, episodes: Episodes, draw: int) -> Episodes:
    """Return recorded episodes with rewards for the goals of one draw; without a goal as they are."""
    if settings.goal is None:
        return episodes
    seed = [settings.seed, 3, draw]
    return relabel(episodes, state_space(spec(settings.robot)), GOALS[settings.goal], 1.0 / settings.rate_hz, seed)


def _splits(settings: ExperimentSettings, recorded: Episodes) -> tuple[Episodes, Episodes]:
    """Return episodes to learn from, once for every goal, and others for early stopping."""
    seed, draws = [settings.seed, 1], range(settings.goals_per_episode if settings.goal else 1)
    labels = [labelled(settings, recorded, draw) for draw in draws]
    parts = [dataset.split(episodes, settings.validation, np.random.default_rng(seed)) for episodes in labels]
    return dataset.concatenate([training for training, _ in parts]), parts[0][1]


def fit_recipe(settings: ExperimentSettings, out: Path, name: str) -> None:
    """Train one recipe and write its checkpoint, and those of the recipes that share it."""
    recipe = settings.recipes[name]
    training, validation = _splits(settings, load_training(out, settings.without))
    log, resume_from = out / "fits" / f"{name}.jsonl", out / "fits" / f"{name}.state"
    if not resume_from.exists():
        log.unlink(missing_ok=True)

    def report(progress: fit.Progress) -> None:
        with log.open("a") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    job = Job(training, validation, settings.seed, resume_from, report)
    robot, adapter = spec(settings.robot), recipe.adapter
    if isinstance(adapter, BeliefSettings):  # it names what it believes in
        adapter = replace(adapter, channels=channels(robot.anatomy))
    actions = tuple(action.name for action in robot.actions)
    space = state_space(judged(robot, settings.goal))
    told = factory.KINDS[adapter.kind].told
    untrained = recipes.untrained(space, actions, training, recipe.network, settings.seed, told=told)
    untrained = emphasise(untrained, settings.reward_weight)
    model, parts = recipes.train(untrained, job, factory.objective(adapter, untrained), recipe.query, recipe.fit)
    sharing = {other: entry.adapter for other, entry in settings.recipes.items() if entry.shares == name}
    for written, kind in {**sharing, name: adapter}.items():
        made = Checkpoint(robot.name, written, 1 / settings.rate_hz, model, kind, parts, _provenance(settings))
        checkpoint.save(made, settings.model_file(out, written))


def lend_plain(settings: ExperimentSettings, out: Path) -> None:
    """Add to the checkpoints of recipes with a plain model the weights of that model."""
    for name, recipe in settings.recipes.items():
        path = settings.model_file(out, name)
        if recipe.plain is None or "plain" in (fitted := checkpoint.load(path)).parts:
            continue
        parts = {**fitted.parts, "plain": checkpoint.load(settings.model_file(out, recipe.plain)).model.prior}
        checkpoint.save(replace(fitted, parts=parts, provenance=_provenance(settings)), path)


def state_space(spec: RobotSpec) -> StateSpace:
    """Return the robot's state vector as the learning side sees it."""
    return from_names([(channel.name, channel.unit, channel.kind) for channel in spec.channels])


def _provenance(settings: ExperimentSettings) -> dict[str, Any]:
    experiment = json.loads(json.dumps(asdict(settings)))
    return {"experiment": experiment, "versions": {name: version(name) for name in ("torch", "mujoco", "numpy")}}
