"""Every check of a robot's file: where it trips, how badly, and how it is said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hardware.guard.checks import Growth, Trip, Watch
from hardware.limits import Check, Checks, Severity
from hardware.robot import RobotState
from tests.hardware.four_legs import COUNT, GO2, state

WARN, SOFT, HARD = Severity.WARN, Severity.SOFT, Severity.HARD


def tilted(roll: float = 0.0, pitch: float = 0.0) -> RobotState:
    half = 0.5 * (roll + pitch)
    axis = [1.0, 0.0] if roll else [0.0, 1.0]
    return replace(state(), quaternion=np.array([math.cos(half), *(math.sin(half) * np.array(axis)), 0.0]))


def one(trips: tuple[Trip, ...]) -> tuple[str, Severity]:
    assert len(trips) == 1, trips
    return trips[0].check, trips[0].severity


@pytest.mark.parametrize(
    "seen, now, expected",
    [
        (replace(state(), faults=("motor 3 is hot",)), 0.0, ("robot", HARD)),
        (state(0.0), 0.011, ("state_age", WARN)),
        (state(0.0), 0.051, ("state_age", HARD)),
        (state(0.051), 0.0, ("state_age", HARD)),
        (tilted(roll=0.7), 0.0, ("roll", WARN)),
        (tilted(roll=-0.95), 0.0, ("roll", HARD)),
        (tilted(pitch=0.85), 0.0, ("pitch", WARN)),
        (tilted(pitch=1.35), 0.0, ("pitch", HARD)),
        (replace(state(), motor_position=np.full(COUNT, -0.7)), 0.0, ("joint_position", WARN)),
        (replace(state(), motor_position=np.full(COUNT, -1.2)), 0.0, ("joint_position", HARD)),
        (replace(state(), motor_velocity=np.full(COUNT, -31.0)), 0.0, ("joint_velocity", WARN)),
        (replace(state(), motor_temperature=np.array([40.0] * 11 + [75.0])), 0.0, ("temperature", WARN)),
        (replace(state(), motor_temperature=np.array([40.0] * 11 + [81.0])), 0.0, ("temperature", SOFT)),
        (replace(state(), charge=0.2), 0.0, ("charge", WARN)),
        (replace(state(), charge=0.1), 0.0, ("charge", SOFT)),
        (replace(state(), battery=23.0), 0.0, ("voltage", SOFT)),
        (replace(state(), charge=math.nan), 0.0, ("charge", WARN)),
        (replace(state(), motor_velocity=np.full(COUNT, math.nan)), 0.0, ("joint_velocity", WARN)),
    ],
)
def test_each_check_trips_by_itself(seen: RobotState, now: float, expected: tuple[str, Severity]) -> None:
    assert Watch(GO2).look(state(), 0.0) == ()
    assert one(Watch(GO2).look(seen, now)) == expected


def test_a_trip_says_what_was_measured_and_what_the_limit_is() -> None:
    (hot,) = Watch(GO2).look(replace(state(), motor_temperature=np.full(COUNT, 85.0)), 0.0)
    (low,) = Watch(GO2).look(replace(state(), charge=0.1), 0.0)
    assert (str(hot), str(low)) == ("temperature: 85 deg C, limit 80", "charge: 10 %, at least 15")


def test_the_worst_comes_first() -> None:
    seen = replace(tilted(roll=1.0), charge=0.1, motor_temperature=np.full(COUNT, 75.0))
    assert [trip.severity for trip in Watch(GO2).look(seen, 0.0)] == [HARD, SOFT, WARN]
    assert Watch(GO2).look(seen, 0.0)[0].fell


def test_a_check_that_is_off_is_not_looked_at() -> None:
    none = Checks(slew=Check(WARN, 25.0), robot=Check(), state_age=Check(), attitude=Check())
    blind = replace(GO2, wire=None, checks=none)
    ruin = replace(tilted(roll=3.0), time=math.nan, faults=("broken",), charge=0.0)
    assert Watch(blind).look(ruin, 0.0) == ()


def test_a_tick_that_stands_still_trips_after_a_while() -> None:
    watch = Watch(GO2)
    times = [0.002 * cycle for cycle in range(40)]
    trips = [watch.look(replace(state(time), tick=min(time, 0.01)), time) for time in times]
    first = {trip.severity: time for time, found in reversed(list(zip(times, trips, strict=True))) for trip in found}
    assert first[WARN] == pytest.approx(0.01 + 0.02, abs=0.0025)
    assert first[HARD] == pytest.approx(0.01 + 0.05, abs=0.0025)


def test_a_tick_that_goes_back_is_a_restart() -> None:
    watch = Watch(GO2)
    watch.look(replace(state(5.0), tick=100.0), 5.0)
    assert one(watch.look(replace(state(5.002), tick=0.004), 5.002)) == ("robot", HARD)
    assert watch.look(replace(state(5.004), tick=0.006), 5.004) == ()


@pytest.mark.parametrize(
    "name, field, value",
    [
        ("lost", "lost", np.full(COUNT, 60.0)),
        ("bad_packets", "bad_packets", 60),
        ("second_writer", "foreign_commands", 1),
    ],
)
def test_counters_matter_by_their_growth(name: str, field: str, value: object) -> None:
    watch, grown = Watch(GO2), {field: value}
    assert watch.look(replace(state(9.0), **grown), 9.0) == ()  # type: ignore[arg-type]
    fresh = Watch(GO2)
    fresh.look(state(9.0), 9.0)
    assert one(fresh.look(replace(state(9.1), **grown), 9.1))[0] == name  # type: ignore[arg-type]
    later = [fresh.look(replace(state(9.1 + 0.1 * k), **grown), 9.1 + 0.1 * k) for k in range(1, 13)]  # type: ignore[arg-type]
    assert later[-1] == ()


@pytest.mark.parametrize("earlier", [0.0, 1000.0])
def test_a_motor_that_loses_packets_shows_whatever_another_lost_before(earlier: float) -> None:
    watch, lost = Watch(GO2), np.zeros(COUNT)
    lost[0] = earlier
    assert watch.look(replace(state(9.0), lost=lost.copy()), 9.0) == ()
    lost[4] = 60.0
    assert one(watch.look(replace(state(9.1), lost=lost), 9.1))[0] == "lost"


def test_late_cycles_are_counted() -> None:
    watch = Watch(GO2)
    for cycle in range(30):
        trips = watch.look(state(0.01 * cycle), 0.01 * cycle, late=0.0021)
    assert one(trips) == ("overruns", WARN)
    assert all(Watch(GO2).look(state(), 0.0, late=0.0019) == () for _ in range(30))


def test_growth_forgets_after_a_second_and_starts_again_after_a_reset() -> None:
    growth = Growth()
    assert growth.update(10.0, 0.0) == 0.0
    assert growth.update(13.0, 0.5) == 3.0
    assert growth.update(13.0, 1.2) == 3.0
    assert growth.update(13.0, 1.6) == 0.0
    assert growth.update(1.0, 1.7) == 0.0
    assert math.isnan(growth.update(math.nan, 1.8))
