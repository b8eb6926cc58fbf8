"""Drive a contender over seeds, and what such drives say: costs with intervals, percentiles of plan time."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.planner_study.arenas import Arena
from benchmarks.planner_study.contenders import Contender
from benchmarks.planner_study.ranges import Setting
from benchmarks.planner_study.stopwatch import Stopwatch
from controller import bootstrap
from planners.problem import FloatArray

_RESAMPLES = 10_000


class Interval(NamedTuple):
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Drives:
    """One contender in one arena.

    Attributes:
        costs: mean cost per executed step, one a seed.
        cpu_ms: CPU time of every plan but the first ones [ms].
        wall_ms: the same on the wall clock [ms].
        evaluations: mean number of sequences rolled out per plan.
    """

    costs: list[float]
    cpu_ms: list[float]
    wall_ms: list[float]
    evaluations: float

    def report(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return {
            "costs": self.costs,
            "cpu_ms": percentiles(self.cpu_ms),
            "wall_ms": percentiles(self.wall_ms),
            "evaluations": self.evaluations,
        }


def drive(
    arena: Arena, contender: Contender, setting: Setting, budget: int, seeds: Sequence[int], *, short: bool = False
) -> Drives:
    """Drive a fresh planner once a seed."""
    costs: list[float] = []
    watches: list[Stopwatch] = []
    for seed in seeds:
        watch = Stopwatch(contender.start(arena, setting, budget, seed))
        with collected():
            costs.append(arena.drive(watch, seed, short=short, answers_late=contender.answers_late))
        watches.append(watch)
    figures = [watch.figures() for watch in watches]
    return Drives(
        costs,
        [ms for figure in figures for ms in figure["cpu_ms"]],
        [ms for figure in figures for ms in figure["wall_ms"]],
        float(np.mean([count for watch in watches for count in watch.evaluations])),
    )


@contextmanager
def collected() -> Iterator[None]:
    """Keep garbage collection out of what is timed, as the real-time loop does."""
    gc.collect()
    gc.freeze()  # what is there now stays: the next collection looks at what one drive left
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and max."""
    if not values:
        return dict.fromkeys(("p50", "p95", "p99", "max"), float("nan"))
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(max(values))}


def interval(values: Sequence[float] | FloatArray) -> Interval:
    """Return the mean with its bootstrap interval; the resamples are the same for every call."""
    sample = np.asarray(values, dtype=np.float64)
    picks = bootstrap.drawn_anew(np.random.default_rng(0), len(sample), resamples=_RESAMPLES)
    low, high = bootstrap.interval(sample[picks].mean(axis=1))
    return Interval(float(sample.mean()), float(low), float(high))
