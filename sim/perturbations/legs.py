"""Perturbations of one leg that is still there: its motors give nothing, or jam, or its end has broken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import MORE_LIKELY, Perturbation, Range
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split

_SHORT_UNIT, _LEAST_SHORT = 0.2, 0.05
"""Share of a limb that counts as one in a description, and from which it is worth a word [-]."""


@dataclass(frozen=True)
class Limp(Perturbation):
    """All motors of a leg give no torque any more; their shorted windings still brake."""

    name: ClassVar[str] = "limp"
    parameters: ClassVar[tuple[str, ...]] = ()
    leg: str = codec.name("leg")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, limp_legs=condition.limp_legs | {self.leg})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": tuple(leg for leg in anatomy.legs if anatomy.joints(leg))}

    def check(self, anatomy: Anatomy) -> None:
        _check_driven(self, self.leg, anatomy)

    @property
    def part(self) -> str:
        return self.leg

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        legs = anatomy.legs if cls.name in anatomy.ranges else ()
        return {f"limp_{leg}": float(leg in condition.limp_legs) for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{leg} limp" for leg in anatomy.legs if told.get(f"limp_{leg}", 0.0) > MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Limp:
        return cls(_one(rng, split, anatomy))


@dataclass(frozen=True)
class Stiff(Perturbation):
    """All motors of a leg jam: it keeps the shape that it has at that time."""

    name: ClassVar[str] = "stiff"
    parameters: ClassVar[tuple[str, ...]] = ()
    leg: str = codec.name("leg")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, stiff_legs=condition.stiff_legs | {self.leg})

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": tuple(leg for leg in anatomy.legs if anatomy.joints(leg))}

    def check(self, anatomy: Anatomy) -> None:
        _check_driven(self, self.leg, anatomy)

    @property
    def part(self) -> str:
        return self.leg

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        legs = anatomy.legs if cls.name in anatomy.ranges else ()
        return {f"stiff_{leg}": float(leg in condition.stiff_legs) for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{leg} stuck" for leg in anatomy.legs if told.get(f"stiff_{leg}", 0.0) > MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Stiff:
        return cls(_one(rng, split, anatomy))


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


def _check_driven(item: Limp | Stiff, leg: str, anatomy: Anatomy) -> None:
    """Raise PerturbationError unless a robot has such a leg with motors of its own."""
    driven = [each for each in anatomy.legs if anatomy.joints(each)]
    where = f" on robot {anatomy.name}" if driven else f"a leg with motors of its own, which robot {anatomy.name} lacks"
    codec.check_one(f"perturbation {item.name}.leg", leg, driven, where)


def _one(rng: np.random.Generator, split: Split, anatomy: Anatomy) -> str:
    """Draw a leg of a split: one of those that are lost alone in it, and any where there are none."""
    legs = [single[0] for single in anatomy.leg_sets.of(split) if len(single) == 1] or list(anatomy.legs)
    return legs[int(rng.integers(len(legs)))]
