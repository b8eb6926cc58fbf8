"""The pictures of the study: cost against time in every arena, and what less and less time costs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.drives import interval
from benchmarks.planner_study.entrants import DEFAULT
from benchmarks.planner_study.figures import rows
from benchmarks.planner_study.study import LADDER, SEQUENCES, Study
from controller.reports.plots import COLOURS, INK

_FAMILIES = {"ours": COLOURS[0], "peer": COLOURS[1], "published": COLOURS[2]}
_MARKERS = {"ours": "o", "peer": "s", "published": "^"}
_LINES = (*COLOURS, INK, "#56B4E9", "#E69F00")


def write_pictures(study: Study, folder: Path) -> dict[str, Path]:
    """Draw both pictures; returns their files by name."""
    files: dict[str, Path] = {}
    with _style():
        for draw in (cost_against_time, anytime):
            files[draw.__name__] = folder / f"{draw.__name__}.png"
            draw(study).savefig(files[draw.__name__], bbox_inches="tight")
    return files


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "legend.frameon": False,
            "figure.dpi": 150,
        }
    )


def cost_against_time(study: Study) -> Figure:
    """Cost per step against CPU time of a plan at equal evaluations; the line is the default with fewer sequences."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    places = figure.subplots(2, 2, squeeze=False).flatten()
    for axes in places[len(study.arenas) :]:
        axes.set_axis_off()
    for axes, arena in zip(places, study.arenas, strict=False):
        for row in rows(study, "equal", arena.name):
            x, colour = row.cpu_ms["p50"], _FAMILIES[row.family]
            error = [[row.cost.mean - row.cost.low], [row.cost.high - row.cost.mean]]
            axes.errorbar(x, row.cost.mean, error, fmt=_MARKERS[row.family], color=colour, markersize=5, elinewidth=1)
            axes.annotate(row.name, (x, row.cost.mean), xytext=(5, 3), textcoords="offset points", fontsize=7.5)
        _ladder(axes, study, arena.name)
        _in_ms(axes)
        axes.set_title(arena.name)
        axes.set_xlabel("CPU time of a plan, p50 [ms]")
        axes.set_ylabel("cost per step")
    return figure


def _in_ms(axes: Axes) -> None:
    """Give the axes logarithmic milliseconds with few, plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _ladder(axes: Axes, study: Study, arena: str) -> None:
    found = [study.store.get(Cell("equal", arena, DEFAULT, amount)) for amount in (*LADDER, SEQUENCES)]
    done = [result for result in found if result is not None]
    times = [result["cpu_ms"]["p50"] for result in done]
    axes.plot(times, [float(np.mean(result["costs"])) for result in done], color=_FAMILIES["ours"], linewidth=1.2)


def anytime(study: Study) -> Figure:
    """Cost and lateness against the budget; peers, which know no deadline, as points at what they need."""
    figure, arena = Figure(figsize=(11, 4.2), layout="constrained"), study.arenas[0].name
    left, right = figure.subplots(1, 2)
    hurried = [contender for contender in study.contenders if contender.hurries]
    for contender, colour in zip(hurried, _LINES, strict=False):
        result = study.store.get(Cell("anytime", arena, contender.name))
        if result is None:
            continue
        budgets = [row["budget_ms"] for row in result["rows"]]
        costs = [interval(row["costs"]) for row in result["rows"]]
        left.plot(budgets, [cost.mean for cost in costs], "o-", color=colour, markersize=4, label=contender.name)
        left.fill_between(budgets, [c.low for c in costs], [c.high for c in costs], color=colour, alpha=0.12)
        late = [row["late_ms"]["p99"] for row in result["rows"]]
        chunks = [row["chunk_ms"]["p99"] for row in result["rows"]]
        right.plot(budgets, late, "o-", color=colour, markersize=4, label=contender.name)
        right.plot(budgets, chunks, ":", color=colour, linewidth=1.2)
    for row in rows(study, "equal", arena):
        if row.family == "peer":
            left.plot(row.cpu_ms["p50"], row.cost.mean, "s", color="#8a939e", markersize=5)
            left.annotate(row.name, (row.cpu_ms["p50"], row.cost.mean), xytext=(4, 4), textcoords="offset points",
                          fontsize=7, color="#59626d")  # fmt: skip
    for axes, title, label in (
        (left, f"{arena}: cost with less time", "cost per step"),
        (right, "lateness p99 (dotted: one chunk)", "CPU time past the deadline [ms]"),
    ):
        _in_ms(axes)
        axes.set_title(title)
        axes.set_xlabel("budget of a plan [ms CPU]")
        axes.set_ylabel(label)
    left.legend()
    right.axhline(0, color=INK, linewidth=0.8)
    return figure
