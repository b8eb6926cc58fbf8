"""What following a plan's gains between plans is worth: the same runs with and without, lock-step, paired by seed.

    python -m benchmarks.feedback --seeds 30 --out runs/feedback.jsonl

Each cell is a robot, a planner and a disturbance: nothing, twice the sensor noise, or pushes whose times, directions
and strengths the seed draws. Differences are means over the courses of a seed, with 95 % bootstrap intervals over
seeds. Runs are kept line by line; what is done is not done again.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.scoring import Score, paired, score
from controller.config import RunSettings, run_settings
from controller.settings.layers import Layer

STRENGTHS = {"roach": (0.005, 0.015), "go2": (8.0, 18.0)}
"""Weakest and strongest push [N s]."""
DISTURBANCES = ("intact", "noise", "push")


@dataclass(frozen=True)
class Arguments:
    """Which runs to compare."""

    robots: tuple[str, ...] = ("roach", "go2")
    planners: tuple[str, ...] = ("rti", "hybrid")
    disturbances: tuple[str, ...] = DISTURBANCES
    share: float = 0.5
    """Of the gains, against none."""
    adapter: str = "snail"
    seeds: int = 30
    first_seed: int = 0
    out: Path = Path("runs/feedback.jsonl")
    """A line a run."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    robot: str
    planner: str
    disturbance: str
    course: str
    seed: int
    share: float


def courses(robot: str) -> tuple[str, str]:
    """Return what a robot drives along; a quadruped's runs cost more, so they are shorter."""
    return ("zigzag", "figure8") if robot == "roach" else ("straight", "zigzag")


def settings(cell: Cell, adapter: str) -> RunSettings:
    """Return the run of a cell."""
    seconds = 8.0 if cell.robot == "roach" else 6.0
    disturbance = {"intact": (), "noise": ("noise:scale=2",), "push": pushes(cell.robot, seconds, cell.seed)}
    own: dict[str, object] = {
        "robot": cell.robot,
        "course": cell.course,
        "perturbations": disturbance[cell.disturbance],
        "adapter": adapter,
        "control": {"feedback": cell.share},
        "seconds": seconds,
        "seed": cell.seed,
    }
    planner: dict[str, object] = {} if cell.planner == "hybrid" else {"planner": {"kind": cell.planner}}
    return run_settings([Layer("benchmark", own | planner)])


def pushes(robot: str, seconds: float, seed: int) -> tuple[str, ...]:
    """Draw pushes, 0.8 to 2 s apart, in any direction."""
    rng = np.random.default_rng([seed, 77])
    found: list[str] = []
    at = 1.0 + rng.uniform(0.8, 2.0)
    while at <= seconds - 0.6:
        angle, strength = rng.uniform(-np.pi, np.pi), rng.uniform(*STRENGTHS[robot])
        found.append(f"push:x={strength * math.cos(angle):.5f},y={strength * math.sin(angle):.5f}@{at:.3f}")
        at += rng.uniform(0.8, 2.0)
    return tuple(found)


def drive(arguments: Arguments) -> dict[Cell, Score]:
    """Do all runs that are not done yet; returns what each of them cost."""
    lines = arguments.out.read_text(encoding="utf-8").splitlines() if arguments.out.is_file() else []
    done = {Cell(**told["cell"]): Score(**told["score"]) for told in map(json.loads, lines)}
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cells = [
        Cell(robot, planner, disturbance, course, seed, share)
        for seed in seeds
        for robot, planner, disturbance in product(arguments.robots, arguments.planners, arguments.disturbances)
        for course, share in product(courses(robot), (0.0, arguments.share))
    ]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("a", encoding="utf-8") as file:
        for cell in cells:
            if cell not in done:
                done[cell] = score(settings(cell, arguments.adapter))
                file.write(json.dumps({"cell": asdict(cell), "score": asdict(done[cell])}) + "\n")
                file.flush()
    return {cell: done[cell] for cell in cells}


def report(arguments: Arguments, found: dict[Cell, Score], console: Console) -> None:
    """Print what following changes, cell by cell."""
    rng = np.random.default_rng(0)
    table = Table("robot", "planner", "disturbance", "cost without", "change", "path error [mm]", "change", "falls")
    for robot, planner, disturbance in product(arguments.robots, arguments.planners, arguments.disturbances):
        ways = [
            [
                [found[Cell(robot, planner, disturbance, course, seed, share)] for course in courses(robot)]
                for seed in sorted({cell.seed for cell in found})
            ]
            for share in (0.0, arguments.share)
        ]
        figures: list[str] = []
        for field, unit in (("cost", 1.0), ("path_error", 1e3)):
            without, followed = (
                np.array([[unit * getattr(run, field) for run in runs] for runs in way]).mean(axis=1) for way in ways
            )
            mean, low, high = paired((followed - without).tolist(), rng)
            figures += [f"{without.mean():.3f}", f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"]
        falls = (str(sum(run.fell for runs in way for run in runs)) for way in ways)
        table.add_row(robot, planner, disturbance, *figures, " : ".join(falls))
    console.print(table)


def main(arguments: Arguments) -> None:
    """Run and report."""
    report(arguments, drive(arguments), Console(width=140))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(tyro.cli(Arguments))
