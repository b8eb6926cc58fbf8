"""What the simulation must know of one robot: its parts, how large things may be, what conditions are drawn from.

All of it is data, from the robot's file; a mistake in it is an error that begins with the field.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

Split = Literal["train", "heldout"]
SPLITS: tuple[Split, ...] = get_args(Split)
Servo = Literal["velocity", "position", "torque"]
Root = Literal["free", "planar"]
Band = tuple[float, float]


@dataclass(frozen=True)
class Bands:
    """Disjoint intervals of one parameter: what is trained on, and what is kept back for tests."""

    train: tuple[Band, ...]
    heldout: tuple[Band, ...]

    def __post_init__(self) -> None:
        for split in SPLITS:
            _check(bool(self.of(split)), split, "at least one interval", "none")
            for low, high in self.of(split):
                _check(-math.inf < low < high < math.inf, split, "intervals [low, high] with low < high", [low, high])
        ends = sorted((*self.train, *self.heldout))
        for (_, high), (low, _) in itertools.pairwise(ends):
            _check(high <= low, "heldout", "intervals that overlap no other", f"one that begins at {low:g}")

    def of(self, split: Split) -> tuple[Band, ...]:
        """Return the intervals of a split."""
        return self.train if split == "train" else self.heldout

    def draw(self, rng: np.random.Generator, split: Split) -> float:
        """Return a value uniform over the intervals of a split."""
        bands = self.of(split)
        widths = np.array([high - low for low, high in bands])
        low, high = bands[int(rng.choice(len(bands), p=widths / widths.sum()))]
        return float(rng.uniform(low, high))


@dataclass(frozen=True)
class LegSets:
    """Which legs are lost together, in training and in what is kept back."""

    train: tuple[tuple[str, ...], ...] = ()
    heldout: tuple[tuple[str, ...], ...] = ()

    def of(self, split: Split) -> tuple[tuple[str, ...], ...]:
        """Return the sets of a split."""
        return self.train if split == "train" else self.heldout


@dataclass(frozen=True)
class Load:
    """Payloads: the box that stands for one, and what may lie where."""

    half: tuple[float, float, float]
    """Half the size of the box [m]."""
    back: float
    """Height of the back over the trunk's origin, where the box lies [m]."""
    heaviest: float
    """[kg]"""
    reach: tuple[float, float]
    """How far from the middle one may lie, forward and sideways [m]."""
    drawn: tuple[float, float]
    """How far from the middle those lie that are drawn [m]."""

    def __post_init__(self) -> None:
        _positive("half", *self.half)
        _check(math.isfinite(self.back), "back", "a height", self.back)
        _positive("heaviest", self.heaviest)
        _positive("reach", *self.reach)
        for drawn, reach in zip(self.drawn, self.reach, strict=True):
            _check(0.0 <= drawn <= reach, "drawn", f"0 to the reach of {reach:g}", drawn)


@dataclass(frozen=True)
class Units:
    """What counts as one in a description of a condition."""

    payload: float
    """[kg]"""
    moment: float
    """A payload's mass times its place [kg m]."""
    force: float
    """[N]"""

    def __post_init__(self) -> None:
        for name in ("payload", "moment", "force"):
            _positive(name, getattr(self, name))


@dataclass(frozen=True)
class Anatomy:
    """One robot as its simulation knows it."""

    name: str
    body: str
    """Name of a builder in `sim.robots.BUILDERS`, or path of an MJCF file."""
    motors: tuple[str, ...]
    """Joints that are driven, in the order of commands."""
    servo: Servo
    """What a motor follows: speeds, angles, or torques alone. Worn motors that follow speeds have a gain and a bias on
    them, others give a share of their torque."""
    load: Load
    units: Units
    jammed: float
    """Dry friction of a stuck motor [N m], many times what the robot's weight can put on it."""
    push: float
    """Largest knock along an axis [N s]."""
    motor_bias: float = 0.0
    """Largest error of a motor's speed; 0 where motors do not follow speeds [rad/s]."""
    root: Root = "free"
    """How the trunk moves: freely, or in the plane of x and z."""
    trunk: str = "trunk"
    """The body that moves freely and carries all others."""
    legs: tuple[str, ...] = ()
    limbs: tuple[str, ...] = ()
    """Body that each leg loses when it breaks; empty where bodies are called like their legs."""
    feet: tuple[str, ...] = ()
    """Geom of each leg that touches the ground; empty where geoms are called like their legs."""
    leg_sets: LegSets = LegSets()
    """What the family leg_loss draws from."""
    ranges: Mapping[str, Mapping[str, Bands]] = field(default_factory=dict)
    """What may be drawn, family by family, and the parameters of each."""

    def __post_init__(self) -> None:
        _check(bool(self.motors), "motors", "one or more", "none")
        for key in ("motors", "legs", "limbs", "feet"):
            names = getattr(self, key)
            _check(len(set(names)) == len(names), key, "different names", ", ".join(names))
        for key in ("limbs", "feet"):
            count = len(getattr(self, key))
            _check(count in (0, len(self.legs)), key, f"none or one for each of {len(self.legs)} legs", count)
        _positive("jammed", self.jammed)
        _positive("push", self.push)
        speeds = self.servo == "velocity"
        _check(0.0 <= self.motor_bias < math.inf, "motor_bias", "0 or more", self.motor_bias)
        _check(speeds or self.motor_bias == 0.0, "motor_bias", "0 on motors that follow no speeds", self.motor_bias)
        for split, sets in ((split, self.leg_sets.of(split)) for split in SPLITS):
            place = f"leg_sets.{split}"
            for leg in itertools.chain.from_iterable(sets):
                _check(leg in self.legs, place, f"some of {', '.join(self.legs)}", leg)
            _check(bool(sets) or "leg_loss" not in self.ranges, place, "one or more sets of legs", "none")

    @property
    def families(self) -> tuple[str, ...]:
        """Families of conditions that are drawn for this robot; a mixture joins two others."""
        return ("none", *self.ranges, *(("mixture",) if len(self.ranges) > 1 else ()))

    def bands(self, family: str, parameter: str) -> Bands:
        """Return what a parameter is drawn from; raises ValueError where the robot does not say."""
        if parameter not in self.ranges[family]:
            raise ValueError(f"ranges.{family}.{parameter}: missing; expected intervals of train and heldout")
        return self.ranges[family][parameter]

    def limb(self, leg: str) -> str:
        """Return the body that a leg loses."""
        return self.limbs[self.legs.index(leg)] if self.limbs else leg

    def foot(self, leg: str) -> str:
        """Return the geom of a leg that touches the ground."""
        return self.feet[self.legs.index(leg)] if self.feet else leg


def _positive(place: str, *values: float) -> None:
    for value in values:
        _check(0.0 < value < math.inf, place, "a positive number", value)


def _check(holds: bool, place: str, expected: str, got: object) -> None:
    if not holds:
        raise ValueError(f"{place}: expected {expected}, got {got}")
