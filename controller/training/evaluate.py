"""Held-out errors of all recipes side by side: what there is to gain, and how much of it adaptation gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from rich.table import Table

from controller.bootstrap import drawn_anew, interval
from controller.jobs.executors import pool
from dynamics import factory
from dynamics.adapters.base import Adapter
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.fixed import FixedSettings, InformedSettings
from dynamics.checkpoint import Checkpoint
from dynamics.training import evaluation
from dynamics.training.dataset import Episodes
from dynamics.transitions import FloatArray

PLAIN, INFORMED, PRIOR = "mb", "informed", "_prior"
"""The recipes at both ends of the gap, and what marks the row of a recipe that was not adapted."""
_NO_ROW = FixedSettings | InformedSettings | FinetuneSettings
"""Whose start is no other than that of a plain model, or of an informed one."""


def evaluate(
    checkpoints: Mapping[str, Checkpoint], heldout: Episodes, support: int, query: int, seed: int, workers: int = 1
) -> dict[str, Any]:
    """Return errors with 95 % intervals and the share of the gap that each recipe closes, over all and per family.

    Judged is on episodes under conditions that were not in training: K transitions after each window, the first of them
    behind `support` transitions; under `ahead`, over all, one roll-out of many steps from there. The recipes `mb` and
    `informed` make the gap; the seed is that of the bootstrap.
    """
    jobs = {name: (model, True) for name, model in checkpoints.items()}
    starts = {name: model for name, model in checkpoints.items() if not isinstance(model.adapter, _NO_ROW)}
    jobs |= {f"{name}{PRIOR}": (model, False) for name, model in starts.items()}
    with pool(workers) as executor:
        futures = {
            name: executor.submit(_errors, model, heldout, support, query, adapted)
            for name, (model, adapted) in jobs.items()
        }
        found = {name: future.result() for name, future in futures.items()}
    errors = {name: each.one_step for name, each in found.items()}
    report: dict[str, Any] = {"query": query, "episodes": len(heldout), "all": _summary(errors, seed)}
    report["families"] = {
        family: _summary({name: rows[heldout.families == family] for name, rows in errors.items()}, seed)
        for family in sorted(set(heldout.families.tolist()))
    }
    further = {name: each.ahead for name, each in found.items() if np.isfinite(each.ahead).any()}
    report["ahead"] = {"steps": evaluation.AHEAD, **_summary(further, seed)}
    return report


def table(report: Mapping[str, Any]) -> Table:
    """Return the report as a table for people: recipes from top to bottom, conditions from left to right."""
    result = Table(title=f"held-out normalised error of one step, {report['episodes']} episodes")
    result.add_column("recipe")
    parts = {"all, 95 % interval": report["all"], **report["families"]}
    steps = report["ahead"]["steps"]
    for name in ("gap closed", *parts, f"{steps} steps"):
        result.add_column(name, justify="right")
    for recipe, found in report["all"].items():
        error, gap = found["error"], found.get("gap_closed")
        closed = "" if gap is None else f"{gap['mean']:.0%} [{gap['low']:.0%}, {gap['high']:.0%}]"
        cells = [f"{part[recipe]['error']['mean']:.3f}" for part in report["families"].values()]
        ahead = report["ahead"].get(recipe)
        cells.append("" if ahead is None else f"{ahead['error']['mean']:.3f}")
        result.add_row(recipe, closed, f"{error['mean']:.3f} [{error['low']:.3f}, {error['high']:.3f}]", *cells)
    return result


def _errors(model: Checkpoint, heldout: Episodes, support: int, query: int, adapted: bool) -> evaluation.Errors:
    def make(condition: Callable[[], FloatArray]) -> Adapter:
        return factory.make(model.adapter, model.model, model.parts, condition)

    return evaluation.online_errors(model.model, make, heldout, support, query, adapted=adapted)


def _summary(errors: Mapping[str, FloatArray], seed: int) -> dict[str, dict[str, dict[str, float]]]:
    rng = np.random.default_rng(seed)
    means = {name: np.nanmean(rows, axis=1) for name, rows in errors.items()}
    summary = {name: {"error": _figures(float(np.nanmean(errors[name])), _again(rng, m))} for name, m in means.items()}
    if PLAIN in errors and INFORMED in errors:
        for name in (name for name in errors if name not in {PLAIN, INFORMED}):
            triples = np.stack([means[PLAIN], means[name], means[INFORMED]], axis=1)
            summary[name]["gap_closed"] = _figures(float(_closed(triples.mean(axis=0))), _closed(_again(rng, triples)))
    return summary


def _again(rng: np.random.Generator, rows: FloatArray) -> FloatArray:
    """Return means (R, ...) over episodes (episodes, ...) that are drawn anew."""
    means: FloatArray = rows[drawn_anew(rng, len(rows))].mean(axis=1)
    return means


def _closed(errors: FloatArray) -> FloatArray:
    """Return the share of the gap between plain and informed that adaptation closes, of all three errors (..., 3)."""
    plain, adapted, informed = np.moveaxis(errors, -1, 0)
    share: FloatArray = (plain - adapted) / (plain - informed)
    return share


def _figures(mean: float, again: FloatArray) -> dict[str, float]:
    low, high = interval(again)
    return {"mean": mean, "low": float(low), "high": float(high)}
