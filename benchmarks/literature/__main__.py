"""The literature's experiments with our recipes, beside the published figures.

    python -m benchmarks.literature run --experiments E1 E2 --models runs/train-half-cheetah --out runs/literature
    python -m benchmarks.literature report --out runs/literature
    python -m benchmarks.literature foresee --models runs/train-half-cheetah    # how far ahead a model sees

Models are trained before, `limber train --config configs/experiments/literature/half-cheetah.yaml`; several folders are
several training seeds. Every run is kept as soon as it is over, so `run` goes on where it was left, and `--minutes`
bounds how long it takes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.literature.cells import Cell, settings_of, work
from benchmarks.literature.experiments import EXPERIMENTS
from benchmarks.literature.foresight import foresights
from benchmarks.literature.report import report
from controller.jobs.study import Store, timed
from controller.settings.layers import ConfigError, nearest


@dataclass(frozen=True)
class Run:
    """Drive runs that are still to do."""

    models: tuple[str, ...]
    """Folders of trained models, one a training seed."""
    experiments: tuple[str, ...] = ("E1", "E2")
    recipes: tuple[str, ...] = (
        *("mb", "mb_de", "rls", "ensemble", "grbal", "rebal", "snail", "pearl", "belief"),
        *("rls_3", "rebal_3", "pearl_3", "belief_3", "informed"),
    )
    """Those that a folder has no model of are left out; `oracle` is the true simulator as model."""
    runs: int = 1
    """Of each condition, with draws and seeds of their own."""
    first: int = 0
    """Number of the first run: others than those that something was chosen on."""
    seconds: float = 50.0
    """Of a run; 50 s are the 1000 steps of E1 to E3."""
    set: tuple[str, ...] = ()
    """Override settings of the runs, for example planner.candidates=400."""
    minutes: float = float("inf")
    """No run begins after this time."""
    out: Path = Path("runs/literature")


@dataclass(frozen=True)
class Report:
    """Print what there is."""

    out: Path = Path("runs/literature")


@dataclass(frozen=True)
class Foresee:
    """Print how well the model that drove each round of a training foretold where a body gets to, and how it lies."""

    models: tuple[str, ...]
    """Folders of trained models, with their rounds."""
    steps: int = 20
    """Of a roll-out: how far a plan looks ahead."""


def cells(asked: Run) -> Iterator[Cell]:
    """Return what is asked for, in an order in which every recipe has its first runs soon."""
    for number in range(asked.first, asked.first + asked.runs):
        for models in asked.models:
            for name in asked.experiments:
                for condition in EXPERIMENTS[name].conditions:
                    for recipe in asked.recipes:
                        cell = Cell(name, condition, recipe, models, number, asked.seconds, asked.set)
                        if any(Path(models).glob(f"*-{cell.learned}.safetensors")):
                            yield cell


def wanted(asked: Run) -> list[Cell]:
    """Return what is asked for; an experiment, a folder of models or settings that cannot be end in one line."""
    for name in asked.experiments:
        if name not in EXPERIMENTS:
            raise SystemExit(f"--experiments {name}: {nearest(name, EXPERIMENTS)}")
    if asked.runs < 1 or asked.first < 0:
        raise SystemExit(f"expected --runs of 1 or more, --first of 0 or more, got {asked.runs} and {asked.first}")
    if not asked.seconds > 0:
        raise SystemExit(f"--seconds: expected a positive number, got {asked.seconds}")
    found = list(cells(asked))
    for folder in asked.models:
        if not any(cell.models == folder for cell in found):
            raise SystemExit(f"{folder}: expected a trained model of {', '.join(asked.recipes)}, found none")
    first = {(cell.experiment, cell.condition, cell.recipe): cell for cell in reversed(found)}
    try:
        for cell in first.values():
            settings_of(cell)
    except ConfigError as error:
        raise SystemExit(f"{cell.experiment}, {cell.condition}: {error}") from error
    return found


def main(asked: Run | Report | Foresee) -> None:
    """Drive runs, print the tables of those that were, or how far ahead models saw."""
    if isinstance(asked, Foresee):
        for folder in asked.models:
            print(f"{folder}: {asked.steps} steps, foretold by a model that had not seen the round: ways [m], and the")
            print("leaning of bodies that lie [rad]; correlation, missed (rms), spread")
            print("round  way of the round   ways                 leaning")
            try:
                rounds = list(foresights(Path(folder), asked.steps))
            except ValueError as error:  # a checkpoint, data or a number of steps that cannot be
                raise SystemExit(str(error)) from error
            if not rounds:
                raise SystemExit(
                    f"{folder}: expected a folder of `limber train` with its rounds, round-0 and on, found none"
                )
            for found in rounds:
                told = ["{:5.2f}  {:5.2f}  {:5.2f}".format(*each) for each in (found.ways, found.leaning) if each]
                print(f"{found.number:5d}  {found.way:16.2f}  {'   '.join(told)}")
        return
    store, record = Store(asked.out / "runs"), asked.out / "cells.jsonl"
    if isinstance(asked, Run):
        end = time.monotonic() + 60.0 * asked.minutes
        for cell in store.missing(wanted(asked)):
            if time.monotonic() > end:
                break
            result = timed(work, cell)
            store.put(cell, result)
            with record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(cell)) + "\n")
            print(f"{cell.slug}: {1000 * sum(result['rewards']) / len(result['rewards']):.0f}", flush=True)
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    known = [Cell(**{**values, "set": tuple(values["set"])}) for values in map(json.loads, lines)]
    print(report(store.all(known)))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    run = Annotated[Run, tyro.conf.subcommand("run")]
    tables = Annotated[Report, tyro.conf.subcommand("report")]
    foresee = Annotated[Foresee, tyro.conf.subcommand("foresee")]
    main(tyro.cli(run | tables | foresee))
