"""Loop settings and statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controller.loop.timing import Journal, LoopSettings, Percentiles, percentiles
from hardware.guard.checks import Trip
from hardware.limits import Severity
from hardware.schedule import Rung
from hardware.servo.servo import ServoReport
from tests.hardware.loopback import make_spec


def report(rung: Rung = Rung.PLAN, age: float = 0.0, fault: Trip | None = None) -> ServoReport:
    return ServoReport(np.zeros(2), rung, age, () if fault is None else (str(fault),), fault)


@pytest.mark.parametrize(
    "rate, seconds, name",
    [(0.0, 1.0, "rate_hz"), (math.nan, 1.0, "rate_hz"), (20.0, math.inf, "seconds"), (20.0, 0.01, "seconds")],
)
def test_rhythm_without_a_meaning_is_refused(rate: float, seconds: float, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}"):
        LoopSettings(rate_hz=rate, seconds=seconds)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="delay_ticks"):
        LoopSettings(rate_hz=20.0, seconds=1.0, delay_ticks=-1)


@pytest.mark.parametrize("rate, cycles", [(20.0, 5), (50.0, 2), (100.0, 1)])
def test_servo_cycles_come_out_even(rate: float, cycles: int) -> None:
    assert LoopSettings(rate_hz=rate, seconds=1.0).cycles_per_tick(make_spec(servo_hz=100.0)) == cycles


@pytest.mark.parametrize("rate", [30.0, 200.0])
def test_other_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate_hz: expected a whole part of the servo rate of robot loopback"):
        LoopSettings(rate_hz=rate, seconds=1.0).cycles_per_tick(make_spec(servo_hz=100.0))


def test_ticks_are_counted_whole() -> None:
    assert LoopSettings(rate_hz=20.0, seconds=0.3).ticks == 6


def test_percentiles_of_known_values() -> None:
    assert percentiles([float(value) for value in range(101)]) == Percentiles(50.0, 95.0, 99.0, 100.0)
    assert percentiles([]) == Percentiles(0.0, 0.0, 0.0, 0.0)


def test_tick_is_missed_when_its_plan_comes_after_the_next_boundary() -> None:
    journal = Journal(LoopSettings(rate_hz=20.0, seconds=1.0))
    assert [journal.add_tick(0.01, response) for response in (0.01, 0.05, 0.051)] == [False, False, True]
    statistics = journal.result()
    assert (statistics.ticks, statistics.misses) == (3, 1)
    assert statistics.tick_ms.max == pytest.approx(10.0)
    assert statistics.response_ms.max == pytest.approx(51.0)


def test_old_plan_is_late_once_a_newer_one_should_play() -> None:
    journal = Journal(LoopSettings(rate_hz=20.0, seconds=1.0, delay_ticks=1))
    for age in (0.0, 0.05, 0.09, 0.11):
        journal.add_cycle(report(age=age), lateness=0.002)
    journal.add_cycle(report(Rung.HOLD, age=1.0), lateness=0.001)
    statistics = journal.result()
    assert statistics.late_plans == 1
    assert statistics.cycles == {Rung.PLAN: 4, Rung.HOLD: 1}
    assert statistics.lateness_us.max == pytest.approx(2000.0)


def test_first_fault_is_kept() -> None:
    journal = Journal(LoopSettings(rate_hz=20.0, seconds=1.0))
    tilt, stale = Trip("tilt", Severity.HARD, "80 deg"), Trip("state_age", Severity.HARD, "1 s")
    assert not journal.result().fell
    for fault in (None, tilt, stale):
        journal.add_cycle(report(fault=fault), lateness=0.0)
    result = journal.result()
    assert result.fault == tilt
    assert result.fell
    assert result.guarded == 2
