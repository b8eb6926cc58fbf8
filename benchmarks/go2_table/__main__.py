"""The fault table of the quadruped: what may happen to it, on straight and curved courses, and who walks on how well.

    python -m benchmarks.go2_table run --robot go2-walker --seeds 3      # resumes; writes a report of what there is
    python -m benchmarks.go2_table tune --robot go2-walker --entrant PI  # random search; the best goes to tuned.yaml
    python -m benchmarks.go2_table report --robot go2-walker

Every run is the full simulation in lock-step through the usual loop: guard, servo, drive, and where states are
estimated the estimator. Figures are those of the true state. Results belong to a model, a walker and settings: where
one of them is new, its runs are done anew.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.go2_table.cells import Cell, measure
from benchmarks.go2_table.entrants import LOOPS, MAIN, PLANNED, TUNED, tuned
from benchmarks.go2_table.figures import Runs
from benchmarks.go2_table.report import write_report
from benchmarks.go2_table.rows import rows_of
from benchmarks.go2_table.tuning import cost, drawn, runs
from controller.config import run_settings
from controller.jobs import study
from controller.jobs.executors import pool
from controller.settings import yaml_text
from controller.settings.layers import Layer, read_yaml


@dataclass(frozen=True)
class Run:
    """Compute what is missing and write the report."""

    robot: str = "go2-walker"
    entrants: tuple[str, ...] = MAIN
    courses: tuple[str, ...] = ("zigzag", "straight", "figure8")
    rows: tuple[str, ...] = ()
    """Those whose name contains one of these; all when not given."""
    states: tuple[str, ...] = ("measured",)
    seeds: int = 3
    workers: int = 1
    """0 computes in this process."""
    out: Path = Path("runs/go2-table")


@dataclass(frozen=True)
class Report(Run):
    """Compute nothing, write the report of what there is."""


@dataclass(frozen=True)
class Tune:
    """Try settings drawn at random, and keep the best."""

    entrant: str
    """PI, P, or the recipe whose planner's settings all who plan will share."""
    robot: str = "go2-walker"
    draws: int = 24
    seeds: int = 1
    workers: int = 1
    out: Path = Path("runs/go2-table")


def cells(arguments: Run, states: str) -> list[Cell]:
    """Return the runs that are asked for of entrants that there are models of, one seed after the other."""
    taking = [tuned(arguments.robot, name) for name in arguments.entrants]
    builds = {entrant: entrant.build for entrant in taking if entrant.ready}
    return [
        Cell(entrant, states, course, row.name, seed, build)
        for seed in range(arguments.seeds)
        for course in arguments.courses
        for row in rows_of(course)
        if not arguments.rows or any(part in row.name for part in arguments.rows)
        for entrant, build in builds.items()
    ]


def compute(arguments: Run | Tune, todo: list[Cell]) -> study.Store:
    """Do the runs that are missing; each is kept as soon as it is done."""
    store, console = study.Store(arguments.out / "cells"), study.console()
    with study.bars(console) as bars:
        bar = bars.add_task("runs", total=len(store.missing(todo)), note="")
        with pool(arguments.workers) if arguments.workers else nullcontext() as executor:
            study.run(todo, store, measure, executor, lambda cell: bars.advance(bar))
    return store


def table(arguments: Run) -> int:
    """Run what is missing, unless only a report is asked for, and write the report."""
    todo = {states: cells(arguments, states) for states in arguments.states}
    if not isinstance(arguments, Report):
        compute(arguments, [cell for some in todo.values() for cell in some])
    store = study.Store(arguments.out / "cells")
    kinds = {states: Runs(found) for states, some in todo.items() if (found := store.all(some))}
    if not kinds:
        sys.stderr.write("no runs yet\n")
        return 1
    default = run_settings([Layer("table", {"robot": arguments.robot})]).adapter
    for file in write_report(kinds, arguments.robot, default, arguments.out / tuned(arguments.robot, "PI").file):
        sys.stdout.write(f"{file}\n")
    return 0


def tune(arguments: Tune) -> int:
    """Search, and write the best settings into the file that the table reads."""
    tried = {
        entrant: runs(entrant, arguments.seeds)
        for entrant in drawn(arguments.robot, arguments.entrant, arguments.draws)
    }
    store = compute(arguments, [cell for some in tried.values() for cell in some])
    costs = {entrant: cost(list(store.all(some).values())) for entrant, some in tried.items()}
    for entrant, value in sorted(costs.items(), key=lambda item: item[1]):
        sys.stdout.write(f"{1e3 * value:7.1f} mm  {entrant.own}\n")
    best = min(costs, key=lambda entrant: costs[entrant])
    found = dict(read_yaml(TUNED).values) if TUNED.is_file() else {}
    name = arguments.entrant if arguments.entrant in LOOPS else PLANNED
    own = yaml_text.load(best.own)
    before = found.get(arguments.robot)
    found[arguments.robot] = {**(before if isinstance(before, dict) else {}), name: own}
    TUNED.write_text(yaml_text.dump(found), encoding="utf-8")
    return 0


Command = (
    Annotated[Run, tyro.conf.subcommand("run")]
    | Annotated[Report, tyro.conf.subcommand("report")]
    | Annotated[Tune, tyro.conf.subcommand("tune")]
)

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = tyro.cli(Command)
    sys.exit(tune(chosen) if isinstance(chosen, Tune) else table(chosen))
