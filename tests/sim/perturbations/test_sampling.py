from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sim.perturbations import (
    CrippledLeg,
    DeadMotor,
    LegLoss,
    LegMass,
    Locked,
    Motor,
    PerturbationError,
    Scaled,
    check,
    check_ranges,
    sample_condition,
)
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import SPLITS, Bands
from tests.sim.anatomies import ANATOMIES, OURS

ROACH, GO2 = ANATOMIES["roach"], ANATOMIES["go2"]
ALL_BANDS = [bands for item in OURS.values() for family in item.ranges.values() for bands in family.values()]

each_robot = pytest.mark.parametrize("anatomy", ANATOMIES.values(), ids=ANATOMIES)
each_of_ours = pytest.mark.parametrize("anatomy", OURS.values(), ids=OURS)


@pytest.mark.parametrize("bands", ALL_BANDS)
def test_held_out_bands_overlap_no_training_band_and_lie_inside_and_outside(bands: Bands) -> None:
    for (low, high), (kept_low, kept_high) in itertools.product(bands.train, bands.heldout):
        assert high <= kept_low or kept_high <= low
    low, high = min(min(bands.train)), max(max(bands.train))
    inside = [low < kept[0] and kept[1] < high for kept in bands.heldout]
    assert any(inside)
    assert not all(inside)


@each_robot
def test_held_out_leg_sets_are_never_trained(anatomy: Anatomy) -> None:
    sets = anatomy.leg_sets
    assert not set(sets.train) & set(sets.heldout)
    assert {len(legs) for legs in sets.heldout} == {len(legs) for legs in sets.train}


def test_the_crawlers_leg_sets_are_all_that_leave_each_side_a_leg() -> None:
    sets = (*ROACH.leg_sets.train, *ROACH.leg_sets.heldout)
    some = itertools.chain.from_iterable(itertools.combinations(ROACH.legs, count) for count in (1, 2, 3))
    sides = ("left", "right")
    assert set(sets) == {legs for legs in some if all(sum(leg.startswith(s) for leg in legs) < 3 for s in sides)}
    assert len(sets) == len(set(sets))
    assert ("left_middle",) in ROACH.leg_sets.heldout


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("family", ROACH.families)
def test_one_seed_draws_one_condition(family: str, split: str) -> None:
    first, second = (sample_condition(np.random.default_rng(3), family, split, ROACH) for _ in range(2))
    assert first == second
    assert len(first) == {"none": 0, "mixture": 2}.get(family, 1)


@pytest.mark.parametrize("split", SPLITS)
@each_of_ours
def test_draws_stay_in_their_split(anatomy: Anatomy, split: str) -> None:
    rng, held = np.random.default_rng(0), split == "heldout"
    bands, sets = anatomy.ranges["motor"]["gain"], anatomy.leg_sets
    for _ in range(50):
        (motor,) = sample_condition(rng, "motor", split, anatomy)
        assert isinstance(motor, Motor)
        assert motor.gains
        allowed = bands.heldout if held else bands.train
        assert all(any(low <= gain <= high for low, high in allowed) for _, gain in motor.gains)
        (loss,) = sample_condition(rng, "leg_loss", split, anatomy)
        assert isinstance(loss, LegLoss)
        assert loss.legs in (sets.heldout if held else sets.train)


def test_the_literatures_splits_are_as_published() -> None:
    cheetah, ant, rng = ANATOMIES["half-cheetah"], ANATOMIES["ant"], np.random.default_rng(0)
    for _ in range(20):
        (scaled,) = sample_condition(rng, "scaled", "heldout", cheetah)
        assert isinstance(scaled, Scaled)
        bands = [{low for low, high in kept if low <= value <= high} for kept, value in _scales(cheetah, scaled)]
        assert bands[0] == bands[1] != set()  # mass and damping out of the same interval
        (heavy,) = sample_condition(rng, "leg_mass", "train", ant)
        assert isinstance(heavy, LegMass)
        masses = dict(heavy.factors)
        assert masses["front_left"] == masses["front_right"] == pytest.approx(1.0 / masses["back_left"])
        assert masses["back_left"] == masses["back_right"] >= 1.0
        assert sample_condition(rng, "crippled_leg", "heldout", ant) == (CrippledLeg(("back_right",)),)


