"""Perturbations of one leg that is still there: its motors give nothing, or jam, or its end has broken off."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import MORE_LIKELY, Perturbation, Range
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split

_SHORT_UNIT, _LEAST_SHORT = 0.2, 0.05
"""Share of a limb that counts as one in a description, and from which it is worth a word [-]."""


@dataclass(frozen=True)
class _AllMotors(Perturbation):
    """Something that befalls all motors of a leg at once."""

    parameters: ClassVar[tuple[str, ...]] = ()
    word: ClassVar[str]
    """What such a leg is, in a report."""
    leg: str = codec.name("leg")

    @classmethod
    @abc.abstractmethod
    def befallen(cls, condition: Condition) -> frozenset[str]:
        """Return the legs of a condition that it has befallen."""

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": tuple(leg for leg in anatomy.legs if anatomy.joints(leg))}

    def check(self, anatomy: Anatomy) -> None:
        driven = self.allowed(anatomy)["leg"]
        if not driven:
            expected = f"a leg with motors of its own, which robot {anatomy.name} lacks"
            raise codec.PerturbationError(f"perturbation {self.name}.leg", expected, self.leg)
        super().check(anatomy)

    @property
    def part(self) -> str:
        return self.leg

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        legs, befallen = anatomy.legs if cls.name in anatomy.ranges else (), cls.befallen(condition)
        return {f"{cls.name}_{leg}": float(leg in befallen) for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{leg} {cls.word}" for leg in anatomy.legs if told.get(f"{cls.name}_{leg}", 0.0) > MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Self:
        return cls(_one(rng, split, anatomy))


@dataclass(frozen=True)
class Limp(_AllMotors):
    """All motors of a leg give no torque any more; their shorted windings still brake."""

    name: ClassVar[str] = "limp"
    word: ClassVar[str] = "limp"

    def change(self, condition: Condition) -> Condition:
        return replace(condition, limp_legs=condition.limp_legs | {self.leg})

    @classmethod
    def befallen(cls, condition: Condition) -> frozenset[str]:
        return condition.limp_legs


@dataclass(frozen=True)
class Stiff(_AllMotors):
    """All motors of a leg jam: it keeps the shape that it has at that time."""

    name: ClassVar[str] = "stiff"
    word: ClassVar[str] = "stuck"

    def change(self, condition: Condition) -> Condition:
        return replace(condition, stiff_legs=condition.stiff_legs | {self.leg})

    @classmethod
    def befallen(cls, condition: Condition) -> frozenset[str]:
        return condition.stiff_legs


@dataclass(frozen=True)
class ShortLeg(Perturbation):
    """The last limb of a leg has lost its end: the foot is nearer to its joint; what it weighs is not changed."""

    name: ClassVar[str] = "short_leg"
    parameters: ClassVar[tuple[str, ...]] = ("share",)
    leg: str = codec.name("leg")
    share: float = codec.number(within=(0.0, 0.9))
    """Of the limb that is gone [-]."""

    def change(self, condition: Condition) -> Condition:
        left = (1.0 - self.share) * (1.0 - condition.shortened.get(self.leg, 0.0))
        return replace(condition, shortened={**condition.shortened, self.leg: 1.0 - left})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": anatomy.legs}

    @property
    def part(self) -> str:
        return self.leg

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        legs = anatomy.legs if cls.name in anatomy.ranges else ()
        return {f"short_{leg}": condition.shortened.get(leg, 0.0) / _SHORT_UNIT for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for leg in anatomy.legs:
            share = _SHORT_UNIT * told.get(f"short_{leg}", 0.0)
            if share > _LEAST_SHORT:
                yield f"{leg} shorter by {share:.0%} of its last limb"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> ShortLeg:
        return cls(_one(rng, split, anatomy), anatomy.bands("short_leg", "share").draw(rng, split))


def _one(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> str:
    """Draw a leg of a split: one of those that are lost alone in it, and any where there are none."""
    legs = [single[0] for single in anatomy.leg_sets.of(split) if len(single) == 1] or list(anatomy.legs)
    return legs[int(rng.integers(len(legs)))]
