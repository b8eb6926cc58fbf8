"""What the runs of the table come to: figures by row and entrant, and differences between runs of one seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.go2_table.cells import BEGIN, Cell
from benchmarks.go2_table.rows import COURSES, rows_of
from benchmarks.scoring import paired
from controller.bootstrap import Estimate, drawn_anew, estimate
from controller.jobs.study import Result
from controller.stress.scores import iqm

NEAR, FLOOR, SPAN = 1.2, 0.01, 0.5
"""An error is back that is within so many times the largest before the onset, or this [m], means over so long [s]."""
FEWEST = 3
"""Pairs below which there is no interval."""
Place = tuple[str, str]
"""A course and a row."""


@dataclass(frozen=True)
class Figures:
    """An entrant in a row; means over the runs that did not fall, medians where said, None of nothing.

    Attributes:
        runs: number.
        fell: of them.
        stopped: by a check of the guard, which is no fall.
        error: mean distance from the path from two seconds after the onset on [m].
        speed: along the path [m/s].
        recovery: until the error is back, median, infinite where most did not come back [s].
        energy: a metre [J/m].
    """

    runs: int
    fell: int
    stopped: int
    error: float | None
    speed: float | None
    recovery: float | None
    energy: float | None


class Runs:
    """All runs of one robot and kind of states."""

    def __init__(self, results: Mapping[Cell, Result]) -> None:
        self.count = len(results)
        self._found: dict[tuple[str, str, str], dict[int, Result]] = {}
        for cell, result in results.items():
            self._found.setdefault((cell.entrant.name, cell.course, cell.row), {})[cell.seed] = result

    def of(self, name: str, place: Place) -> dict[int, Result]:
        """Return the runs of an entrant in a row, by seed."""
        return self._found.get((name, *place), {})

    @property
    def names(self) -> list[str]:
        """Those who ran."""
        return list(dict.fromkeys(name for name, _, _ in self._found))

    def places(self, courses: Sequence[str] = COURSES, names: Sequence[str] = ()) -> list[Place]:
        """Return the rows that all of some entrants have runs in, in the order of the table; without names, anybody."""
        found = [(course, row.name) for course in courses for row in rows_of(course)]
        held = {(course, row) for _, course, row in self._found}
        return [place for place in found if place in held and all(self.of(name, place) for name in names)]


def figures(runs: Iterable[Result]) -> Figures:
    """Boil down the runs of an entrant in a row."""
    everything = list(runs)
    left = [run for run in everything if not run["fell"]]
    back = [recovery(run) for run in left]
    return Figures(
        runs=len(everything),
        fell=len(everything) - len(left),
        stopped=sum(run["stopped"] is not None for run in everything),
        error=_mean(left, "error_m"),
        speed=_mean(left, "speed"),
        recovery=float(np.percentile(back, 50.0, method="higher")) if back else None,
        energy=_mean(left, "energy"),
    )


def recovery(run: Result) -> float:
    """Return how long after the onset the error was back, and stayed for two seconds [s]; infinite where it was not.

    0 where it did not leave within three seconds.
    """
    distance, step = np.abs(run["distance_mm"]) / 1e3, run["period_s"]
    width, stay = max(1, round(SPAN / step)), max(1, round(2.0 / step))
    smooth = np.convolve(distance, np.full(width, 1.0 / width), mode="valid")
    since = step * np.arange(len(smooth)) - run["onset_s"]
    usual = smooth[(since >= BEGIN - run["onset_s"]) & (since < -SPAN)]
    beyond = smooth[since >= 0.0] > max(FLOOR, NEAR * usual.max(initial=0.0))
    since = since[since >= 0.0]
    left = np.flatnonzero(beyond & (since < 3.0))
    for index in range(int(left[0]) if left.size else len(beyond), len(beyond) - stay):
        if not beyond[index : index + stay].any():
            return float(since[index])
    return math.inf if left.size else 0.0


def difference(one: Mapping[int, Result], other: Mapping[int, Result]) -> Estimate | None:
    """Return by how much the error of one is larger than that of another, over seeds at which neither fell [m]."""
    pairs = _pairs(one, other)
    if len(pairs) < FEWEST:
        return None
    return Estimate(*paired([a - b for a, b in pairs], np.random.default_rng(0)))


def ratio(runs: Runs, one: str, other: str, places: Sequence[Place]) -> Estimate | None:
    """Return the interquartile mean over rows and seeds of the errors of one over those of another.

    Seeds are drawn anew within each row; where there are too few for that, rows.
    """
    rows = [np.array([a / b for a, b in _pairs(runs.of(one, place), runs.of(other, place))]) for place in places]
    rows = [row for row in rows if row.size]
    if not rows:
        return None
    rng = np.random.default_rng(0)
    if min(row.size for row in rows) < FEWEST:
        rows = [np.concatenate(rows)]
    again = np.concatenate([row[drawn_anew(rng, row.size)] for row in rows], axis=1)
    return estimate(float(iqm(np.concatenate(rows))), iqm(again))


def _pairs(one: Mapping[int, Result], other: Mapping[int, Result]) -> list[tuple[float, float]]:
    both = [(one[seed], other[seed]) for seed in sorted(one.keys() & other.keys())]
    return [(a["error_m"], b["error_m"]) for a, b in both if _stood(a) and _stood(b)]


def _stood(run: Result) -> bool:
    return not run["fell"] and run["error_m"] is not None


def _mean(runs: Sequence[Result], key: str) -> float | None:
    values = [run[key] for run in runs if run[key] is not None]
    return float(np.mean(values)) if values else None
