"""How a loop kept its time: its settings, and statistics gathered while it runs."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hardware.guard.checks import Trip
from hardware.schedule import Rung
from hardware.servo.servo import ServoReport
from hardware.servo.statistics import Distribution, Histogram
from hardware.spec import RobotSpec
from sim.strict import at_least, positive, require

WHOLE = 1e-6
"""How far a ratio of rates may be from a whole number."""


@dataclass(frozen=True)
class LoopSettings:
    """The rhythm of a run: tick k is due at start + k / rate_hz. Raises ValueError for a number out of its range."""

    rate_hz: float
    """Rate of the plan loop [Hz]; the servo rate must be a multiple of it."""
    seconds: float
    """Length of the run [s]."""
    delay_ticks: float = 1
    """Ticks between an observation and the first action that its plan decides."""
    varied: bool = False
    """Whether the servo varies an action within its tick, so that the mean of what it gave is what was applied."""
    stuck: float = 0.0
    """Time without getting on after which a robot on a path is stopped; 0 never stops it [s]."""
    warmup_ticks: int = 20
    """Ticks that are planned and thrown away before the robot is connected; real time only."""

    def __post_init__(self) -> None:
        positive(self, "rate_hz", "seconds")
        at_least(self, 0, "delay_ticks", "stuck", "warmup_ticks")
        require(self.ticks >= 1, "seconds", f"at least one tick at {self.rate_hz} Hz", self.seconds)

    @property
    def period(self) -> float:
        """Time between two ticks [s]."""
        return 1.0 / self.rate_hz

    @property
    def ticks(self) -> int:
        """Ticks of the whole run."""
        return round(self.seconds * self.rate_hz)

    def cycles_per_tick(self, spec: RobotSpec) -> int:
        """Return the servo cycles in a tick; ValueError when they do not come out even."""
        ratio = spec.servo_hz / self.rate_hz
        fits = ratio >= 1.0 - WHOLE and abs(ratio - round(ratio)) <= WHOLE
        expected = f"a whole part of the servo rate of robot {spec.name}, {spec.servo_hz} Hz"
        require(fits, "rate_hz", expected, self.rate_hz)
        return round(ratio)


@dataclass(frozen=True)
class Percentiles:
    """A distribution in four numbers; all zero when there was nothing to measure."""

    p50: float
    p95: float
    p99: float
    max: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return the distribution of `values` (N,)."""
    if not values:
        return Percentiles(0.0, 0.0, 0.0, 0.0)
    return Percentiles(*(float(value) for value in np.percentile(values, (50.0, 95.0, 99.0, 100.0))))


@dataclass(frozen=True)
class LoopResult:
    """How a run ended and kept its time; whatever happened, the robot was left damped and released."""

    ticks: int
    """Ticks that were planned."""
    misses: int
    """Ticks whose plan came later than a period after they were due, and ticks that were left out."""
    tick_ms: Percentiles
    """Time from the observation to the published plan [ms]."""
    response_ms: Percentiles
    """Time from when a tick was due to the published plan [ms]: what the delay compensation has to cover."""
    lateness_us: Distribution
    """How late servo cycles began [us]."""
    cycles: Mapping[Rung, int]
    """Servo cycles by what they played."""
    late_plans: int
    """Servo cycles that played an older plan further along because the newer one was not there yet."""
    guarded: int
    """Servo cycles in which the guard changed the command."""
    interrupted: bool
    fault: Trip | None

    @property
    def fell(self) -> bool:
        """True when the robot tilted beyond its limit."""
        return self.fault is not None and self.fault.fell


@dataclass
class Journal:
    """What a running loop writes down: the servo its cycles, the plan loop its ticks. Read it when both are done."""

    settings: LoopSettings
    warm_up: list[float] = field(default_factory=list)
    """How long ticks took that were planned for nothing before the run [s]."""
    tick_ms: array[float] = field(default_factory=lambda: array("d"))
    response_ms: array[float] = field(default_factory=lambda: array("d"))
    lateness: Histogram = field(default_factory=Histogram)
    cycles: Counter[Rung] = field(default_factory=Counter)
    misses: int = 0
    smallest: int = 0
    """Searches for which there was time for the least of their usual candidates only."""
    late_plans: int = 0
    guarded: int = 0
    interrupted: bool = False
    fault: Trip | None = None

    def add_tick(self, seconds: float, response: float) -> bool:
        """Note a tick's computing time and its response time [s]; return whether it was a miss."""
        self.tick_ms.append(1e3 * seconds)
        self.response_ms.append(1e3 * response)
        missed = response > self.settings.period
        self.misses += missed
        return missed

    def add_cycle(self, report: ServoReport, lateness: float) -> None:
        """Note a servo cycle and how late it began [s]."""
        self.lateness.add(lateness)
        self.cycles[report.rung] += 1
        newest = (math.ceil(self.settings.delay_ticks) + 1) * self.settings.period
        self.late_plans += report.rung is Rung.PLAN and report.plan_age > newest * (1.0 + WHOLE)
        self.guarded += bool(report.reasons)
        self.fault = self.fault or report.fault

    def result(self) -> LoopResult:
        """Return everything so far."""
        return LoopResult(
            ticks=len(self.tick_ms),
            misses=self.misses,
            tick_ms=percentiles(self.tick_ms),
            response_ms=percentiles(self.response_ms),
            lateness_us=self.lateness.percentiles(),
            cycles=dict(self.cycles),
            late_plans=self.late_plans,
            guarded=self.guarded,
            interrupted=self.interrupted,
            fault=self.fault,
        )
