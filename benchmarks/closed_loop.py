"""Does adaptation pay in closed loop? Executed cost of every recipe, paired over seeds, perturbation by perturbation.

    python -m benchmarks.closed_loop --seeds 20 --out runs/closed-loop.json

Every run is what `limber run --fast` does with the same settings, in lock-step, so the figures do not depend on how
busy the machine is. Differences are paired over seeds; the interval is a bootstrap over seeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.controller import TickResult
from controller.realtime import LoopTick, run_lockstep
from controller.strict import assignment
from controller.workers import pool
from sim.perturbations import parse

PERTURBATIONS = (
    "none",
    "leg_loss:leg=left_middle@4",
    "leg_loss:leg=right_front+left_rear@4",
    "motor:left=0.6,right=1.0@4",
    "motor:right=0.8,left_bias=-6@4",
    "payload:mass=0.012,x=0.02,y=0.015@4",
    "slope:deg=10,heading_deg=90@4",
    "friction:mu=0.3@4",
)


@dataclass(frozen=True)
class Arguments:
    """Which runs to compare."""

    seeds: int = 20
    first_seed: int = 0
    course: str = "zigzag"
    seconds: float = 12.0
    adapters: tuple[str, ...] = ("mb", "mb_de", "grbal", "informed")
    perturbations: tuple[str, ...] = PERTURBATIONS
    models: Path | None = None
    """Folder of checkpoints; the shipped ones when not given."""
    set: tuple[str, ...] = ()
    """Override settings of the runs, for example control.horizon=16."""
    workers: int = 2
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Score:
    """What one run cost: mean executed cost per step, mean distance to the path [m], progress [m], a fall."""

    cost: float
    path_error: float
    progress: float
    fell: bool


def score(settings: RunSettings) -> Score:
    """Drive one run in lock-step."""
    rig = build(settings, load_model(settings, settings.adapter), fast=True)
    costs: list[float] = []
    distances: list[float] = []
    progress: list[float] = []

    def note(tick: LoopTick[TickResult]) -> None:
        costs.append(tick.result.cost)
        distances.append(tick.result.progress.distance)
        progress.append(tick.result.progress.s)

    result = run_lockstep(rig.controller, rig.servo, rig.clock, rig.loop, note)
    return Score(float(np.mean(costs)), float(np.mean(distances)), progress[-1], result.fell)


def paired(differences: Sequence[float], rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean with its 95 % bootstrap interval."""
    values = np.asarray(differences)
    means = values[rng.integers(len(values), size=(10_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def main(arguments: Arguments) -> None:
    """Run all cells and print one table a figure."""
    base = run_settings([assignment(text) for text in arguments.set])
    cells = [
        (perturbation, adapter, seed)
        for perturbation in arguments.perturbations
        for adapter in arguments.adapters
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    ]
    jobs = [_settings(base, arguments, *cell) for cell in cells]
    with pool(arguments.workers) as executor:
        done = track(executor.map(score, jobs), total=len(jobs), console=Console(stderr=True))
        scores = dict(zip(cells, done, strict=True))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"perturbation": p, "adapter": a, "seed": s} | vars(scores[p, a, s]) for p, a, s in cells]
        arguments.out.write_text(json.dumps(rows, indent=1))
    Console(width=160).print(_table(arguments, scores))


def _settings(base: RunSettings, arguments: Arguments, perturbation: str, adapter: str, seed: int) -> RunSettings:
    return replace(
        base,
        course=arguments.course,
        seconds=arguments.seconds,
        adapter=adapter,
        checkpoint=None if arguments.models is None else str(arguments.models / f"{base.robot}-{adapter}.safetensors"),
        seed=seed,
        perturbations=() if perturbation == "none" else (parse(perturbation),),
    )


def _table(arguments: Arguments, scores: dict[tuple[str, str, int], Score]) -> Table:
    rng = np.random.default_rng(0)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    table = Table(title=f"{arguments.course}, {arguments.seconds:g} s, {arguments.seeds} seeds: executed cost per step")
    for name in (
        "perturbation",
        "adapter",
        "cost",
        "difference to mb [95 %]",
        "path error [mm]",
        "progress [m]",
        "falls",
    ):
        table.add_column(name)
    for perturbation in arguments.perturbations:
        for adapter in arguments.adapters:
            runs = [scores[perturbation, adapter, seed] for seed in seeds]
            cost = paired([run.cost for run in runs], rng)
            plain = [scores[perturbation, "mb", seed].cost for seed in seeds] if "mb" in arguments.adapters else None
            gain = None if plain is None else paired([r.cost - p for r, p in zip(runs, plain, strict=True)], rng)
            table.add_row(
                perturbation,
                adapter,
                f"{cost[0]:.3f} [{cost[1]:.3f}, {cost[2]:.3f}]",
                "" if gain is None or adapter == "mb" else f"{gain[0]:+.3f} [{gain[1]:+.3f}, {gain[2]:+.3f}]",
                f"{1e3 * np.mean([run.path_error for run in runs]):.1f}",
                f"{np.mean([run.progress for run in runs]):.2f}",
                str(sum(run.fell for run in runs)),
            )
        table.add_section()
    return table


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(tyro.cli(Arguments))
