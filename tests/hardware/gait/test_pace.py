from __future__ import annotations

import math

import pytest

from hardware.gait.pace import Pace

AHEAD, ASIDE = (0.2, 0.0, -0.3), (0.0, 0.15, -0.3)


def learned(forward: float, lateral: float, turn: float, seconds: float) -> Pace:
    pace = Pace()
    for _ in range(round(seconds / 0.002)):
        pace.update(forward, lateral, turn, 0.002)
    return pace


def test_one_that_is_too_slow_pushes_the_ground_back_and_one_that_is_too_fast_forward() -> None:
    assert learned(0.1, 0.0, 0.0, 0.5).force(AHEAD, 100.0) == pytest.approx((-10.0, 0.0), abs=0.5)
    assert learned(-0.1, 0.0, 0.0, 0.5).force(AHEAD, 100.0) == pytest.approx((10.0, 0.0), abs=0.5)
    assert learned(0.0, 0.1, 0.0, 0.5).force(AHEAD, 100.0) == pytest.approx((0.0, -10.0), abs=0.5)


def test_one_that_turns_too_little_to_the_left_pushes_the_ground_round_to_the_right() -> None:
    pace = learned(0.0, 0.0, 0.2, 0.5)
    (_, front), (left, _) = pace.force(AHEAD, 100.0), pace.force(ASIDE, 100.0)
    assert front < -1.0  # a front foot pushes to the right, so the front goes to the left
    assert left > 1.0


def test_what_is_learned_has_bounds_and_feet_share_it_as_they_bear() -> None:
    pace = learned(5.0, -5.0, 0.0, 10.0)
    assert math.hypot(*pace.force((0.0, 0.0, -0.3), 100.0)) == pytest.approx(30.0 * 2.0**0.5)
    assert pace.force(AHEAD, 0.0) == (0.0, 0.0)
