"""The study as one HTML file that needs nothing else, and as JSON."""

from __future__ import annotations

import html
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from string import Template

from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.figures import rows
from benchmarks.planner_study.pictures import write_pictures
from benchmarks.planner_study.study import Study
from benchmarks.planner_study.tables import HEADINGS, TITLES, VERDICTS, cells
from controller.reports.page import FIGURE, data_uri, document, table
from controller.stress.acceptance import Promise

_VERSIONS = ("numpy", "torch", "casadi", "mujoco", "mbrl", "pytorch-mppi")
_BODY = Template("""  <p class="setting">$setting</p>
  <h1>$headline</h1>
  <p class="detail">$detail</p>
  $anytime
  $cost_against_time
  <h2>What must hold</h2>
  $promises
  $tables
  <footer>$versions</footer>""")
_CAPTIONS = {
    "anytime": "Left: cost of a closed loop whose plans get less and less time, on the synthetic problem; peers, which "
    "know no deadline, at the time they take. Right: how long after its deadline a plan came; dotted, the longest time "
    "between two looks at the clock.",
    "cost_against_time": "Closed-loop cost against the CPU time of a plan with 312 sequences; the line is the default "
    "planner with fewer of them. Bars are 95 % intervals over seeds.",
}
_DETAIL = (
    "Every planner met the same network, cost, bounds, horizon and seeds on one thread, and had the same random search "
    "for its settings with other seeds; at equal time the best setting of every number of iterations was tried again. "
    "Newton steps count as the sequences that finite differences would have taken. The published planner plays with "
    "its own number of sequences and steps, with the network of everybody else; its time with a network of its own "
    "size is measured apart."
)


def write_report(study: Study, judged: Sequence[Promise], folder: Path) -> Path:
    """Write report.html, its pictures and summary.json into a folder; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        name: FIGURE.substitute(source=data_uri(file), name=name, caption=_CAPTIONS[name])
        for name, file in write_pictures(study, folder).items()
    }
    kept, broken = (sum(promise.kept is verdict for promise in judged) for verdict in (True, False))
    verdicts = [(VERDICTS[p.kept], p.what, p.figure, p.limit) for p in judged]
    body = _BODY.substitute(
        figures,
        setting=html.escape(f"{study.seeds} seeds · {study.trials} settings tried for each planner"),
        headline=html.escape(f"Planners side by side: {kept} promises kept, {broken} broken"),
        detail=html.escape(_DETAIL),
        promises=table([("", "what must hold", "measured", "promised"), *verdicts]),
        tables="\n".join(_tables(study)),
        versions=html.escape(_machine()),
    )
    report = folder / "report.html"
    report.write_text(document("Planners side by side", body), encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(summary(study, judged), indent=1) + "\n", encoding="utf-8")
    return report


def summary(study: Study, judged: Sequence[Promise]) -> dict[str, object]:
    """Return tables, promises and raw cells as plain values."""
    tables = {
        kind: {arena.name: [asdict(row) for row in rows(study, kind, arena.name)] for arena in study.arenas}
        for kind in TITLES
    }
    everything: list[Cell] = [cell for _, phase in study.phases() for cell in phase]
    raw = {cell.slug: result for cell, result in study.store.all(everything).items()}
    return {"machine": _machine(), "promises": [asdict(promise) for promise in judged], "tables": tables, "cells": raw}


def _tables(study: Study) -> list[str]:
    parts = []
    for kind, title in TITLES.items():
        parts.append(f"<h2>{html.escape(title.capitalize())}</h2>")
        for arena in study.arenas:
            found = [cells(row) for row in rows(study, kind, arena.name)]
            name = f"{arena.name}, {arena.budget_ms:g} ms" if kind == "time" else arena.name
            parts.append(table([(name, *HEADINGS[1:]), *found]))
    return parts


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; one thread a process; {versions}"
    )
