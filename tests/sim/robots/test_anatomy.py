from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from controller.settings.layers import Layer, plain, resolve
from sim.robots.anatomy import Anatomy
from sim.robots.equipment import Load, Units
from sim.robots.ranges import Bands, LegSets
from tests.sim.anatomies import ANATOMIES

ROACH, GO2 = ANATOMIES["roach"], ANATOMIES["go2"]
BOX = (0.1, 0.1, 0.1)


@pytest.mark.parametrize(
    "train, heldout, message",
    [
        ((), ((0.0, 1.0),), "train: expected at least one interval, got none"),
        (
            ((1.0, 0.5),),
            ((2.0, 3.0),),
            r"train: expected intervals \[low, high\] with low < high, got \[1.0, 0.5\]",
        ),
        (((0.0, 1.0),), ((1.0, math.inf),), "heldout: expected intervals"),
        (((0.0, math.nan),), ((1.0, 2.0),), "train: expected intervals"),
        (((0.0, 1.0),), ((0.9, 2.0),), "heldout: expected intervals that overlap no other, got one that begins at 0.9"),
    ],
)
def test_bands_are_intervals_apart(
    train: tuple[tuple[float, float], ...], heldout: tuple[tuple[float, float], ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Bands(train, heldout)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"motors": ()}, "motors: expected one or more different names, got none"),
        ({"motors": ("left", "left")}, "motors: expected one or more different names, got left, left"),
        ({"limbs": ("left_front",)}, "limbs: expected 6 names, one a leg, or none, got 1"),
        ({"jammed": -0.1}, "jammed: expected a positive number, got -0.1"),
        ({"push": math.nan}, "push: expected a positive number, got nan"),
        ({"armature": 0.01}, "armature: expected 0 where the body's own stay, got 0.01"),
        ({"body": "r.urdf", "armature": -1.0}, "armature: expected zero or a positive number, got -1.0"),
        ({"body": "r.xml", "verbatim": True, "armature": 0.01}, "armature: expected 0 where the body's own stay"),
        ({"servo": "position"}, "motor_bias: expected 0 on motors that follow no speeds, got 30.0"),
        ({"leg_sets": LegSets((("left_fron",),), (("left_rear",),))}, "leg_sets.train: expected one of left_front, "),
        ({"leg_sets": LegSets((("left_front",),))}, "leg_sets.heldout: expected one or more sets of legs, got none"),
    ],
)
def test_an_anatomy_that_cannot_be_is_refused(change: Mapping[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ROACH, **change)  # type: ignore[arg-type]


def test_loads_and_units_are_positive_and_drawn_within_reach() -> None:
    with pytest.raises(ValueError, match=r"drawn\[1\]: expected a number in \[0, 0.1\], got 0.2"):
        Load(BOX, 0.0, 1.0, reach=(0.2, 0.1), drawn=(0.2, 0.2))
    with pytest.raises(ValueError, match="heaviest: expected a positive number, got 0.0"):
        Load(BOX, 0.0, 0.0, reach=(0.2, 0.1), drawn=(0.0, 0.0))
    with pytest.raises(ValueError, match="force: expected a positive number, got -1.0"):
        Units(1.0, 1.0, -1.0)


def test_limbs_and_feet_are_called_like_their_legs_unless_named() -> None:
    assert ROACH.limb("left_rear") == ROACH.foot("left_rear") == "left_rear"
    assert (GO2.limb("rear_left"), GO2.foot("rear_left")) == ("rear_left_calf", "rear_left")


@pytest.mark.parametrize("anatomy", ANATOMIES.values(), ids=ANATOMIES)
def test_an_anatomy_is_plain_data(anatomy: Anatomy) -> None:
    assert resolve(Anatomy, [Layer("robot.yaml", plain(anatomy), is_file=True)]) == anatomy
