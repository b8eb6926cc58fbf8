"""What the cells say, put side by side: the rows of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.contenders import Contender
from benchmarks.planner_study.drives import Interval, interval
from benchmarks.planner_study.entrants import DEFAULT
from benchmarks.planner_study.study import SEQUENCES, Study
from controller.jobs.study import Result


@dataclass(frozen=True)
class Row:
    """One contender in one arena.

    Attributes:
        name: of the contender.
        family: whose it is.
        sequences: per plan, as rolled out.
        cost: mean executed cost per step, with interval over seeds.
        gap: cost above that of the default planner with the same seeds, or None for the default itself.
        cpu_ms: plan time, p50 p95 p99 max.
        wall_ms: the same on the wall clock.
    """

    name: str
    family: str
    sequences: float
    cost: Interval
    gap: Interval | None
    cpu_ms: Mapping[str, float]
    wall_ms: Mapping[str, float]


def rows(study: Study, table: str, arena: str) -> list[Row]:
    """Return the rows of a table, `equal` evaluations or equal `time`, for one arena, cheapest first."""
    found: list[Row] = []
    results = [(contender, _result(study, table, arena, contender)) for contender in study.contenders]
    default = next((result for contender, result in results if contender.name == DEFAULT), None)
    for contender, result in results:
        if result is None:
            continue
        gap = None
        if default is not None and contender.name != DEFAULT:
            gap = interval(np.array(result["costs"]) - np.array(default["costs"]))
        found.append(
            Row(
                contender.name,
                contender.family,
                result["evaluations"],
                interval(result["costs"]),
                gap,
                result["cpu_ms"],
                result["wall_ms"],
            )
        )
    return sorted(found, key=lambda row: row.cost.mean)


def _result(study: Study, table: str, arena: str, contender: Contender) -> Result | None:
    """Return a contender's cell; one that does not scale has a single cell for both tables."""
    if table == "time" and contender.scales:
        return study.store.get(Cell("time", arena, contender.name))
    return study.store.get(Cell("equal", arena, contender.name, SEQUENCES))
