"""Perturbations of the literature's bodies: other masses, other damping, a leg that is drawn in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import MORE_LIKELY, Perturbation, Range
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split

_LEAST = 0.08
"""Smaller changes of a factor are not worth a word [-]."""
_RANGE = (0.01, 100.0)


@dataclass(frozen=True)
class Scaled(Perturbation):
    """All masses and all dampings of joints are some times what they were; moments of inertia stay, as in CaDM."""

    name: ClassVar[str] = "scaled"
    parameters: ClassVar[tuple[str, ...]] = ("mass", "damping")
    mass: float = codec.number(1.0, within=_RANGE)
    damping: float = codec.number(1.0, within=_RANGE)

    def change(self, condition: Condition) -> Condition:
        return condition.multiplied("body_mass", self.mass).multiplied("dof_damping", self.damping)

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        return {"mass": condition.factor("body_mass"), "damping": condition.factor("dof_damping")}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        """Tell robots that it is drawn for, so that others are told no more numbers than before."""
        told = {f"{name}_factor": value for name, value in cls.amounts(condition, anatomy, 0.0).items()}
        return {name: math.log2(value) for name, value in told.items()} if cls.name in anatomy.ranges else {}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for name in cls.parameters:
            factor = 2.0 ** told.get(f"{name}_factor", 0.0)
            if abs(factor - 1.0) > _LEAST:
                yield f"{name} x {factor:.2f}"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Scaled:
        """Draw both independently in training; tests take both from the same interval."""
        bands = [anatomy.bands(cls.name, parameter) for parameter in cls.parameters]
        if split == "train":
            return cls(*(each.draw(rng, split) for each in bands))
        chosen = int(rng.integers(min(len(each.heldout) for each in bands)))
        return cls(*(float(rng.uniform(*each.heldout[chosen])) for each in bands))


@dataclass(frozen=True)
class LegMass(Perturbation):
    """Legs are some times as heavy as they were."""

    name: ClassVar[str] = "leg_mass"
    parameters: ClassVar[tuple[str, ...]] = ("factor",)
    factors: tuple[tuple[str, float], ...] = codec.table(neutral=1.0, within=_RANGE)
    """Legs and what their masses are multiplied by [-]."""

    def change(self, condition: Condition) -> Condition:
        masses = dict(condition.leg_mass)
        for leg, factor in self.factors:
            masses[leg] = masses.get(leg, 1.0) * factor
        return replace(condition, leg_mass=masses)

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return dict.fromkeys(anatomy.legs, Range(*_RANGE))

    def check(self, anatomy: Anatomy) -> None:
        for leg, _ in self.factors:
            codec.check_one(f"perturbation {self.name}", leg, anatomy.legs, f" on robot {anatomy.name}")

    @property
    def part(self) -> str:
        return "+".join(sorted(leg for leg, _ in self.factors))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        """Tell robots that it is drawn for, so that others are told no more numbers than before."""
        legs = anatomy.legs if cls.name in anatomy.ranges else ()
        return {f"mass_{leg}": math.log2(condition.leg_mass.get(leg, 1.0)) for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for leg in anatomy.legs:
            factor = 2.0 ** told.get(f"mass_{leg}", 0.0)
            if abs(factor - 1.0) > _LEAST:
                yield f"{leg} {factor:.2f} times as heavy"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> LegMass:
        """Draw one factor for the first half of the legs, as in CaDM; the others' masses are divided by it."""
        factor, half = anatomy.bands(cls.name, "factor").draw(rng, split), len(anatomy.legs) // 2
        masses = [factor] * half + [1.0 / factor] * (len(anatomy.legs) - half)
        return cls(tuple(zip(anatomy.legs, masses, strict=True)))


@dataclass(frozen=True)
class CrippledLeg(Perturbation):
    """A leg is half as large, and its motors give no torque, as in GrBAL; its mass stays."""

    name: ClassVar[str] = "crippled_leg"
    parameters: ClassVar[tuple[str, ...]] = ()
    legs: tuple[str, ...] = codec.names("leg")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, crippled_legs=condition.crippled_legs | frozenset(self.legs))

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": anatomy.legs}

    @property
    def part(self) -> str:
        return "+".join(sorted(self.legs))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        """Tell robots that it is drawn for, so that others are told no more numbers than before."""
        legs = anatomy.legs if cls.name in anatomy.ranges else ()
        return {f"crippled_{leg}": float(leg in condition.crippled_legs) for leg in legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{leg} crippled" for leg in anatomy.legs if told.get(f"crippled_{leg}", 0.0) > MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> CrippledLeg:
        sets = anatomy.leg_sets.of(split)
        return cls(sets[int(rng.integers(len(sets)))])
