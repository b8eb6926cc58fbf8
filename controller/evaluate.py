"""Held-out errors of all recipes side by side: what there is to gain, and how much of it adaptation gains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.table import Table

from dynamics import dataset, evaluation
from dynamics.adapters.finetune import FinetuneSettings
from dynamics.adapters.gradient import GradientSettings
from dynamics.checkpoint import Checkpoint
from dynamics.dataset import Episodes
from dynamics.transitions import FloatArray

ROWS = ("mb", "mb_de", "grbal_prior", "grbal", "informed")


def evaluate(checkpoints: Mapping[str, Checkpoint], heldout: Episodes, query: int, seed: int) -> dict[str, Any]:
    """Return errors with 95 % intervals and the share of the gap that is closed, over all and per family.

    Args:
        checkpoints: `mb`, `mb_de`, `grbal` and `informed`.
        heldout: episodes under conditions that were not in training.
        query: transitions K after each window.
        seed: of the bootstrap.
    """
    errors = _errors(checkpoints, heldout, query)
    report: dict[str, Any] = {"query": query, "episodes": len(heldout), "all": _summary(errors, seed)}
    report["families"] = {
        family: _summary({name: rows[heldout.families == family] for name, rows in errors.items()}, seed)
        for family in sorted(set(heldout.families.tolist()))
    }
    return report


def table(report: Mapping[str, Any]) -> Table:
    """Return the report as a table for people."""
    result = Table(title=f"held-out normalised one-step error, {report['episodes']} episodes (95 % interval)")
    result.add_column("conditions")
    for name in (*ROWS, "gap closed"):
        result.add_column(name, justify="right")
    for label, part in (("all", report["all"]), *report["families"].items()):
        cells = [f"{part[name]['mean']:.3f}\n[{part[name]['low']:.3f}, {part[name]['high']:.3f}]" for name in ROWS]
        gap = part["gap_closed"]
        result.add_row(label, *cells, f"{gap['mean']:.0%}\n[{gap['low']:.0%}, {gap['high']:.0%}]")
    return result


def _errors(checkpoints: Mapping[str, Checkpoint], heldout: Episodes, query: int) -> dict[str, FloatArray]:
    plain, tuned = checkpoints["mb"], checkpoints["mb_de"]
    meta, informed = checkpoints["grbal"], checkpoints["informed"]
    if not isinstance(meta.adapter, GradientSettings) or not isinstance(tuned.adapter, FinetuneSettings):
        raise ValueError("checkpoints: expected gradient and finetune adapters for grbal and mb_de")
    if meta.rates is None:
        raise ValueError("checkpoints: expected step sizes in grbal, got none")
    support = meta.adapter.window
    told = dataset.encode(plain.model, heldout)
    seen = dataset.encode(meta.model, heldout)
    return {
        "mb": evaluation.plain_errors(plain.model, told, support, query),
        "mb_de": evaluation.finetuned_errors(tuned.model, tuned.adapter, told, support, query),
        "grbal_prior": evaluation.plain_errors(meta.model, seen, support, query),
        "grbal": evaluation.adapted_errors(meta.model, meta.rates, meta.adapter, seen, query),
        "informed": evaluation.plain_errors(informed.model, dataset.encode(informed.model, heldout), support, query),
    }


def _summary(errors: Mapping[str, FloatArray], seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    summary = {name: evaluation.interval(rows, rng)._asdict() for name, rows in errors.items()}
    gap = evaluation.gap_closed(errors["mb"], errors["grbal"], errors["informed"], rng)
    return summary | {"gap_closed": gap._asdict()}
