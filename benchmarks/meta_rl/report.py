"""How much model-free methods earn for so many steps of the environment, ours beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.ticker import NullFormatter

from benchmarks.literature.cells import Cell
from benchmarks.meta_rl.progress import Point
from controller.jobs.study import Store

STEPS = 1000
"""Returns are told for as many."""
SAMPLES = {"E2": 200_000, "E4-half-cheetah": 200_000}
"""Steps of data that our models of each experiment are trained on."""


def table(points: Sequence[Point]) -> str:
    """Return a table of Markdown, a line a test."""
    lines = ["| | seed | steps | in training | tested | by condition |", "|---|---|---|---|---|---|"]
    for point in sorted(points, key=lambda point: (point.experiment, point.method, point.seed, point.steps)):
        told = ", ".join(f"{name} {STEPS * value:.0f}" for name, value in point.tested.items())
        means = f"{STEPS * point.trained:.0f} | {STEPS * np.mean(list(point.tested.values())):.0f}"
        lines.append(f"| {point.experiment} {point.method} | {point.seed} | {point.steps:,} | {means} | {told} |")
    return "\n".join(lines)


def ours(folder: Path, experiment: str) -> dict[str, float]:
    """Return the mean return of each recipe over the runs of an experiment."""
    lines = (folder / "cells.jsonl").read_text(encoding="utf-8").splitlines()
    known = [Cell(**{**values, "set": tuple(values["set"])}) for values in map(json.loads, lines)]
    found: dict[str, list[float]] = {}
    for cell, result in Store(folder / "runs").all([cell for cell in known if cell.experiment == experiment]).items():
        found.setdefault(cell.recipe, []).append(STEPS * float(np.mean(result["rewards"])))
    return {recipe: float(np.mean(returns)) for recipe, returns in found.items()}


def picture(points: Sequence[Point], folder: Path | None, file: Path) -> None:
    """Draw returns over steps, one frame an experiment; ours are points at their number of steps."""
    experiments = sorted({point.experiment for point in points})
    figure, frames = plt.subplots(1, len(experiments), figsize=(6.5 * len(experiments), 4), squeeze=False)
    for frame, experiment in zip(frames[0], experiments, strict=True):
        for method in sorted({point.method for point in points}):
            tests = sorted(
                (p for p in points if (p.experiment, p.method) == (experiment, method)), key=lambda p: p.steps
            )
            returns = [STEPS * np.mean(list(point.tested.values())) for point in tests]
            frame.plot([point.steps for point in tests], returns, "o-", label=method)
        known = {} if folder is None else ours(folder, experiment)
        for place, (recipe, value) in enumerate(sorted(known.items(), key=lambda entry: -entry[1])):
            colour = colormaps["tab20"](place % 20)
            frame.plot(
                [SAMPLES[experiment]], [value], "_", ms=14, mew=3, color=colour, label=f"ours: {recipe} {value:.0f}"
            )
        frame.set(xscale="log", xlabel="steps of the environment", ylabel=f"return per {STEPS} steps", title=experiment)
        frame.xaxis.set_minor_formatter(NullFormatter())
        frame.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    plt.close(figure)
