"""A stress suite in a folder that it can be resumed in: check, run each trial once, score, repeat the worst, report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from controller.build import build, load_model
from controller.config import RunSettings, usual
from controller.jobs import study
from controller.jobs.executors import SchedulerLost, WorkersLost, cluster, pool
from controller.jobs.study import Result, Store, bars, claimed, console
from controller.mission import Mission
from controller.runs import simulated as single
from controller.settings.layers import ConfigError, Layer, read_yaml, resolve, to_yaml
from controller.stress.report import summary, write_report
from controller.stress.settings import ORACLE, PLAIN, StressSettings, Trial
from controller.stress.standings import Measured, standings
from controller.stress.tables import tables
from controller.stress.trial import DIGITS, Kept, measure
from dynamics.files import fingerprint

ROBOT_KEYS = ("robot", "terrain", "adapter", "planner", "control")
"""What a suite takes from the settings of the robot's runs where it says nothing itself."""
_ORACLE_PRICE = 90.0
"""Time of a run with the oracle in runs with a learned model."""
_LOSSES = 3
"""Lost worker processes after which a suite gives up."""
Executors = Callable[[], AbstractContextManager[Executor]]


def execute(
    config: Path, overrides: Sequence[Layer], out: Path | None, scheduler: str | None, *, resume: bool
) -> tuple[Mapping[str, object], str]:
    """Run a suite, or what is left of it, here or on a Dask cluster; return its summary and a line for people."""
    settings = stress_settings(config, overrides)
    models = check(settings)
    folder = out if out is not None else Path("runs") / f"stress-{config.stem}"
    store, stderr = Store(folder / "trials", Kept), console()
    executors = partial(pool, settings.workers) if scheduler is None else partial(cluster, scheduler)
    with claimed(folder, "a stress suite", to_yaml(shared(settings)), resume=resume):
        check_kept(settings, store, models)
        run_all(settings, store, partial(measure, settings, models), executors, stderr)
        results = store.all(settings.trials())
        if lost := store.missing(settings.trials()):
            gone = f"{len(lost)} of them are gone, such as {lost[0].slug}; --resume runs them again"
            raise ConfigError(f"{store.folder}: expected the trials that were kept there: {gone}")
        found = standings(Measured(settings, results))
        replays = repeat_worst(settings, found.measured.results, folder)
        files = write_report(folder, found, replays)
    for table in tables(found):
        stderr.print(table)
    return summary(found) | {"files": {name: str(path) for name, path in files.items()}}, str(files["report"])


def stress_settings(config: Path, overrides: Sequence[Layer]) -> StressSettings:
    """Fill the settings of a suite: the robot's own, then the file, then the command line. Raises ConfigError."""
    given = read_yaml(config)
    named = [
        Layer(file.place, {"robot": file.values["robot"]}) for file in (given, *overrides) if "robot" in file.values
    ]
    base = usual(named)
    robot = Layer(base.place, {key: base.values[key] for key in ROBOT_KEYS if key in base.values})
    return resolve(StressSettings, [robot, given, *overrides])


def check(settings: StressSettings) -> dict[str, str]:
    """Check all that trials need; return each model's fingerprint by file name. Raises ConfigError, CheckpointError."""
    models: dict[str, str] = {}
    for index, condition in enumerate(settings.conditions):
        try:
            settings.run(Trial(condition, PLAIN, settings.first_seed))
        except ValueError as error:
            raise ConfigError(f"conditions[{index}]: {condition.name}: {error}") from error
    for adapter in settings.adapters:
        for without in sorted({condition.without or "" for condition in settings.conditions}):
            condition = next(c for c in settings.conditions if (c.without or "") == without)
            run = settings.run(Trial(condition, adapter, settings.first_seed))
            mission = Mission.of(run, fast=True)
            build(mission, load_model(mission, run.adapter))
            file = Path(str(run.checkpoint))
            models[file.name] = fingerprint(file, DIGITS)
    return models


def shared(settings: StressSettings) -> RunSettings:
    """Return what all trials have in common; conditions, adapters and seeds may be added to a suite later."""
    run = settings.run(Trial(settings.conditions[0], PLAIN, 0))
    return replace(run, perturbations=(), checkpoint=None)


def check_kept(settings: StressSettings, store: Store, models: Mapping[str, str]) -> None:
    """Refuse to mix in trials of another model or another condition, with ConfigError."""
    for trial, result in store.all(settings.trials()).items():
        run = settings.run(trial)
        file = Path(str(run.checkpoint))
        place = f"command line: --out: {store.folder} holds trials of another"
        if result.get("model") != models[file.name]:
            raise ConfigError(f"{place} {file.name}; choose another folder")
        if result.get("perturbations") != [str(perturbation) for perturbation in run.perturbations]:
            raise ConfigError(f"{place} condition {trial.condition.name!r}; choose another folder")


def run_all(
    settings: StressSettings, store: Store, work: Callable[[Trial], Result], executors: Executors, console: Console
) -> None:
    """Run the trials that are still to do; a process that dies costs the trials that were under way, no more."""
    trials = settings.trials()
    with bars(console) as progress:
        left = set(store.missing(trials))
        bar = progress.add_task("stress", total=sum(map(_price, trials)), note="")
        progress.update(bar, completed=sum(map(_price, trials)) - sum(map(_price, left)), note=_note(trials, left))

        def done(trial: Trial) -> None:
            left.remove(trial)
            progress.update(bar, advance=_price(trial), note=_note(trials, left))

        for losses in range(_LOSSES):
            try:
                with executors() as executor:
                    study.run(trials, store, work, executor, done)
                return
            except WorkersLost as lost:
                if losses == _LOSSES - 1 or isinstance(lost, SchedulerLost):
                    raise
                console.print("a worker process died; going on with new ones")


def repeat_worst(settings: StressSettings, results: Mapping[Trial, Result], folder: Path) -> dict[Trial, Path]:
    """Repeat the worst runs of each adapter but the oracle, at most one a condition; return a full report of each."""
    reports = {}
    for adapter in (name for name in settings.adapters if name != ORACLE):
        ranked = sorted((t for t in results if t.adapter == adapter), key=lambda trial: -results[trial]["cost"])
        first = {trial.condition.name: trial for trial in reversed(ranked)}
        for trial in sorted(first.values(), key=ranked.index)[: settings.worst]:
            out = folder / "worst" / trial.slug
            if not (out / "summary.json").is_file():
                shutil.rmtree(out, ignore_errors=True)  # of a repetition that was broken off
                if single.execute(settings.run(trial), fast=True, out=out, video=False).interrupted:
                    shutil.rmtree(out)
                    raise KeyboardInterrupt
            reports[trial] = out / "report.html"
    return reports


def _price(trial: Trial) -> float:
    return _ORACLE_PRICE if trial.adapter == ORACLE else 1.0


def _note(trials: Sequence[Trial], left: Collection[Trial]) -> str:
    return f"{len(trials) - len(left)} of {len(trials)} runs"
