from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.courses.lead import Pose, Wanted, begun
from controller.courses.paths import START
from controller.loop.advance import Advance, GivenUp
from controller.loop.timing import LoopSettings
from hardware.guard.checks import Trip
from hardware.limits import Severity
from hardware.spec import CourseSize
from hardware.steering import STILL
from tests.controller.loops import Counter, Run

SIZE = CourseSize(1.0, ahead=0.6, behind=0.1, tick=0.15)


def watched(seconds: float, speeds: list[float], scale: float = 1.0) -> int | None:
    """Return the tick at which a robot of these speeds [m/s], ten ticks a second, is stopped."""
    advance, s = Advance(seconds, CourseSize(scale, ahead=0.6, behind=0.1, tick=0.15)), 0.0
    for tick, speed in enumerate(speeds):
        try:
            advance.look(0.1 * tick, replace(START, s=s))
        except GivenUp:
            return tick
        s += 0.1 * speed
    return None


def test_a_robot_that_does_not_get_on_for_so_long_is_stuck() -> None:
    assert watched(2.0, [0.3] * 20 + [0.0] * 40) == 20 + 19
    assert watched(2.0, [0.0] * 40) == 20, "from the beginning on, too"
    assert watched(2.0, [-0.3] * 40) == 20, "backwards is not on"
    assert watched(2.0, ([0.3] * 5 + [0.0] * 12) * 5) is None, "a stumble is none"


def test_how_slow_is_stuck_goes_with_the_size_of_the_robot() -> None:
    assert watched(2.0, [0.05] * 100) is None
    assert watched(2.0, [0.05] * 100, scale=3.0) == 20


def test_another_course_that_begins_is_no_way_back() -> None:
    advance = Advance(1.0, SIZE)
    for tick in range(40):
        advance.look(0.1 * tick, replace(START, s=0.02 * (tick % 20)))


def test_nobody_is_stopped_who_is_steered_or_where_it_is_off() -> None:
    assert watched(0.0, [0.0] * 100) is None
    advance = Advance(1.0, SIZE)
    for tick in range(50):
        advance.look(0.1 * tick, replace(START, s=math.nan))
        advance.look(0.1 * tick, replace(START, lead=begun(Pose(0.0, 0.0, 0.0), Wanted(0.0, STILL))))


def test_a_run_of_a_robot_that_is_stuck_ends_says_why_and_leaves_it_safe() -> None:
    run = Run(Counter(), seconds=3.0, stuck=1.0)
    result = run()
    assert result.ticks == 21
    expected = "the robot came 0.00 m along its path in 1 s, expected at least 0.03 (control.stuck)"
    assert result.fault == Trip("progress", Severity.SOFT, expected)
    assert not result.fell
    assert run.safe


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="stuck: expected"):
        LoopSettings(20.0, 1.0, stuck=-1.0)
