"""What the runs came to, beside what was published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.literature.cells import Cell
from benchmarks.literature.experiments import EXPERIMENTS, Experiment
from benchmarks.literature.ratios import means_anew, ratios
from controller.bootstrap import interval
from controller.jobs.study import Result
from dynamics.transitions import FloatArray

STEPS = 1000
"""Of an episode in the papers: returns are told for as many."""
_SETTLED, _WINDOW, _SHARE = 2.0, 0.5, 0.9
"""Recovery: a mean over the window [s] is back at this share of that of the last seconds [s]."""


def report(found: Mapping[Cell, Result]) -> str:
    """Return tables of Markdown, one an experiment that there are runs of."""
    parts = []
    for name, experiment in EXPERIMENTS.items():
        mine = {cell: result for cell, result in found.items() if cell.experiment == name}
        if mine:
            parts.append(_table(name, experiment, mine))
    return "\n\n".join(parts) or "no runs yet"


def _table(name: str, experiment: Experiment, found: Mapping[Cell, Result]) -> str:
    conditions = [c for c in experiment.conditions if any(cell.condition == c for cell in found)]
    lines = [f"## {name}: {experiment.title}", ""]
    lines += [f"Return per {STEPS} steps, mean over conditions with the 95 % interval over runs.", ""]
    head = ["", "mean", *conditions, "runs", "steps a run", "tick"]
    lines += [_row(head), _row(["---"] * len(head))]
    for recipe in _ordered(cell.recipe for cell in found):
        rows = {cell: result for cell, result in found.items() if cell.recipe == recipe}
        by = {c: [_return(result) for cell, result in rows.items() if cell.condition == c] for c in conditions}
        means = {c: float(np.mean(values)) if values else float("nan") for c, values in by.items()}
        steps = [len(result["rewards"]) for result in rows.values()]
        ticks = float(np.median([result["tick_ms"] for result in rows.values()]))
        told = [_spread([np.array(values) for values in by.values() if values])]
        told += [f"{means[c]:.0f}" for c in conditions]
        lines.append(_row([recipe, *told, str(len(rows)), f"{min(steps)}", f"{ticks:.1f} ms"]))
    for method, value in experiment.published.items():
        lines.append(_row([f"*{method}*", f"{value:.0f}", *[""] * (len(head) - 2)]))
    late = [f"{_recovery(cell, result)}" for cell, result in found.items() if "in mid-run" in cell.condition]
    compared = [line for each in ratios(found) for line in ("", each)]
    lines += [*compared, "", *(["Recovery after the change: " + "; ".join(late) + ".", ""] if late else [])]
    return "\n".join([*lines, f"Published (in italics): {experiment.source}.", f"What differs: {experiment.differs}."])


def _return(result: Result) -> float:
    return STEPS * float(np.mean(result["rewards"]))


def _spread(values: Sequence[FloatArray]) -> str:
    """Return the mean over conditions, with its interval where there is more than one run of each."""
    mean = float(np.mean([each.mean() for each in values]))
    if min(map(len, values)) < 2:
        return f"{mean:.0f}"
    low, high = interval(means_anew(values))
    return f"{mean:.0f} [{low:.0f}, {high:.0f}]"


def _recovery(cell: Cell, result: Result) -> str:
    """Say how soon after its change a run earned again what it earned in the end."""
    rewards, period = np.array(result["rewards"]), float(result["period"])
    onset = round(float(result["happens"][0].partition("@")[2]) / period)
    width = round(_WINDOW / period)
    settled = float(rewards[-round(_SETTLED / period) :].mean())
    means = np.convolve(rewards[onset:], np.full(width, 1.0 / width), mode="valid")
    back = np.flatnonzero(means >= _SHARE * settled)
    after = f"after {back[0] * period:.1f} s" if len(back) else "never"
    return f"{cell.recipe} {after}, at {STEPS * settled:.0f}"


def _ordered(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
