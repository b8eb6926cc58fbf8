"""Five kilograms off centre, mounted in mid-walk: does the adapted controller go back to the course, and the plain not?

    python -m benchmarks.go2_payload --seeds 20 --out runs/go2-payload.json

Every run is what `limber run --robot go2 --fast` does, in lock-step, so the figures do not depend on how busy the
machine is. Errors are means over the time before the payload, and from some seconds after it on (the time to find out
what happened is not counted). Differences are paired over seeds, with a 95 % bootstrap interval. The status is 0 when
the interval of the path error excludes zero in favour of the adapted controller, and that one is back at its course:
no farther from it than `--back` times as far as before.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.scoring import paired
from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings.layers import Layer, assignment

ONSET = 10.0
"""When the payload is mounted [s]."""


@dataclass(frozen=True)
class Arguments:
    """Which runs to compare."""

    seeds: int = 20
    first_seed: int = 0
    course: str = "straight"
    seconds: float = 30.0
    payload: str = "payload:mass=5,x=0.1,y=0.1"
    adapters: tuple[str, str] = ("snail", "mb")
    """The adapted controller, and the one it is compared with."""
    settle: float = 2.0
    """Time after the payload that is not counted [s]."""
    back: float = 1.5
    """How many times as far from the course as before still counts as back."""
    models: Path | None = None
    """Folder of checkpoints; the shipped ones when not given."""
    set: tuple[str, ...] = ()
    """Override settings of the runs, for example state=estimated."""
    workers: int = 2
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Outcome:
    """One run; path errors are mean distances from the course [m], costs those of an executed step."""

    before: float
    after: float
    cost_before: float
    cost_after: float
    progress: float
    """[m]"""
    fell: bool


@dataclass(frozen=True)
class Job:
    """One run to do, and what of it counts."""

    settings: RunSettings
    settle: float


def drive(job: Job) -> Outcome:
    """Do one run in lock-step; one that falls early counts with its last tick."""
    mission = Mission.of(job.settings, fast=True)
    rig = build(mission, load_model(mission, job.settings.adapter))
    rows: list[tuple[float, float, float, float]] = []

    def note(tick: LoopTick) -> None:
        result = tick.result
        rows.append((tick.time, result.progress.distance, result.cost, result.progress.s))

    loop = rig.drive(note)
    time, distance, cost, progress = np.array(rows).T
    before, after = time < ONSET, time >= ONSET + job.settle
    after[-1] = True
    return Outcome(
        before=float(distance[before].mean()),
        after=float(distance[after].mean()),
        cost_before=float(cost[before].mean()),
        cost_after=float(cost[after].mean()),
        progress=float(progress[-1]),
        fell=loop.fell,
    )


def compare(arguments: Arguments) -> dict[str, list[Outcome]]:
    """Do all runs; returns those of each adapter, seed by seed."""
    jobs = [_job(arguments, adapter, seed) for adapter in arguments.adapters for seed in _seeds(arguments)]
    with pool(arguments.workers) as executor:
        outcomes = list(track(executor.map(drive, jobs), total=len(jobs), console=Console(stderr=True)))
    count = arguments.seeds
    return {name: outcomes[count * k : count * (k + 1)] for k, name in enumerate(arguments.adapters)}


def _seeds(arguments: Arguments) -> range:
    return range(arguments.first_seed, arguments.first_seed + arguments.seeds)


def _job(arguments: Arguments, adapter: str, seed: int) -> Job:
    own: dict[str, object] = {
        "robot": "go2",
        "course": arguments.course,
        "seconds": arguments.seconds,
        "perturbations": [f"{arguments.payload}@{ONSET:g}"],
    }
    settings = run_settings([Layer("benchmark", own), *(assignment(text) for text in arguments.set)])
    models = arguments.models
    checkpoint = None if models is None else str(models / f"go2-{adapter}.safetensors")
    return Job(replace(settings, adapter=adapter, seed=seed, checkpoint=checkpoint), arguments.settle)


def report(arguments: Arguments, runs: dict[str, list[Outcome]], console: Console) -> bool:
    """Print all figures; True when what is claimed holds."""
    rng = np.random.default_rng(0)
    title = f"{arguments.payload} at {ONSET:g} s, {arguments.course}, {arguments.seconds:g} s, {arguments.seeds} seeds"
    drawn = Table(
        "", "path error before [mm]", "after [mm]", "cost before", "after", "progress [m]", "falls", title=title
    )
    for name, outcomes in runs.items():
        means = {
            field: float(np.mean([getattr(outcome, field) for outcome in outcomes]))
            for field in ("before", "after", "cost_before", "cost_after", "progress")
        }
        errors = (f"{1e3 * means[field]:.1f}" for field in ("before", "after"))
        costs = (f"{means[field]:.3f}" for field in ("cost_before", "cost_after"))
        drawn.add_row(name, *errors, *costs, f"{means['progress']:.2f}", str(sum(o.fell for o in outcomes)))
    console.print(drawn)
    adapted, plain = (runs[name] for name in arguments.adapters)
    error, cost = (
        paired([getattr(p, field) - getattr(a, field) for a, p in zip(adapted, plain, strict=True)], rng)
        for field in ("after", "cost_after")
    )
    first, second = arguments.adapters
    millimetres = [1e3 * value for value in error]
    console.print(f"{second} - {first}, path error after: {_interval(millimetres, 1)} mm")
    console.print(f"{second} - {first}, cost after: {_interval(cost, 3)}")
    back = float(np.mean([o.after <= arguments.back * o.before for o in adapted]))
    console.print(f"{first} is back at its course in {100 * back:.0f} % of the runs")
    return error[1] > 0.0 and back > 0.5


def _interval(values: Sequence[float], digits: int) -> str:
    mean, low, high = values
    return f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def main(arguments: Arguments) -> int:
    """Run, report, and write what was asked for."""
    runs = compare(arguments)
    holds = report(arguments, runs, Console(width=140))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        told = {name: [asdict(outcome) for outcome in outcomes] for name, outcomes in runs.items()}
        arguments.out.write_text(json.dumps(told, indent=1))
    return 0 if holds else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(tyro.cli(Arguments)))
