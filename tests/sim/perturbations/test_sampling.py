from __future__ import annotations

import itertools

import numpy as np
import pytest

from sim.perturbations import FAMILIES, LegLoss, Motor, PerturbationError, families, sample_condition
from sim.perturbations.checks import check
from sim.perturbations.sampling import JOINT_SHARE, LEG_SETS, MOTOR_BIAS, MOTOR_GAIN, RANGES, Bands, Split
from sim.robots import ANATOMIES

ALL_BANDS = [MOTOR_GAIN, MOTOR_BIAS, JOINT_SHARE]
ALL_BANDS += [bands for item in RANGES.values() for bands in (item.payload_mass, item.slope_angle, item.friction_mu)]
SPLITS: tuple[tuple[Split, tuple[tuple[float, float], ...]], ...]
SPLITS = (("train", MOTOR_GAIN.train), ("heldout", MOTOR_GAIN.heldout))


@pytest.mark.parametrize("bands", ALL_BANDS)
def test_held_out_bands_overlap_no_training_band_and_lie_inside_and_outside(bands: Bands) -> None:
    for (low, high), (kept_low, kept_high) in itertools.product(bands.train, bands.heldout):
        assert high <= kept_low or kept_high <= low
    low, high = min(min(bands.train)), max(max(bands.train))
    inside = [low < kept[0] and kept[1] < high for kept in bands.heldout]
    assert any(inside)
    assert not all(inside)


def test_held_out_leg_sets_are_never_trained() -> None:
    assert not set(LEG_SETS["train"]) & set(LEG_SETS["heldout"])
    assert ("left_middle",) in LEG_SETS["heldout"]
    assert {len(legs) for legs in LEG_SETS["heldout"]} == {len(legs) for legs in LEG_SETS["train"]} == {1, 2, 3}


def test_each_side_keeps_a_leg() -> None:
    for legs in LEG_SETS["train"] + LEG_SETS["heldout"]:
        assert all(sum(leg.startswith(side) for leg in legs) < 3 for side in ("left", "right"))


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("family", FAMILIES)
def test_one_seed_draws_one_condition(family: str, split: str) -> None:
    first, second = (sample_condition(np.random.default_rng(3), family, split) for _ in range(2))
    assert first == second
    assert len(first) == {"none": 0, "mixture": 2}.get(family, 1)


def test_draws_stay_in_their_split() -> None:
    rng = np.random.default_rng(0)
    for split, bands in SPLITS:
        for _ in range(50):
            (motor,) = sample_condition(rng, "motor", split)
            assert isinstance(motor, Motor)
            gains = [gain for gain in (motor.left, motor.right) if gain != 1.0]
            assert gains
            assert all(any(low <= gain <= high for low, high in bands) for gain in gains)
            (loss,) = sample_condition(rng, "leg_loss", split)
            assert isinstance(loss, LegLoss)
            assert loss.legs in LEG_SETS[split]


@pytest.mark.parametrize("robot", RANGES)
def test_whatever_is_drawn_for_a_robot_can_happen_to_it(robot: str) -> None:
    rng = np.random.default_rng(0)
    for family, split, _ in itertools.product(families(robot), ("train", "heldout"), range(20)):
        check(sample_condition(rng, family, split, robot), ANATOMIES[robot])


def test_an_unknown_robot_is_refused() -> None:
    with pytest.raises(PerturbationError, match="expected one of roach, go2, got 'go1'; did you mean 'go2'"):
        families("go1")


def test_a_mixture_joins_two_kinds() -> None:
    rng = np.random.default_rng(0)
    drawn = [tuple(type(item) for item in sample_condition(rng, "mixture")) for _ in range(50)]
    assert all(first is not second for first, second in drawn)
    assert len(set(drawn)) > 5


@pytest.mark.parametrize("family, split", [("leg_los", "train"), ("leg_loss", "test")])
def test_unknown_names_are_refused(family: str, split: str) -> None:
    with pytest.raises(PerturbationError, match="expected one of"):
        sample_condition(np.random.default_rng(0), family, split)
