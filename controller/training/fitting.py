"""Fit one recipe of an experiment: its data, its objective, its checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from controller.courses.goals import GOALS, GoalFamily, judged
from controller.settings.robots import spec
from controller.training.settings import ExperimentSettings
from dynamics import checkpoint, factory
from dynamics.adapters.context import BeliefSettings
from dynamics.checkpoint import Checkpoint
from dynamics.model import Model
from dynamics.network import Parts
from dynamics.state_space import StateSpace, from_names
from dynamics.training import dataset, fit, recipes
from dynamics.training.dataset import Episodes
from dynamics.training.recipes import Job
from hardware import mirror
from hardware.spec import RobotSpec
from sim.perturbations import channels

CHANGE_SHARE = 0.3
"""Share of the episodes whose hidden goal changes on the way."""
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


def relabel(episodes: Episodes, space: StateSpace, family: GoalFamily, period: float, seed: list[int]) -> Episodes:
    """Append what is judged and its reward for drawn goals to every state, the goals to what an informed model is told.

    Hidden goals take no new simulation, for a reward does not change what happened: every recorded episode gets a goal
    of its own. They are of a state vector (S,) without reward, a state every period [s].

    Returns:
        Episodes with states (episodes, T + 1, S + 3) and conditions (episodes, T, C + 1).
    """
    rng = np.random.default_rng(seed)
    count, ticks = episodes.actions.shape[:2]
    first, later = family.draw(rng, count), family.draw(rng, count)
    changes = np.where(rng.random(count) < CHANGE_SHARE, rng.uniform(0.2, 0.8, count) * ticks, ticks)
    goals = np.where(np.arange(ticks) < changes[:, None], first[:, None], later[:, None])
    motion = np.zeros((count, ticks + 1, 2))
    moved = space.difference(episodes.states[:, 1:], episodes.states[:, :-1]) / period
    motion[:, 1:] = moved[..., [space.pose[0], space.pose[2]]]
    rewards = np.zeros((count, ticks + 1, 1))
    rewards[:, 1:, 0] = family.worth(goals, motion[:, :-1, 0], motion[:, :-1, 1])
    return replace(
        episodes,
        states=np.concatenate([episodes.states, motion, rewards], axis=-1),
        conditions=np.concatenate([episodes.conditions, goals[..., None]], axis=-1),
    )


def emphasise(model: Model, weight: float) -> Model:
    """Return an untrained model to whose training an error of the reward counts `weight` times what others do.

    One channel of many decides what a planner does, and a plain mean over the channels hardly sees it. The weight is a
    matter of scale: what counts as a deviation of the reward becomes smaller.
    """
    std = model.increments.std.copy()
    std[model.space.signals] /= np.sqrt(weight)
    return replace(model, increments=replace(model.increments, std=std))


def _splits(settings: ExperimentSettings, recorded: Episodes) -> tuple[Episodes, Episodes]:
    """Return episodes to learn from, once for every goal, and others for early stopping."""
    seed, draws = [settings.seed, 1], range(settings.goals_per_episode if settings.goal else 1)
    labels = [labelled(settings, recorded, draw) for draw in draws]
    parts = [dataset.split(episodes, settings.validation, np.random.default_rng(seed)) for episodes in labels]
    training = dataset.concatenate([training for training, _ in parts])
    if settings.mirror:
        training = dataset.concatenate([training, mirrored(spec(settings.robot), training)])
    return training, parts[0][1]


def mirrored(robot: RobotSpec, episodes: Episodes) -> Episodes:
    """Return the same episodes of a symmetric robot, left and right exchanged."""
    states, actions, told = mirror.of_states(robot), mirror.of_actions(robot), mirror.of_conditions(robot)
    return replace(
        episodes,
        states=states(episodes.states),
        actions=actions(episodes.actions),
        conditions=told(episodes.conditions),
    )


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
    learned: Parts = {}
    if recipe.begins is not None:
        begun = checkpoint.load(settings.model_file(out, recipe.begins))
        untrained, learned = begun.model, begun.parts
    objective = factory.objective(adapter, untrained)
    model, parts = recipes.train(untrained, job, objective, recipe.query, recipe.fit, learned)
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
