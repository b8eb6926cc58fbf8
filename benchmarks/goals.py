"""How many steps does it take to find a hidden goal? Every recipe on the same goals, paired over seeds.

    python -m benchmarks.goals --seeds 20 --out runs/goals.json

Every run is what `limber run --fast` does with the same settings: the goal is drawn from the seed, and only `informed`
is told. Found means that the reward, averaged over half a second, comes within tolerance of the best and stays there
until the run ends (`controller/courses/goals.py`). A goal that was not found counts as found after the end.
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

from benchmarks.scoring import paired
from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.courses.goals import GOALS, HiddenGoal, parse, steps_to_goal
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings.layers import assignment
from sim.perturbations import parse as perturbation


@dataclass(frozen=True)
class Arguments:
    """Which runs to compare."""

    seeds: int = 20
    first_seed: int = 0
    courses: tuple[str, ...] = tuple(GOALS)
    seconds: float = 10.0
    adapters: tuple[str, ...] = ("mb", "grbal", "informed")
    perturb: tuple[str, ...] = ()
    """What happens to the robot meanwhile, as for `limber run`."""
    models: Path | None = None
    """Folder of checkpoints; the shipped ones when not given."""
    set: tuple[str, ...] = ()
    """Override settings of the runs, for example control.horizon=16."""
    workers: int = 1
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Score:
    """What one run earned: the goal, the mean reward of a step, and the steps to the goal (None when not found)."""

    goal: str
    reward: float
    steps: int | None


def score(settings: RunSettings) -> Score:
    """Drive one run in lock-step."""
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, settings.adapter))
    costs: list[float] = []

    def note(tick: LoopTick) -> None:
        costs.append(tick.result.cost)

    rig.drive(note)
    rewards = -np.array(costs[1:])
    goal: HiddenGoal = parse(str(rig.header.goal), np.random.default_rng(0))
    return Score(str(goal), float(rewards.mean()), steps_to_goal(goal, rewards, rig.loop.period))


def main(arguments: Arguments) -> None:
    """Run all cells and print one table."""
    base = run_settings([assignment(text) for text in arguments.set])
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cells = [(course, name, seed) for course in arguments.courses for name in arguments.adapters for seed in seeds]
    jobs = [_settings(base, arguments, *cell) for cell in cells]
    with pool(arguments.workers) as executor:
        done = track(executor.map(score, jobs), total=len(jobs), console=Console(stderr=True))
        scores = dict(zip(cells, done, strict=True))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"course": c, "adapter": a, "seed": s} | vars(scores[c, a, s]) for c, a, s in cells]
        arguments.out.write_text(json.dumps(rows, indent=1))
    Console(width=140).print(_table(arguments, scores, seeds))


def _settings(base: RunSettings, arguments: Arguments, course: str, adapter: str, seed: int) -> RunSettings:
    family = course.partition(":")[0]
    models = arguments.models
    return replace(
        base,
        course=course,
        seconds=arguments.seconds,
        adapter=adapter,
        checkpoint=None if models is None else str(models / f"{base.robot}-{adapter}-{family}.safetensors"),
        seed=seed,
        perturbations=tuple(perturbation(text) for text in arguments.perturb),
    )


def _table(arguments: Arguments, scores: dict[tuple[str, str, int], Score], seeds: range) -> Table:
    rng = np.random.default_rng(0)
    table = Table(title=f"hidden goals, {arguments.seconds:g} s, {arguments.seeds} seeds")
    for name in (
        "course",
        "adapter",
        "found",
        "steps to goal, median [IQR]",
        "mean reward [95 %]",
        "difference to mb [95 %]",
    ):
        table.add_column(name)
    for course in arguments.courses:
        plain = [scores[course, "mb", seed].reward for seed in seeds] if "mb" in arguments.adapters else None
        for adapter in arguments.adapters:
            runs = [scores[course, adapter, seed] for seed in seeds]
            reward = paired([run.reward for run in runs], rng)
            gain = None if plain is None else paired([r.reward - p for r, p in zip(runs, plain, strict=True)], rng)
            table.add_row(
                course,
                adapter,
                f"{sum(run.steps is not None for run in runs)} of {len(runs)}",
                _spread([run.steps for run in runs]),
                f"{reward[0]:.3f} [{reward[1]:.3f}, {reward[2]:.3f}]",
                "" if gain is None or adapter == "mb" else f"{gain[0]:+.3f} [{gain[1]:+.3f}, {gain[2]:+.3f}]",
            )
        table.add_section()
    return table


def _spread(steps: Sequence[int | None]) -> str:
    """Return median and quartiles; a run that never found its goal is slower than all others."""
    numbers = [np.inf if step is None else step for step in steps]
    low, middle, high = np.percentile(numbers, [25, 50, 75], method="inverted_cdf")
    texts = ["not found" if quartile == np.inf else f"{quartile:g}" for quartile in (middle, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(tyro.cli(Arguments))
