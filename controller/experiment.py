"""Collect, fit, evaluate: from nothing to trained checkpoints with their held-out errors.

    random episodes  ->  (fit grbal -> episodes of its own runs) x rounds  ->  fit every recipe  ->  held-out errors

Every stage leaves a whole file and is skipped when that file is there, so a killed experiment goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from controller import shipped
from controller.collect import CollectSettings, Split, gather
from controller.config import RunSettings
from controller.controller import ControlSettings
from controller.evaluate import evaluate
from controller.goals import GOALS, judged
from controller.on_policy import OnPolicySettings, gather_on_policy
from controller.relabel import emphasise, relabel
from controller.strict import nearest
from controller.workers import pool
from dynamics import checkpoint, dataset, fit, recipes
from dynamics.adapters.factory import AdapterSettings
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.adapters.informed import InformedSettings
from dynamics.checkpoint import Checkpoint
from dynamics.dataset import Episodes
from dynamics.fit import FitSettings
from dynamics.network import Weights
from dynamics.recipes import Job, NetworkSettings
from dynamics.state_space import Channel, StateSpace
from hardware.robot import RobotSpec
from hardware.sim_robot import ROACH

RECIPES = ("mb", "mb_de", "grbal", "informed")
Trained = Literal["mb", "grbal", "informed"]
RECIPES_TO_FIT: tuple[Trained, ...] = ("grbal", "mb", "informed")
"""The longest first."""
SPLITS: tuple[Split, ...] = ("train", "heldout")
_POLL = 0.5
"""Time between two looks at the progress of the fits [s]."""


@dataclass(frozen=True)
class ExperimentSettings:
    """One training run of all recipes on the same data.

    Attributes:
        robot: name of the simulated robot.
        rate_hz: control rate; a model's step is one tick.
        goal: family of hidden goals whose reward the models predict too; None for paths.
        reward_weight: how many times as much as that of another channel an error of the reward counts.
        goals_per_episode: how often each recorded episode is used, with a goal of its own every time.
        seed: of everything.
        query: transitions K after a window on which adaptation is judged; the window M is the adapter's.
        validation: share of the training episodes that is held out for early stopping.
        collect: how much data with random actions.
        on_policy: how much data of the planner's own runs.
        network: size of all networks.
        gradient: how `grbal` adapts.
        finetune: how `mb_de` goes on training.
        plain_fit: length and speed of training `mb` and `informed`.
        meta_fit: length and speed of meta-training `grbal`.
        round_fit: length and speed of meta-training the model that gathers on-policy data.
        workers: processes that train.
    """

    robot: str = "roach"
    rate_hz: float = 20.0
    goal: str | None = None
    reward_weight: float = 8.0
    goals_per_episode: int = 1
    seed: int = 0
    query: int = 16
    validation: float = 0.06
    collect: CollectSettings = field(default_factory=CollectSettings)
    on_policy: OnPolicySettings = field(default_factory=OnPolicySettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    gradient: GradientSettings = field(default_factory=GradientSettings)
    finetune: FinetuneSettings = field(default_factory=FinetuneSettings)
    plain_fit: FitSettings = field(default_factory=lambda: FitSettings(steps=30_000, batch=512))
    meta_fit: FitSettings = field(default_factory=lambda: FitSettings(steps=12_000, batch=64))
    round_fit: FitSettings = field(default_factory=lambda: FitSettings(steps=2_000, batch=64))
    workers: int = 2

    def __post_init__(self) -> None:
        if self.robot != ROACH.name:
            raise ValueError(f"robot: expected one of {ROACH.name}, got {self.robot!r}")
        if self.goal is not None and self.goal not in GOALS:
            raise ValueError(f"goal: unknown goal '{self.goal}'; {nearest(self.goal, GOALS)}")
        if self.goal is not None and self.on_policy.rounds:
            raise ValueError(f"on_policy.rounds: expected 0 with a hidden goal, got {self.on_policy.rounds}")
        if not self.reward_weight > 0:
            raise ValueError(f"reward_weight: expected a positive number, got {self.reward_weight}")
        for name in ("query", "workers", "goals_per_episode"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not 0 < self.validation < 1:
            raise ValueError(f"validation: expected a share in (0, 1), got {self.validation}")
        longest = round(self.collect.seconds * self.rate_hz)
        if self.gradient.window + self.query > longest:
            raise ValueError(f"window + query: expected at most one episode of {longest} ticks")


def run(settings: ExperimentSettings, out: Path, console: Console) -> dict[str, Any]:
    """Run an experiment, or what is left of it, and return the held-out errors.

    Args:
        settings: what to do.
        out: folder of data, fits in progress and checkpoints; created.
        console: where progress is shown.
    """
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "fits").mkdir(exist_ok=True)
    started = time.monotonic()
    for split in SPLITS:
        _collect(settings, out, split, console)
    for number in range(settings.on_policy.rounds):
        _on_policy(settings, out, number, console)
    _fit_all(settings, out, RECIPES_TO_FIT, console)
    checkpoints = {name: checkpoint.load(checkpoint_path(settings, out, name)) for name in RECIPES}
    heldout = labelled(settings, dataset.load(out / "data" / "heldout.npz"), 1)
    report = evaluate(checkpoints, heldout, settings.query, settings.seed)
    report["minutes"] = (time.monotonic() - started) / 60
    (out / "evaluation.json").write_text(json.dumps(report, indent=2))
    return report


def checkpoint_path(settings: ExperimentSettings, out: Path, recipe: str) -> Path:
    """Return where the checkpoint of a recipe is written."""
    rate = None if settings.rate_hz == ROACH.control_hz else settings.rate_hz
    return out / shipped.checkpoint_name(settings.robot, recipe, rate, settings.goal)


def load_training(out: Path) -> Episodes:
    """Read the training episodes: random ones, then those of every on-policy round so far."""
    files = [out / "data" / "train.npz", *sorted((out / "data").glob("on-policy-*.npz"))]
    return dataset.concatenate([dataset.load(file) for file in files])


def labelled(settings: ExperimentSettings, episodes: Episodes, draw: int) -> Episodes:
    """Return recorded episodes with rewards for the goals of one draw; without a goal as they are."""
    if settings.goal is None:
        return episodes
    seed = [settings.seed, 3, draw]
    return relabel(episodes, state_space(ROACH), GOALS[settings.goal], 1.0 / settings.rate_hz, seed)


def _splits(settings: ExperimentSettings, recorded: Episodes) -> tuple[Episodes, Episodes]:
    """Return episodes to learn from, once for every goal, and others for early stopping."""
    seed, draws = [settings.seed, 1], range(settings.goals_per_episode if settings.goal else 1)
    labels = [labelled(settings, recorded, draw) for draw in draws]
    parts = [dataset.split(episodes, settings.validation, np.random.default_rng(seed)) for episodes in labels]
    return dataset.concatenate([training for training, _ in parts]), parts[0][1]


def _collect(settings: ExperimentSettings, out: Path, split: Split, console: Console) -> None:
    path = out / "data" / f"{split}.npz"
    if path.exists():
        return
    total = settings.collect.episodes if split == "train" else settings.collect.heldout_episodes
    with _progress(console) as progress:
        bar = progress.add_task(f"collect {split}", total=total, note="")
        episodes = gather(
            ROACH,
            settings.collect,
            settings.rate_hz,
            settings.seed,
            split,
            lambda done: progress.update(bar, completed=done),
        )
    dataset.save(episodes, path)


def _on_policy(settings: ExperimentSettings, out: Path, number: int, console: Console) -> None:
    """Fit grbal to the data so far, and let it gather more."""
    path = out / "data" / f"on-policy-{number}.npz"
    if path.exists():
        return
    folder = out / f"round-{number}"
    (folder / "fits").mkdir(parents=True, exist_ok=True)
    if not (folder / "data").exists():
        (folder / "data").symlink_to(Path("..") / "data")
    _fit_all(replace(settings, meta_fit=settings.round_fit), folder, ("grbal",), console)
    control = ControlSettings(rate_hz=settings.rate_hz)
    runs = RunSettings(robot=settings.robot, control=control, seconds=settings.collect.seconds + 2 / settings.rate_hz)
    with _progress(console) as progress:
        bar = progress.add_task(f"on-policy {number}", total=settings.on_policy.episodes, note="")
        episodes = gather_on_policy(
            runs,
            settings.on_policy,
            checkpoint_path(settings, folder, "grbal"),
            np.random.SeedSequence([settings.seed, 2, number]),
            settings.collect.workers,
            lambda done: progress.update(bar, completed=done),
        )
    dataset.save(episodes, path)


def _fit_all(settings: ExperimentSettings, out: Path, names: tuple[Trained, ...], console: Console) -> None:
    """Fit what is not there yet, in as many processes as allowed."""
    missing = [name for name in names if not checkpoint_path(settings, out, name).exists()]
    with _progress(console) as progress, pool(settings.workers) as executor:
        bars = {name: progress.add_task(f"fit {name}", total=_steps(settings, name), note="waits") for name in missing}
        futures = [executor.submit(fit_recipe, settings, out, name) for name in missing]
        while not all(future.done() for future in futures):
            _show(out, bars, progress)
            time.sleep(_POLL)
        _raise_first(futures)
        _show(out, bars, progress)


def _steps(settings: ExperimentSettings, recipe: Trained) -> int:
    return settings.meta_fit.steps if recipe == "grbal" else settings.plain_fit.steps


def _raise_first(futures: list[Future[None]]) -> None:
    for future in futures:
        future.result()


def _show(out: Path, bars: dict[Trained, Any], progress: Progress) -> None:
    for name, bar in bars.items():
        path = out / "fits" / f"{name}.jsonl"
        if path.exists() and (lines := path.read_text().splitlines()):
            newest = json.loads(lines[-1])
            note = f"train {newest['train_loss']:.4f} held out {newest['best_loss']:.4f}"
            progress.update(bar, completed=newest["step"], note=note)


def fit_recipe(settings: ExperimentSettings, out: Path, recipe: Trained) -> None:
    """Train one recipe and write its checkpoint (and that of `mb_de`, which shares the plain model)."""
    training, validation = _splits(settings, load_training(out))
    log = out / "fits" / f"{recipe}.jsonl"
    resume_from = out / "fits" / f"{recipe}.state"
    if not resume_from.exists():
        log.unlink(missing_ok=True)

    def report(progress: fit.Progress) -> None:
        with log.open("a") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    job = Job(training, validation, settings.seed, resume_from, report)
    names = tuple(action.name for action in ROACH.actions)
    told = recipe == "informed"
    space = state_space(judged(ROACH, settings.goal))
    model = recipes.untrained(space, names, training, settings.network, settings.seed, told=told)
    model = emphasise(model, settings.reward_weight)
    rates: Weights | None = None
    if recipe == "grbal":
        model, rates = recipes.train_gradient(model, job, settings.gradient, settings.query, settings.meta_fit)
    else:
        model = recipes.train_plain(model, job, settings.plain_fit)
    adapters: dict[Trained, dict[str, AdapterSettings]] = {
        "grbal": {"grbal": settings.gradient},
        "mb": {"mb_de": settings.finetune, "mb": FixedSettings()},
        "informed": {"informed": InformedSettings()},
    }
    for name, adapter in adapters[recipe].items():
        path = checkpoint_path(settings, out, name)
        period = 1 / settings.rate_hz
        checkpoint.save(Checkpoint(settings.robot, name, period, model, adapter, rates, _provenance(settings)), path)


def state_space(spec: RobotSpec) -> StateSpace:
    """Return the robot's state vector as the learning side sees it."""
    return StateSpace(tuple(Channel(channel.name, channel.unit, channel.kind) for channel in spec.channels))


def _provenance(settings: ExperimentSettings) -> dict[str, Any]:
    return {
        "experiment": json.loads(json.dumps(asdict(settings))),
        "versions": {name: version(name) for name in ("torch", "mujoco", "numpy")},
    }


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description:16}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=console
    ) as progress:
        yield progress
