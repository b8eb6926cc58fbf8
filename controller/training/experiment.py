"""Collect, fit, evaluate: from nothing to trained checkpoints with their held-out errors.

    random episodes -> (fit one recipe -> episodes of its own runs) x rounds -> fit every recipe -> held-out errors

Every stage leaves a whole file and is skipped when that file is there, so a killed experiment goes on where it was.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from controller.config import RunSettings
from controller.jobs.executors import pool
from controller.jobs.study import bars, claimed, console
from controller.settings import robots
from controller.settings.layers import ConfigError, Layer, read_yaml, resolve, to_yaml
from controller.training.evaluate import evaluate, table
from controller.training.fitting import fit_recipe, labelled, lend_plain
from controller.training.on_policy_episodes import gather_on_policy
from controller.training.random_episodes import Shown, gather
from controller.training.settings import ExperimentSettings
from dynamics import checkpoint
from dynamics.training import dataset
from sim.robots.ranges import SPLITS, Split

_POLL = 0.5
"""Time between two looks at the progress of the fits [s]."""


def execute(config: Path, overrides: Sequence[Layer], out: Path | None, *, resume: bool) -> Mapping[str, object]:
    """Run an experiment, or with `resume` what is left of it, and return its results. Raises ConfigError."""
    settings = resolve(ExperimentSettings, [read_yaml(config), *overrides])
    folder = out if out is not None else Path("runs") / f"train-{config.stem}"
    if any("\ud800" <= letter <= "\udfff" for letter in str(folder)):  # safetensors would find that out at the end
        raise ConfigError(f"command line: --out: expected a name in UTF-8, got {str(folder)!r}")
    stderr = console()
    with claimed(folder, "an experiment", to_yaml(settings), resume=resume):
        results = run(settings, folder, stderr)
    stderr.print(table(results))
    return results


def run(settings: ExperimentSettings, out: Path, console: Console) -> dict[str, Any]:
    """Run what is left of an experiment in a folder, which is made, and return the held-out errors."""
    (out / "data").mkdir(parents=True, exist_ok=True)
    (out / "fits").mkdir(exist_ok=True)
    started = time.monotonic()
    for split in SPLITS:
        _collect(settings, out, split, console)
    for number in range(settings.on_policy.rounds):
        _on_policy(settings, out, number, console)
    for later in (False, True):
        names = tuple(name for name in settings.fitted if (settings.recipes[name].begins is not None) == later)
        _fit_all(settings, out, names, console)
    lend_plain(settings, out)
    checkpoints = {name: checkpoint.load(settings.model_file(out, name)) for name in settings.recipes}
    heldout = labelled(settings, dataset.load(out / "data" / "heldout.npz"), 1)
    report = evaluate(checkpoints, heldout, settings.support, settings.query, settings.seed, settings.workers)
    report["minutes"] = (time.monotonic() - started) / 60
    (out / "evaluation.json").write_text(json.dumps(report, indent=2))
    return report


def _collect(settings: ExperimentSettings, out: Path, split: Split, console: Console) -> None:
    path = out / "data" / f"{split}.npz"
    if path.exists():
        return
    total = settings.collect.episodes if split == "train" else settings.collect.heldout_episodes
    with _shown(console, f"collect {split}", total) as shown:
        spec = robots.spec(settings.robot)
        episodes = gather(spec, settings.collect, settings.rate_hz, settings.seed, split, shown)
    dataset.save(episodes, path)


@contextlib.contextmanager
def _shown(console: Console, what: str, total: int) -> Iterator[Shown]:
    with bars(console) as progress:
        bar = progress.add_task(what, total=total, note="")
        yield partial(progress.track, total=total, task_id=bar)


def _on_policy(settings: ExperimentSettings, out: Path, number: int, console: Console) -> None:
    """Fit a recipe to the data so far, and let it gather more."""
    path = out / "data" / f"on-policy-{number}.npz"
    if path.exists():
        return
    folder, driver = out / f"round-{number}", settings.on_policy.driver
    (folder / "fits").mkdir(parents=True, exist_ok=True)
    if not (folder / "data").exists():
        (folder / "data").symlink_to(Path("..") / "data")
    quick = replace(settings.recipes[driver], plain=None, begins=None).shortened(settings.on_policy.fit_steps)
    _fit_all(replace(settings, recipes={driver: quick}), folder, (driver,), console)
    # Nobody gives up: what comes before a fall is to be learned as well.
    control: dict[str, object] = {"stuck": 0, "stop_on": []}
    control |= {"rate_hz": settings.rate_hz} if settings.on_policy.like is None else {}
    given: dict[str, object] = {"robot": settings.robot, "adapter": driver, "control": control}
    given |= {"checkpoint": str(settings.model_file(folder, driver))}
    given |= {"seconds": settings.collect.seconds + 2 / settings.rate_hz}
    base = [] if settings.on_policy.like is None else [read_yaml(Path(settings.on_policy.like))]
    runs = resolve(RunSettings, [*base, Layer("on_policy", given)])
    families = settings.collect.families or robots.spec(settings.robot).anatomy.families
    seed = np.random.SeedSequence([settings.seed, 2, number])
    with _shown(console, f"on-policy {number}", settings.on_policy.episodes) as shown:
        episodes = gather_on_policy(runs, settings.on_policy, families, seed, settings.collect.workers, shown)
    dataset.save(episodes, path)


def _fit_all(settings: ExperimentSettings, out: Path, names: tuple[str, ...], console: Console) -> None:
    """Fit what is not there yet, in as many processes as allowed."""
    missing = [name for name in names if not settings.model_file(out, name).exists()]
    with bars(console) as progress, pool(settings.workers) as executor:
        totals = {name: settings.recipes[name].fit.steps for name in missing}
        tasks = {name: progress.add_task(f"fit {name}", total=totals[name], note="waits") for name in missing}
        futures = [executor.submit(fit_recipe, settings, out, name) for name in missing]
        while not all(future.done() for future in futures):
            _show(out, tasks, progress)
            time.sleep(_POLL)
        for future in futures:
            future.result()
        _show(out, tasks, progress)


def _show(out: Path, tasks: Mapping[str, Any], progress: Progress) -> None:
    for name, bar in tasks.items():
        path = out / "fits" / f"{name}.jsonl"
        if path.exists() and (lines := path.read_text(errors="replace").splitlines()):
            newest = _newest(lines)
            note = f"train {newest['train_loss']:.4f} held out {newest['best_loss']:.4f}"
            progress.update(bar, completed=newest["step"], note=note)


def _newest(lines: Sequence[str]) -> dict[str, float]:
    """Return the last line of a progress file that is whole: one may be being written, or was cut by a kill."""
    for line in reversed(lines):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            found = json.loads(line)
            return {name: float(found[name]) for name in ("step", "train_loss", "best_loss")}
    return {"step": 0, "train_loss": math.nan, "best_loss": math.nan}
