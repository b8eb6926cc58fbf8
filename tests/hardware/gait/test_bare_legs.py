from __future__ import annotations

import math

import pytest

from controller.settings.robots import spec
from hardware.gait.bare_legs import BareLegs

FOOT = spec("go2").foot
assert FOOT is not None
PEG = spec("go2").drive.peg.pose  # type: ignore[union-attr]
CYCLE = 0.002
ANGLES = [0.1, 0.8, -1.6] * 4
FEET = [40.0, 40.0, 40.0, 40.0]
FAIR = [0.25, 0.25, 0.25, 0.25]


def watched(
    forces: list[float], loads: list[float], seconds: float, legs: BareLegs | None = None, felt: float | None = None
) -> BareLegs:
    """Feet that account for all that is felt, if nothing else is said."""
    assert FOOT is not None
    legs = legs or BareLegs(FOOT, 4, PEG)
    for _ in range(round(seconds / CYCLE)):
        legs.update(forces, loads, sum(forces) if felt is None else felt, CYCLE)
    return legs


def test_feet_that_bear_are_feet() -> None:
    legs = watched(FEET, FAIR, 1.0)
    assert not legs.any
    assert legs.bend(list(ANGLES)) == ANGLES
    assert legs.unload(FAIR) == FAIR


def test_a_foot_that_bears_nothing_in_stance_makes_its_leg_a_peg_without_load() -> None:
    legs = watched([40.0, 0.0, 40.0, 40.0], FAIR, 0.3)
    assert legs.any
    angles = legs.bend(list(ANGLES))
    assert angles[:3] + angles[6:] == ANGLES[:3] + ANGLES[6:]
    assert angles[3:5] == pytest.approx([0.0, 0.0], abs=1e-3)
    assert legs.unload(FAIR) == pytest.approx([0.25, 0.0, 0.25, 0.25], abs=1e-3)


@pytest.mark.parametrize("force, load", [(0.0, 0.0), (math.nan, 0.25)])
def test_a_foot_in_swing_or_without_a_sensor_says_nothing(force: float, load: float) -> None:
    assert not watched([force, 40.0, 40.0, 40.0], [load, 0.25, 0.25, 0.25], 1.0).any


def test_what_bears_again_is_a_foot_again() -> None:
    legs = watched([40.0, 0.0, 40.0, 40.0], FAIR, 0.3)
    assert not watched(FEET, FAIR, 0.3, legs).any
    assert legs.bend(list(ANGLES)) == pytest.approx(ANGLES, abs=1e-3)


@pytest.mark.parametrize(
    "lie",
    [[0.0] * 4, [4.0] * 4, [0.0, 40.0, 40.0, 0.0], [0.0, 400.0, 400.0, 400.0]],
    ids=["none", "tenth", "two", "raw"],
)
def test_feet_that_do_not_account_for_what_is_felt_make_no_pegs(lie: list[float]) -> None:
    legs = watched(FEET, FAIR, 0.5)
    assert not watched(lie, FAIR, 3.0, legs, felt=160.0).any


def test_feet_that_were_wrong_just_now_are_not_believed_when_they_happen_to_be_right() -> None:
    legs = watched([20.0] * 4, FAIR, 0.5, felt=160.0)
    assert not watched([0.0, 55.0, 55.0, 55.0], FAIR, 0.9, legs).any
    assert watched([0.0, 55.0, 55.0, 55.0], FAIR, 0.6, legs).any


def test_feet_that_bear_only_where_they_swing_are_those_of_other_legs_and_make_no_pegs() -> None:
    legs = watched(FEET, FAIR, 0.5)
    for _ in range(10):
        for swings in (True, False):
            first, last = [80.0 * swings, 80.0 * (not swings)], [0.5 * (not swings), 0.5 * swings]
            watched([*first, *first[::-1]], [*last, *last[::-1]], 0.2, legs)
            assert not legs.any


def test_beside_a_peg_another_leg_becomes_one_only_where_feet_bear_most() -> None:
    for bearing, pegs in ((100.0, 2), (60.0, 1)):
        legs = watched([0.0, 55.0, 55.0, 55.0], FAIR, 0.5)
        for load in (0.0, 0.25):  # the other one swings first
            watched([0.0, 0.0, bearing / 2, bearing / 2], [0.25, load, 0.25, 0.25], 0.5, legs, felt=160.0)
        assert sum(load < 1e-3 for load in legs.unload(FAIR)) == pegs
