"""Model-free meta-learning beside ours: RL^2 and MAML with policy gradients on E2 and E4's half-cheetah.

    python -m benchmarks.meta_rl learn --method rl2 --experiment E2 --out runs/meta-rl
    python -m benchmarks.meta_rl report --out runs/meta-rl --ours runs/literature

They are tested after our budget of data and after ten times as much, on the conditions that ours are tested on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from benchmarks.meta_rl.progress import note, noted
from benchmarks.meta_rl.report import picture, table
from benchmarks.meta_rl.world import Task


@dataclass(frozen=True)
class Learn:
    """Let a method learn, and test it on the way."""

    method: Literal["rl2", "maml"]
    experiment: Literal["E2", "E4-half-cheetah"] = "E2"
    seed: int = 0
    tests: tuple[int, ...] = (10_000, 20_000, 40_000, 80_000, 160_000, 400_000)
    """Steps of the environment after which it is tested, or soon after."""
    episode: int = 200
    """Steps of an episode that it learns in."""
    length: int = 1000
    """Of a test run, in steps."""
    runs: int = 1
    """Of each condition in a test."""
    out: Path = Path("runs/meta-rl")


@dataclass(frozen=True)
class Report:
    """Print what they came to, and draw it over the steps that it took."""

    out: Path = Path("runs/meta-rl")
    ours: Path | None = None
    """Folder of runs of `python -m benchmarks.literature`."""


def main(asked: Learn | Report) -> None:
    """Learn, or report."""
    if isinstance(asked, Report):
        points = noted(asked.out)
        if not points:
            raise SystemExit(f"{asked.out}: expected tests that `learn` left, *.jsonl, found none")
        print(table(points))
        picture(points, asked.ours, asked.out / "meta-rl.png")
        return
    least = min(asked.episode, asked.length, asked.runs, *asked.tests)
    if least < 1:
        raise SystemExit(f"learn: expected --episode, --length, --runs and --tests of 1 or more, got {least}")
    if asked.method == "rl2":
        try:  # what it stands on takes seconds to come, and MAML needs none of it
            from benchmarks.meta_rl.rl2 import learned
        except ImportError as error:
            raise SystemExit(f"rl2: needs sb3-contrib ({error}); pip install 'limber[bench]'") from error
    else:
        from benchmarks.meta_rl.maml import learned
    task, tests = Task(asked.experiment, asked.episode), sorted(asked.tests)
    for point in learned(task, asked.seed, tests, asked.length, asked.runs):
        note(asked.out, point)
        print(point, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    learn = Annotated[Learn, tyro.conf.subcommand("learn")]
    tables = Annotated[Report, tyro.conf.subcommand("report")]
    main(tyro.cli(learn | tables))
