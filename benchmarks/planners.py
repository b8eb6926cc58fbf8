"""Planners side by side: peers, the published planner and this project's own, on one network in one run.

    make bench                                             # creates .venv-bench with the peers, then runs all of it
    .venv-bench/bin/python -m benchmarks.planners --quick  # a smoke run

Every finished piece is kept in the output folder, so a run that was stopped goes on where it was. The exit status says
whether every promise was kept.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# Run as a script, the folder of this file comes first, and its own name would hide the package of planners.
_ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [str(_ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT / "benchmarks")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import tyro  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress  # noqa: E402

try:
    from benchmarks.planner_study import rivals  # noqa: F401
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed; the peers have an environment of their own: make bench")

from benchmarks.planner_study import tables  # noqa: E402
from benchmarks.planner_study.cells import Cell  # noqa: E402
from benchmarks.planner_study.expense import expected_seconds  # noqa: E402
from benchmarks.planner_study.promises import failed, promises  # noqa: E402
from benchmarks.planner_study.report import write_report  # noqa: E402
from benchmarks.planner_study.study import Study, work  # noqa: E402
from controller.jobs import study as cells  # noqa: E402
from controller.jobs.executors import pool  # noqa: E402
from controller.jobs.study import Store  # noqa: E402


@dataclass(frozen=True)
class Arguments:
    """How much to do, and where."""

    out: Path = Path("runs/planners")
    """Folder of results; what is there already is not computed again."""
    models: Path | None = None
    """Folder of crawler checkpoints; the shipped ones when not given."""
    seeds: int = 10
    trials: int = 30
    workers: int = 2
    phases: tuple[str, ...] = ()
    """Only those whose name contains one of these; all when not given."""
    only_report: bool = False
    """Compute nothing, write the report of what is there."""
    quick: bool = False
    """One seed, half-length drives, defaults only: a smoke run of everything."""


def main(arguments: Arguments) -> int:
    """Compute what is missing, print tables, write the report; 0 when every promise was kept."""
    quick = arguments.quick
    store = Store(arguments.out / ("quick" if quick else "cells"))
    seeds, trials = (1, 1) if quick else (arguments.seeds, arguments.trials)
    study = Study(store, arguments.models, seeds, trials, quick)
    console = Console(stderr=True)
    wanted = arguments.phases or ("",)
    phases = [(name, todo) for name, todo in study.phases() if any(part in name for part in wanted)]
    if not arguments.only_report:
        pending = store.missing(cell for _, todo in phases for cell in todo)
        seconds = expected_seconds(study, pending)
        console.print(f"{len(pending)} cells to do, about {seconds:.0f} s of CPU time")
        for name, todo in phases:
            _run(study, name, todo, arguments.workers, console)
    judged = promises(study)
    out = Console(width=190)
    for table in tables.comparison(study):
        out.print(table)
    out.print(tables.verdicts(judged))
    out.print(f"report: {write_report(study, judged, store.folder.parent)}")
    return 1 if failed(judged) else 0


def _run(study: Study, name: str, todo: list[Cell], workers: int, console: Console) -> None:
    with Progress(console=console) as progress:
        task = progress.add_task(name, total=len(study.store.missing(todo)))
        with pool(workers) if workers else nullcontext() as executor:
            cells.run(todo, study.store, partial(work, study), executor, lambda cell: progress.advance(task))


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments)))
