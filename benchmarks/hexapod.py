"""The hexapod with legs lost, servos off and loads on: how much of its speed is left, adapted and not?

    python -m benchmarks.hexapod --seeds 20 --out runs/hexapod

Every run is what `limber run --robot hexapod --fast` does, in lock-step. The change sets in at 2 s. Speed is progress
along the course from 4 s on, as a share of that of the intact robot with the same adapter at the same seeds; cost is
that of a step over the whole run, as the stress suite counts it. Seeds go through all legs and all pairs of legs in
turn; of the other families each draws from what was kept back from training. Intervals (95 %) draw seeds anew,
differences are paired. The status is 0 where all that is promised holds. What is done is kept: the command goes on.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from controller.bootstrap import Estimate, drawn_anew, estimate
from controller.build import build, load_model
from controller.config import run_settings
from controller.jobs import study
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings.layers import Layer, nearest
from controller.settings.robots import checkpoint, spec
from controller.stress.trial import figures
from planners.problem import FloatArray
from sim.perturbations import LegLoss, Perturbation, sample_condition

ROBOT = spec("hexapod")
ONSET, COUNTED, SECONDS = 2.0, 4.0, 12.0
"""When the change sets in, from when speed counts, and when a run ends [s]."""
ROWS = ("intact", "one leg", "two legs", "zero", "payload", "limp", "stiff", "short_leg", "slope", "rough", "voltage")
SPEED: Mapping[str, float] = {"one leg": 0.85, "two legs": 0.65}
"""Share of its intact speed that the adapted robot is to keep."""
CHEAPER = ("one leg", "two legs", "zero", "payload")
"""Rows in which it is to cost less than the one that does not adapt."""


@dataclass(frozen=True)
class Arguments:
    """Which runs to do."""

    out: Path
    """Folder of the runs; what it holds is not done again."""
    seeds: int = 20
    first: int = 0
    """Seed of the first run: what is chosen is chosen on others than what is told."""
    rows: tuple[str, ...] = ROWS[:5]
    adapters: tuple[str, ...] = ("belief", "mb")
    """The adapted controller, the one that does not adapt, and others."""
    course: str = "zigzag"
    models: Path | None = None
    """Folder of checkpoints; the shipped ones when not given."""
    workers: int = 2

    @property
    def numbers(self) -> range:
        """The seeds."""
        return range(self.first, self.first + self.seeds)


@dataclass(frozen=True)
class Cell:
    """One run."""

    row: str
    adapter: str
    seed: int
    course: str
    models: Path | None

    @property
    def slug(self) -> str:
        """Name of its file."""
        return f"{self.row.replace(' ', '-')}--{self.adapter}--{self.seed}"


def happens(row: str, seed: int) -> tuple[Perturbation, ...]:
    """Return what happens in a row at a seed."""
    legs = ROBOT.anatomy.legs
    if row in {"one leg", "two legs"}:
        sets = list(itertools.combinations(legs, 1 if row == "one leg" else 2))
        return (LegLoss(sets[seed % len(sets)], onset=ONSET),)
    family = "none" if row == "intact" else row
    drawn = sample_condition(np.random.default_rng([seed, 7]), family, "heldout", ROBOT.anatomy)
    return tuple(replace(item, onset=ONSET) for item in drawn)


def drive(cell: Cell) -> study.Result:
    """Do one run; one that falls has made no more way afterwards."""
    own: dict[str, object] = {"robot": ROBOT.name, "course": cell.course, "seconds": SECONDS, "seed": cell.seed}
    settings = run_settings([Layer("benchmark", own | {"adapter": cell.adapter})])
    file = model_file(cell.adapter, cell.models)
    changed = replace(settings, perturbations=happens(cell.row, cell.seed), checkpoint=str(file))
    mission, ticks = Mission.of(changed, fast=True), list[LoopTick]()
    loop = build(mission, load_model(mission, cell.adapter)).drive(ticks.append)
    way = [tick.result.progress.s for tick in ticks if tick.time >= COUNTED] or [0.0]
    told = figures(mission, ticks, loop)
    kept = {key: told[key] for key in ("perturbations", "cost", "path_error_m", "fell", "failed")}
    return {**kept, "speed": (way[-1] - way[0]) / (SECONDS - COUNTED)}


def ratio(changed: FloatArray, intact: FloatArray) -> Estimate:
    """Return the ratio of two means over seeds, from (n_seeds,) each."""
    seeds = drawn_anew(np.random.default_rng(0), len(changed))
    again = changed[seeds].mean(axis=1) / intact[seeds].mean(axis=1)
    return estimate(float(changed.mean() / intact.mean()), again)


def mean(values: FloatArray) -> Estimate:
    """Return a mean over seeds, from (n_seeds,)."""
    return estimate(float(values.mean()), values[drawn_anew(np.random.default_rng(0), len(values))].mean(axis=1))


def report(arguments: Arguments, found: Mapping[Cell, study.Result], console: Console) -> bool:
    """Print all figures; return whether what is promised holds."""
    plain, holds = arguments.adapters[1], True
    shown = Table("row", "adapter", "speed [m/s]", "of intact", "cost", f"cheaper than {plain} by", "falls")
    for row, adapter in itertools.product(arguments.rows, arguments.adapters):
        runs, intact, other = (
            [found[Cell(name, who, seed, arguments.course, arguments.models)] for seed in arguments.numbers]
            for name, who in ((row, adapter), ("intact", adapter), (row, plain))
        )
        speed, usual = (np.array([run["speed"] for run in each]) for each in (runs, intact))
        cost, plain_cost = (np.array([run["cost"] for run in each]) for each in (runs, other))
        share, saved = ratio(speed, usual), mean(plain_cost - cost)
        if adapter == arguments.adapters[0]:
            holds &= share.value >= SPEED.get(row, 0.0) and (row not in CHEAPER or saved.low > 0.0)
        figures_shown = f"{speed.mean():.3f}", _said(share, 2), f"{cost.mean():.3f}", _said(saved, 3)
        shown.add_row(row, adapter, *figures_shown, str(sum(bool(run["failed"]) for run in runs)))
    console.print(shown)
    console.print(f"all that is promised holds: {'yes' if holds else 'no'}")
    return holds


def _said(found: Estimate, digits: int) -> str:
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


def check(arguments: Arguments) -> None:
    """End with one line where something asked for cannot be."""
    if arguments.seeds < 1 or arguments.first < 0 or arguments.workers < 1:
        asked = f"{arguments.seeds}, {arguments.first} and {arguments.workers}"
        raise SystemExit(f"expected --seeds and --workers of 1 or more, --first of 0 or more, got {asked}")
    for row in arguments.rows:
        if row not in ROWS:
            raise SystemExit(f"--rows {row}: {nearest(row, ROWS)}")
    if len(arguments.adapters) < 2:
        raise SystemExit("--adapters: expected two or more, the second of which does not adapt")
    for adapter in arguments.adapters:
        file = model_file(adapter, arguments.models)
        if not file.is_file():
            raise SystemExit(f"--adapters {adapter}: expected its trained model, {file}, which is not there")


def model_file(adapter: str, models: Path | None) -> Path:
    """Return the checkpoint of an adapter."""
    return checkpoint(ROBOT.name, adapter) if models is None else models / f"{ROBOT.name}-{adapter}.safetensors"


def main(arguments: Arguments) -> int:
    """Do what is left, and report."""
    check(arguments)
    rows = tuple(dict.fromkeys(("intact", *arguments.rows)))
    cells = [
        Cell(row, adapter, seed, arguments.course, arguments.models)
        for seed, row, adapter in itertools.product(arguments.numbers, rows, arguments.adapters)
    ]
    settings = f"course: {arguments.course}\nmodels: {arguments.models}\n"
    store, console = study.Store(arguments.out / "runs"), study.console()
    with (
        study.claimed(arguments.out, "runs of the hexapod", settings, resume=True),
        study.bars(console) as bars,
        pool(arguments.workers) as executor,
    ):
        bar = bars.add_task("runs", total=len(store.missing(cells)), note="")
        study.run(cells, store, drive, executor, lambda _: bars.advance(bar))
    return 0 if report(arguments, store.all(cells), Console(width=140)) else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(tyro.cli(Arguments)))
