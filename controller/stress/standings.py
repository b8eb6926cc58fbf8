"""How the adapters of a stress suite stand: a row a condition and adapter, and the gap closed over many conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controller.bootstrap import Estimate
from controller.jobs.study import Result
from controller.stress.scores import Costs, gap_closed, iqm, paired
from controller.stress.settings import INFORMED, PLAIN, PROTOCOLS, StressCondition, StressSettings, Trial
from controller.telemetry.run_log import mean, numbers

PROMISED = "within + onset"
"""The group of which the default adapter's gap is promised."""


@dataclass(frozen=True)
class Measured:
    """A finished suite: its settings, and what every trial came to."""

    settings: StressSettings
    results: Mapping[Trial, Result]

    @property
    def anchored(self) -> bool:
        """Whether the zero and the one of the scores took part."""
        return {PLAIN, INFORMED} <= set(self.settings.adapters)

    def runs(self, condition: StressCondition, adapter: str) -> list[Result]:
        """Return the runs of an adapter in a condition, seed by seed."""
        return [self.results[Trial(condition, adapter, seed)] for seed in self.settings.seeds_of(adapter)]

    def costs(self, conditions: Sequence[StressCondition], adapter: str) -> Costs:
        """Return the costs of an adapter, which may have run at fewer seeds, beside those of the two anchors."""
        plain, other, informed = (
            np.array([[run["cost"] for run in self.runs(c, name)] for c in conditions], np.float64)
            for name in (PLAIN, adapter, INFORMED)
        )
        return Costs(plain, other, informed)


@dataclass(frozen=True)
class Row:
    """One adapter in one condition, over all its seeds; None stands for a mean of nothing.

    Attributes:
        protocol: of the condition.
        cost: per step, interquartile mean.
        saved: cost of the plain model less its own, paired; None without the plain model.
        score: gap closed; None where there is no head-room, or one of the anchors did not run.
        path_error_m: mean over runs.
        progress_m: mean over runs.
        failures: runs that fell or were stopped.
        error_prior: model error without adaptation, mean over runs.
        error_adapted: the same with it.
        recovery_s: median over runs, infinite where most did not recover; None where nothing sets in.
    """

    protocol: str
    condition: str
    adapter: str
    seeds: int
    cost: float
    saved: Estimate | None
    score: Estimate | None
    path_error_m: float | None
    progress_m: float | None
    failures: int
    error_prior: float | None
    error_adapted: float | None
    recovery_s: float | None


@dataclass(frozen=True)
class Standings:
    """How everybody did.

    Attributes:
        measured: what it was worked out from.
        room: cost between plain and informed model in each condition; empty when one of them did not run.
        rows: one a condition and adapter.
        suites: gap closed {group: {adapter: estimate}}; a group in which no condition has head-room is left out.
    """

    measured: Measured
    room: Mapping[str, Estimate]
    rows: tuple[Row, ...]
    suites: Mapping[str, Mapping[str, Estimate]]

    def row(self, condition: str, adapter: str) -> Row:
        """Return one row."""
        return next(row for row in self.rows if (row.condition, row.adapter) == (condition, adapter))

    def roomy(self, conditions: Sequence[StressCondition]) -> tuple[StressCondition, ...]:
        """Return the conditions in which there is something to gain: the interval of the gap excludes zero."""
        return tuple(c for c in conditions if c.name in self.room and self.room[c.name].low > 0.0)


def standings(measured: Measured) -> Standings:
    """Work out how the adapters stand; the same runs give the same figures, whoever else took part."""
    settings = measured.settings
    shown = settings.conditions if measured.anchored else ()
    room = {c.name: paired(measured.costs((c,), PLAIN).gap[0], _rng()) for c in shown}
    bare = Standings(measured, room, (), {})
    rows = tuple(_row(bare, c, adapter) for c in settings.conditions for adapter in settings.adapters)
    suites = {
        group: {adapter: gap_closed(measured.costs(conditions, adapter), _rng()) for adapter in settings.adapters}
        for group, everything in groups(settings).items()
        if (conditions := bare.roomy(everything))
    }
    return Standings(measured, room, rows, suites)


def groups(settings: StressSettings) -> dict[str, tuple[StressCondition, ...]]:
    """Return the conditions of each figure over several of them: every protocol, what is promised of, and all."""
    found = {protocol: tuple(c for c in settings.conditions if c.protocol == protocol) for protocol in PROTOCOLS}
    found[PROMISED] = found["within"] + found["onset"]
    return {name: conditions for name, conditions in (found | {"all": settings.conditions}).items() if conditions}


def _row(bare: Standings, condition: StressCondition, adapter: str) -> Row:
    measured = bare.measured
    runs = measured.runs(condition, adapter)
    cost = numbers(run["cost"] for run in runs)
    saved = None
    if PLAIN in measured.settings.adapters:
        plain = numbers(run["cost"] for run in measured.runs(condition, PLAIN)[: len(runs)])
        saved = paired(plain - cost, _rng())
    roomy, errors = bare.roomy((condition,)), [run["prediction_error"] for run in runs]
    return Row(
        protocol=condition.protocol,
        condition=condition.name,
        adapter=adapter,
        seeds=len(runs),
        cost=float(iqm(cost)),
        saved=saved,
        score=gap_closed(measured.costs(roomy, adapter), _rng()) if roomy else None,
        path_error_m=mean(numbers(run["path_error_m"] for run in runs)),
        progress_m=mean(numbers(run["progress_m"] for run in runs)),
        failures=sum(run["failed"] is not None for run in runs),
        error_prior=mean(numbers(error["prior"] for error in errors)),
        error_adapted=mean(numbers(error["adapted"] for error in errors)),
        recovery_s=median_recovery(runs),
    )


def median_recovery(runs: Sequence[Result]) -> float | None:
    """Return the median recovery time [s], a run that did not recover counting as infinite; None without an onset."""
    times = [math.inf if run["recovery_s"] is None else run["recovery_s"] for run in runs if run["onset_s"] is not None]
    # Not the mean of the middle two, which would be infinite or NaN beside an infinite one without need.
    return float(np.percentile(times, 50.0, method="higher")) if times else None


def _rng() -> np.random.Generator:
    """The same resamples for everybody."""
    return np.random.default_rng(0)
