"""Clocks: time moves forward only, and a late sleeper does not shift the next deadline."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from hardware.clock import Beat, Tempo, VirtualClock, WallClock


def test_virtual_clock_jumps_to_the_deadline_and_never_back() -> None:
    clock = VirtualClock(start=2.0)
    clock.sleep_until(3.5)
    assert clock.now() == 3.5
    clock.sleep_until(1.0)
    assert clock.now() == 3.5


def test_virtual_clock_refuses_a_deadline_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="finite time"):
        VirtualClock().sleep_until(float("nan"))


def test_absolute_deadlines_do_not_drift() -> None:
    clock = VirtualClock()
    for tick in range(60 * 500):
        clock.sleep_until(tick / 500.0)
    assert clock.now() == 29_999 / 500.0


def test_wall_clock_starts_near_zero_and_wakes_after_the_deadline() -> None:
    clock = WallClock()
    start = clock.now()
    assert 0.0 <= start < 5.0
    clock.sleep_until(start + 0.01)
    assert clock.now() >= start + 0.01
    clock.sleep_until(start - 1.0)


def test_it_never_wakes_early() -> None:
    clock = WallClock()
    for delay in (-1.0, 0.0, 0.001, 0.01):
        deadline = clock.now() + delay
        clock.sleep_until(deadline)
        assert clock.now() >= deadline


def test_a_beat_keeps_its_deadlines_and_leaves_out_what_time_has_passed_over() -> None:
    clock = VirtualClock(start=3.0)
    beat = Beat(clock, 50.0, clock.now())
    beat.sleep_until(1)
    assert clock.now() == beat.due(1) == 3.0 + 1 / 50.0
    clock.sleep_until(3.0299)  # late, but not for the next one
    assert beat.after(1) == 2
    clock.sleep_until(3.1101)  # cycles 2, 3 and 4 are over, 5 is late
    assert beat.after(1) == 5
    beat.sleep_until(6)
    assert clock.now() == 3.0 + 6 / 50.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others have no clock that goes on in sleep")
def test_what_the_machine_sleeps_through_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = WallClock()
    awake, slept = clock.now(), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: awake)
    monkeypatch.setattr(
        time, "clock_gettime", lambda which: clock.origin + awake + slept * (which == time.CLOCK_BOOTTIME)
    )
    assert clock.now() == pytest.approx(awake + slept)


def test_a_tempo_slows_time_down_and_stops_it() -> None:
    base = VirtualClock()
    clock = Tempo(base)
    base.sleep_until(2.0)
    assert clock.now() == 2.0
    clock.speed = 0.25
    base.sleep_until(4.0)
    assert clock.now() == 2.5
    clock.speed = 0.0
    base.sleep_until(9.0)
    assert clock.now() == 2.5
    clock.speed = 1.0
    base.sleep_until(10.0)
    assert clock.now() == 3.5


def test_a_tempo_sleeps_through_a_pause() -> None:
    clock = Tempo(WallClock())
    clock.speed = 0.0
    waker = threading.Timer(0.1, lambda: setattr(clock, "speed", 1.0))
    waker.start()
    begun = time.monotonic()
    clock.sleep_until(0.05)
    assert time.monotonic() - begun > 0.1
    assert clock.now() >= 0.05
