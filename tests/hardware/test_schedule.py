"""Schedules: zero-order hold at absolute times, then hold, fade to rest, end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.schedule import ActionSchedule, Rung

REST = np.zeros(2)
ACTIONS = np.array([[10.0, 20.0], [30.0, 40.0]])


def make(expires: float = 1.3) -> ActionSchedule:
    """Knots at 1.0 and 1.1, end at 1.2, held to 1.25, faded until 1.3."""
    return ActionSchedule(start=1.0, step=0.1, actions=ACTIONS, expires=expires)


def played(schedule: ActionSchedule, time: float) -> list[float] | None:
    action = schedule.action(time, REST)
    return None if action is None else action.tolist()


@pytest.mark.parametrize(
    "time, expected, rung",
    [
        (0.5, [10.0, 20.0], Rung.PLAN),
        (1.0, [10.0, 20.0], Rung.PLAN),
        (1.0999, [10.0, 20.0], Rung.PLAN),
        (1.1, [30.0, 40.0], Rung.PLAN),
        (1.2, [30.0, 40.0], Rung.HOLD),
        (1.2499, [30.0, 40.0], Rung.HOLD),
        (1.275, [15.0, 20.0], Rung.FADE),
        (1.3, None, Rung.DAMP),
        (math.inf, None, Rung.DAMP),
        (math.nan, None, Rung.DAMP),
    ],
)
def test_an_action_for_every_time(time: float, expected: list[float] | None, rung: Rung) -> None:
    schedule = make()
    assert schedule.rung(time) is rung
    got = schedule.action(time, REST)
    assert (got is None) == (expected is None)
    if got is not None:
        assert got == pytest.approx(expected)


def test_fade_ends_at_the_rest_action() -> None:
    rest = np.array([1.0, -2.0])
    got = make().action(1.3 - 1e-9, rest)
    assert got is not None
    assert got == pytest.approx(rest, abs=1e-5)


def test_expiry_wins_over_knots_that_are_left() -> None:
    schedule = make(expires=1.15)
    assert played(schedule, 1.14) == [30.0, 40.0]
    assert played(schedule, 1.15) is None


def test_every_tick_boundary_plays_its_own_knot() -> None:
    """start + k * period rounds to either side of the knot; neither may play the neighbour."""
    for rate in (20.0, 50.0, 30.0):
        start, actions = 0.7, np.arange(2000.0)[:, None]
        schedule = ActionSchedule(start, 1 / rate, actions, expires=1e3)
        got = [schedule.action(start + knot / rate, np.zeros(1)) for knot in range(2000)]
        assert np.array_equal(np.array(got), actions)


def test_publishing_the_same_plan_later_changes_nothing() -> None:
    """A plan made one tick later that begins with the action under way continues the older one."""
    older = ActionSchedule(1.0, 0.1, np.array([[1.0], [2.0], [3.0]]), 5.0)
    newer = ActionSchedule(1.1, 0.1, np.array([[2.0], [3.0], [4.0]]), 5.0)
    for time in (1.1, 1.15, 1.2, 1.25):
        assert older.action(time, np.zeros(1)) == newer.action(time, np.zeros(1))


def test_what_is_played_is_a_copy() -> None:
    schedule = make()
    got = schedule.action(1.0, REST)
    assert got is not None
    got[:] = -1.0
    assert played(schedule, 1.0) == [10.0, 20.0]


@pytest.mark.parametrize(
    "start, step, actions, expires, message",
    [
        (math.nan, 0.1, ACTIONS, 1.0, "finite times"),
        (0.0, 0.1, ACTIONS, math.inf, "finite times"),
        (0.0, 0.0, ACTIONS, 1.0, "positive number of seconds, got 0.0"),
        (0.0, math.nan, ACTIONS, 1.0, "positive number of seconds"),
        (0.0, 0.1, ACTIONS[0], 1.0, r"got \(2,\)"),
        (0.0, 0.1, ACTIONS[:0], 1.0, r"got \(0, 2\)"),
    ],
)
def test_a_schedule_without_a_meaning_is_refused(
    start: float, step: float, actions: np.ndarray[tuple[int, ...], np.dtype[np.float64]], expires: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ActionSchedule(start, step, actions, expires)


TIMES = st.floats(-10.0, 10.0)


@given(
    start=TIMES,
    step=st.floats(1e-3, 1.0),
    knots=st.lists(st.floats(-60.0, 60.0), min_size=1, max_size=8),
    expires=TIMES,
    time=st.floats(allow_nan=True, allow_infinity=True),
    rest=st.floats(-5.0, 5.0),
)
def test_nothing_outside_the_span_of_knots_and_rest_and_nothing_after_expiry(
    start: float, step: float, knots: list[float], expires: float, time: float, rest: float
) -> None:
    schedule = ActionSchedule(start, step, np.array(knots)[:, None], expires)
    got = schedule.action(time, np.array([rest]))
    assert (got is None) == (not time < expires)
    if got is not None:
        assert min(*knots, rest) - 1e-9 <= got[0] <= max(*knots, rest) + 1e-9
