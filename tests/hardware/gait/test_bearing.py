from __future__ import annotations

import pytest

from controller.settings.robots import spec
from hardware.gait.bearing import Bearing
from hardware.legs import Triple

LEGS = spec("go2").legs
TOLD: list[Triple] = [(leg.x, leg.y + leg.offset, -0.3) for leg in LEGS]
FAIR = [0.25] * 4


def learned(short: list[float], loads: list[float], seconds: float, reach: float = 0.08) -> Bearing:
    bearing = Bearing(LEGS, reach)
    feet: list[Triple | None] = [(x, y, z + up) for (x, y, z), up in zip(TOLD, short, strict=True)]
    for _ in range(round(seconds / 0.002)):
        bearing.update(TOLD, feet, loads, 0.002)
    return bearing


def test_legs_as_long_as_told_teach_nothing() -> None:
    bearing = learned([0.0] * 4, FAIR, 2.0)
    assert bearing.shares == [1.0] * 4
    assert bearing.centre == pytest.approx((0.0, 0.0))


def test_a_leg_that_gives_is_given_more_and_the_feet_go_to_where_it_stands() -> None:
    bearing = learned([0.01, 0.0, 0.0, 0.0], FAIR, 0.5)
    assert bearing.shares[0] > 1.2
    assert bearing.shares[1:] == [1.0] * 3
    assert min(bearing.centre) > 0.002  # front left


def test_legs_that_all_give_carry_a_load_that_is_not_off_centre() -> None:
    bearing = learned([0.01] * 4, FAIR, 0.5)
    assert min(bearing.shares) > 1.2
    assert bearing.centre == pytest.approx((0.0, 0.0), abs=1e-6)


def test_what_is_learned_has_bounds() -> None:
    for short in (0.1, -0.1):
        bearing = learned([short, short, -short, -short], FAIR, 20.0, reach=0.05)
        assert 0.4 <= min(bearing.shares) < max(bearing.shares) <= 2.5
        assert abs(bearing.centre[0]) <= 0.05


def test_a_leg_in_the_air_teaches_nothing_and_what_was_learned_fades() -> None:
    assert learned([0.01] * 4, [0.0] * 4, 1.0).shares == [1.0] * 4
    bearing = learned([0.01] * 4, FAIR, 1.0)
    before = bearing.shares[0]
    for _ in range(5000):
        bearing.update(TOLD, [None] * 4, FAIR, 0.002)
    assert 1.0 < bearing.shares[0] < before
