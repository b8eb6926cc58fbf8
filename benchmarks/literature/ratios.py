"""How many times what a reference earns every other recipe does, over runs of the same condition, seeds and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.literature.cells import Cell
from controller.bootstrap import drawn_anew, interval
from controller.jobs.study import Result
from dynamics.transitions import FloatArray

REFERENCES = ("mb", "ensemble")
"""What does not adapt: one network, and several."""


def ratios(found: Mapping[Cell, Result]) -> list[str]:
    """Return a line a reference that there are runs of: the ratio of every other recipe's mean to its."""
    earned = {cell: float(np.mean(result["rewards"])) for cell, result in found.items()}
    others = list(dict.fromkeys(cell.recipe for cell in earned))
    lines = []
    for reference in REFERENCES:
        told = [f"{name} {_ratio(earned, name, reference)}" for name in others if name != reference]
        if reference in others and told:
            lines.append(f"Times what {reference} earns, run by run: {'; '.join(told)}.")
    return lines


def _ratio(earned: Mapping[Cell, float], recipe: str, reference: str) -> str:
    """Return the ratio of means over conditions, its interval from runs drawn anew within each of them."""
    by: dict[str, list[tuple[float, float]]] = {}
    for cell, value in earned.items():
        beside = earned.get(replace(cell, recipe=reference))
        if cell.recipe == recipe and beside is not None:
            by.setdefault(cell.condition, []).append((value, beside))
    if not by:
        return "not run beside it"
    pairs = [np.array(values) for values in by.values()]  # (N, 2) each
    both = np.mean([each.mean(axis=0) for each in pairs], axis=0)
    if min(map(len, pairs)) < 2:
        return f"{both[0] / both[1]:.2f}"
    again = means_anew(pairs)
    low, high = interval(again[:, 0] / again[:, 1])
    return f"{both[0] / both[1]:.2f} [{low:.2f}, {high:.2f}]"


def means_anew(conditions: Sequence[FloatArray]) -> FloatArray:
    """Return R times the mean over conditions of what runs earned (N, ...) in each, the runs of each drawn anew."""
    rng = np.random.default_rng(0)
    again: FloatArray = np.mean([runs[drawn_anew(rng, len(runs))].mean(axis=1) for runs in conditions], axis=0)
    return again
