"""How a fast loop keeps its time: distributions in bins of a microsecond, at no cost that grows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

BINS = 50_000
"""Microseconds that are told apart; longer times count as this long in percentiles, and exactly in the maximum."""


class Histogram:
    """A distribution of times."""

    def __init__(self) -> None:
        self._counts = np.zeros(BINS, dtype=np.int64)
        self._largest = 0.0

    def add(self, seconds: float) -> None:
        """Count a time [s]; one below zero counts as zero."""
        self._counts[min(BINS - 1, max(0, int(1e6 * seconds)))] += 1
        self._largest = max(self._largest, seconds)

    def percentiles(self) -> Distribution:
        """Return the distribution so far [us]; zero where nothing was counted."""
        total = int(self._counts.sum())
        if total == 0:
            return Distribution(0.0, 0.0, 0.0)
        running = np.cumsum(self._counts)
        p50, p99 = (float(np.searchsorted(running, share * total)) for share in (0.5, 0.99))
        return Distribution(p50, p99, 1e6 * self._largest)


@dataclass(frozen=True)
class Distribution:
    """Times in microseconds."""

    p50: float
    p99: float
    max: float


@dataclass
class LoopTimes:
    """What a servo process writes down while it runs."""

    period: float
    """Of a cycle [s]."""
    lateness: Histogram = field(default_factory=Histogram)
    """How late cycles began."""
    work: Histogram = field(default_factory=Histogram)
    """How long their work took."""
    plan_age: Histogram = field(default_factory=Histogram)
    """Age of the plan in use, while running: time since it was published."""
    cycles: int = 0
    overruns: int = 0
    """Cycles that began more than a period late."""
    skipped: int = 0
    """Cycles that time had passed over."""

    def add(self, late: float, work: float, plan_age: float | None) -> None:
        """Count a cycle: how late it began, how long it took, and while running how old its plan was [s]."""
        self.cycles += 1
        self.overruns += late > self.period
        self.lateness.add(late)
        self.work.add(work)
        if plan_age is not None:
            self.plan_age.add(plan_age)

    def figures(self) -> dict[str, object]:
        """Return everything as plain numbers, times in microseconds."""
        times = {"lateness_us": self.lateness, "work_us": self.work, "plan_age_us": self.plan_age}
        counts = {name: getattr(self, name) for name in ("cycles", "overruns", "skipped")}
        return counts | {name: asdict(histogram.percentiles()) for name, histogram in times.items()}
