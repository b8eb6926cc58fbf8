"""What model and planner still leave: executed cost with a learned model against the same planner with the truth.

    python -m benchmarks.oracle --seeds 10 --out runs/oracle

Both plan with the same settings in the same lock-step runs; one predicts with the adapted model, the other with the
perturbed simulator itself (noiseless, but planning from a state that it knows exactly). Costs can be negative, because
progress earns, so ratios are of *excess* cost: what a step costs above running along the course's line at the
speed of nine revolutions a second without slip. Runs are kept one by one; what is done is not done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.scoring import Score, score
from controller.bootstrap import drawn_anew, interval
from controller.config import RunSettings, run_settings
from controller.courses.paths import COURSES
from controller.jobs.executors import pool
from controller.settings.layers import assignment, to_yaml
from dynamics.files import whole
from planners.costs.path import REFERENCE_STEP
from sim.perturbations import parse
from sim.robots.roach import CRANK_RADIUS

PERTURBATIONS = (
    "none",
    "leg_loss:leg=left_middle@2",
    "motor:left=0.6,right=1.0@2",
    "payload:mass=0.012,x=0.02,y=0.015@2",
    "slope:deg=10,heading_deg=90@2",
    "friction:mu=0.3@2",
    "terrain:kind=turf@2",
    "gravity:z=-3.7@2",
    "push:y=0.008@2",
    "delay:ms=40@2",
    "noise:scale=2@2",
    "pose_bias:heading_deg=8,x=0.02@2",
    "dead_motor:name=left@2",
    "stuck:name=right@2",
)
TOP_SPEED = 4 * CRANK_RADIUS * 9
"""Four crank radii a revolution, nine revolutions a second [m/s]."""
MODELS = ("learned", "oracle")


@dataclass(frozen=True)
class Arguments:
    """Which runs to compare."""

    seeds: int = 10
    first_seed: int = 0
    course: str = "zigzag"
    seconds: float = 8.0
    adapter: str = "snail"
    perturbations: tuple[str, ...] = PERTURBATIONS
    set: tuple[str, ...] = ()
    """Settings that differ from those of the robot, for example planner.kind=icem; both models get them."""
    models: Path | None = None
    """Folder of checkpoints; the shipped ones when not given."""
    workers: int = 2
    out: Path = Path("runs/oracle")
    """Folder for a JSON file a run."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    perturbation: str
    model: str
    seed: int


@dataclass(frozen=True)
class Job:
    """A run to do, and the file that its score goes to."""

    settings: RunSettings
    file: Path


def work(job: Job) -> Score:
    """Drive a run and keep its score, or read the one that is kept."""
    if job.file.is_file():
        return Score(**json.loads(job.file.read_text(encoding="utf-8")))
    result = score(job.settings)
    with whole(job.file) as partial:
        partial.write_text(json.dumps(asdict(result)) + "\n", encoding="utf-8")
    return result


def ratio(
    learned: NDArray[np.float64], oracle: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return the ratio of mean excess costs, paired over seeds (R,), with its 95 % bootstrap interval."""
    drawn = drawn_anew(rng, len(learned), resamples=10_000)
    low, high = interval(learned[drawn].mean(axis=1) / oracle[drawn].mean(axis=1))
    return float(learned.mean() / oracle.mean()), float(low), float(high)


def main(arguments: Arguments) -> None:
    """Run what is missing and print the table."""
    base = run_settings([assignment(text) for text in arguments.set])
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cells = [Cell(p, model, seed) for seed in seeds for p in arguments.perturbations for model in MODELS]
    _claim(arguments.out, base, arguments)
    jobs = [Job(_settings(base, arguments, cell), arguments.out / f"{_slug(cell)}.json") for cell in cells]
    with pool(arguments.workers) as executor:
        done = track(executor.map(work, jobs), total=len(jobs), console=Console(stderr=True))
        scores = dict(zip(cells, done, strict=True))
    Console(width=160).print(_table(arguments, base, scores))


def _claim(folder: Path, base: RunSettings, arguments: Arguments) -> None:
    """Make the folder, or see that it holds runs of the same settings."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = to_yaml(_settings(base, arguments, Cell("none", "learned", 0)))
    file = folder / "settings.yaml"
    if file.is_file() and file.read_text(encoding="utf-8") != wanted:
        raise SystemExit(f"{file}: the runs kept there have other settings; take another --out")
    file.write_text(wanted, encoding="utf-8")


def _settings(base: RunSettings, arguments: Arguments, cell: Cell) -> RunSettings:
    file = None if arguments.models is None else arguments.models / f"{base.robot}-{arguments.adapter}.safetensors"
    return replace(
        base,
        course=arguments.course,
        seconds=arguments.seconds,
        adapter=arguments.adapter,
        checkpoint=None if file is None else str(file),
        model=cell.model,
        seed=cell.seed,
        perturbations=() if cell.perturbation == "none" else (parse(cell.perturbation),),
    )


def _slug(cell: Cell) -> str:
    return f"{cell.perturbation}--{cell.model}--{cell.seed}".replace(":", "-").replace("=", "-")


def _table(arguments: Arguments, base: RunSettings, scores: dict[Cell, Score]) -> Table:
    rng, planner = np.random.default_rng(0), base.planner.kind
    title = f"{arguments.course}, {arguments.seconds:g} s, {arguments.seeds} seeds, {planner}, {arguments.adapter}"
    table = Table(title=f"{title}: what the learned model leaves")
    for name in ("perturbation", "excess, learned : oracle [95 %]", "cost per step", "path error [mm]", "progress [m]"):
        table.add_column(name)
    table.add_column("falls")
    ideal = -COURSES[arguments.course].weights.back * TOP_SPEED * REFERENCE_STEP
    everything: dict[str, list[float]] = {model: [] for model in MODELS}
    for perturbation in arguments.perturbations:
        runs = {m: [s for c, s in scores.items() if (c.perturbation, c.model) == (perturbation, m)] for m in MODELS}
        excess = {model: np.array([run.cost - ideal for run in done]) for model, done in runs.items()}
        for model in MODELS:
            everything[model] += excess[model].tolist()
        table.add_row(perturbation, _in_words(ratio(excess["learned"], excess["oracle"], rng)), *_figures(runs))
    overall = ratio(np.array(everything["learned"]), np.array(everything["oracle"]), rng)
    table.add_section()
    table.add_row("all", _in_words(overall))
    return table


def _in_words(interval: tuple[float, float, float]) -> str:
    return f"{interval[0]:.2f} [{interval[1]:.2f}, {interval[2]:.2f}]"


def _figures(runs: dict[str, list[Score]]) -> Sequence[str]:
    """Return the means of both models, learned first."""
    costs, errors, progress = (
        [float(np.mean([getattr(run, name) for run in runs[model]])) for model in MODELS]
        for name in ("cost", "path_error", "progress")
    )
    return (
        f"{costs[0]:.3f} : {costs[1]:.3f}",
        f"{1e3 * errors[0]:.1f} : {1e3 * errors[1]:.1f}",
        f"{progress[0]:.2f} : {progress[1]:.2f}",
        " : ".join(str(sum(run.fell for run in runs[model])) for model in MODELS),
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(tyro.cli(Arguments))