def _scales(anatomy: Anatomy, scaled: Scaled) -> list[tuple[tuple[tuple[float, float], ...], float]]:
    ranges = anatomy.ranges["scaled"]
    return [(ranges[name].heldout, getattr(scaled, name)) for name in ("mass", "damping")]


@each_robot
def test_whatever_is_drawn_for_a_robot_can_happen_to_it(anatomy: Anatomy) -> None:
    rng = np.random.default_rng(0)
    for family, split, _ in itertools.product(anatomy.families, SPLITS, range(20)):
        check(sample_condition(rng, family, split, anatomy), anatomy)


def test_a_robot_of_few_families_mixes_nothing() -> None:
    legless = replace(GO2, legs=(), limbs=(), leg_sets=type(GO2.leg_sets)(), ranges={"slope": GO2.ranges["slope"]})
    assert legless.families == ("none", "slope")
    with pytest.raises(PerturbationError, match="expected one of none, slope on robot go2, got 'leg_loss'"):
        sample_condition(np.random.default_rng(0), "leg_loss", "train", legless)


@each_robot
def test_ranges_are_complete(anatomy: Anatomy) -> None:
    check_ranges(anatomy)


@pytest.mark.parametrize(
    "family, bands, message",
    [
        (
            "slop",
            {},
            "ranges.slop: expected one of slope, leg_loss, payload, motor, .* locked, .* got 'slop'; did",
        ),
        ("push", {}, "ranges.push: expected one of"),
        ("slope", {"angel": ROACH.ranges["slope"]["angle"]}, "ranges.slope.angel: expected one of angle, got 'angel'"),
        ("slope", {}, "ranges.slope.angle: missing"),
        ("motor", {"gain": ROACH.ranges["motor"]["gain"]}, "ranges.motor.bias: missing"),
    ],
)
def test_ranges_that_nothing_can_be_drawn_from_are_refused(
    family: str, bands: Mapping[str, Bands], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_ranges(replace(ROACH, ranges={family: bands}))


def test_single_motors_are_drawn_from_those_that_are_not_kept_back_and_for_tests_from_those_that_are() -> None:
    families = {"dead_motor": {}, "locked": {"range": Bands(((0.1, 0.2), (0.3, 0.4)), ((0.2, 0.3), (0.05, 0.1)))}}
    kept = ("rear_left_hip", "rear_left_thigh", "rear_left_calf")
    anatomy = replace(GO2, ranges=families, kept_motors=kept)
    for family, split in itertools.product(families, SPLITS):
        rng = np.random.default_rng(0)
        drawn = [sample_condition(rng, family, split, anatomy)[0] for _ in range(200)]
        expected = set(kept) if split == "heldout" else set(GO2.motors) - set(kept)
        assert {item.motor for item in drawn if isinstance(item, DeadMotor | Locked)} == expected
        shares = [item.share for item in drawn if isinstance(item, Locked)]
        assert all(any(low <= x <= high for low, high in families["locked"]["range"].of(split)) for x in shares)
    everywhere = sample_condition(np.random.default_rng(0), "dead_motor", "heldout", replace(anatomy, kept_motors=()))
    assert isinstance(everywhere[0], DeadMotor)


def test_a_mixture_joins_two_kinds() -> None:
    rng = np.random.default_rng(0)
    drawn = [tuple(type(item) for item in sample_condition(rng, "mixture", "train", ROACH)) for _ in range(50)]
    assert all(first is not second for first, second in drawn)
    assert len(set(drawn)) > 5


@pytest.mark.parametrize("family, split", [("leg_los", "train"), ("leg_loss", "test")])
def test_unknown_names_are_refused(family: str, split: str) -> None:
    with pytest.raises(PerturbationError, match="expected one of"):
        sample_condition(np.random.default_rng(0), family, split, ROACH)
