"""Perturbations of the body: legs and load."""

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

_LEAST_PAYLOAD = 0.2
"""Lighter payloads are not worth a word, as a share of the robot's unit."""


@dataclass(frozen=True)
class LegLoss(Perturbation):
    """Legs break off, those of a quadruped at the knee: their mass and their contact are gone."""

    name: ClassVar[str] = "leg_loss"
    parameters: ClassVar[tuple[str, ...]] = ()
    legs: tuple[str, ...] = codec.names("leg")

    def change(self, condition: Condition) -> Condition:
        return replace(condition, lost_legs=condition.lost_legs | frozenset(self.legs))

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return {"leg": anatomy.legs}

    def opacity(self, anatomy: Anatomy) -> dict[str, float]:
        return {anatomy.limb(leg): 0.0 for leg in self.legs}

    @property
    def part(self) -> str:
        return "+".join(sorted(self.legs))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {f"present_{leg}": float(leg not in condition.lost_legs) for leg in anatomy.legs}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        return (f"{leg} lost" for leg in anatomy.legs if told.get(f"present_{leg}", 1.0) < 1.0 - MORE_LIKELY)

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> LegLoss:
        """Draw the number of lost legs first, so that single losses are as frequent as triple ones."""
        sets = anatomy.leg_sets.of(split)
        count = int(rng.choice(sorted({len(legs) for legs in sets})))
        sets = tuple(legs for legs in sets if len(legs) == count)
        return cls(sets[int(rng.integers(len(sets)))])


@dataclass(frozen=True)
class Payload(Perturbation):
    """A mass fixed on the back, at a place in body axes."""

    name: ClassVar[str] = "payload"
    parameters: ClassVar[tuple[str, ...]] = ("mass",)
    sideways: ClassVar[tuple[str, ...]] = ("payload_moment_y",)
    mass: float = codec.number()
    """[kg]"""
    x: float = codec.number(0.0)
    """Forward of the middle [m]."""
    y: float = codec.number(0.0)
    """Left of the middle [m]."""

    def change(self, condition: Condition) -> Condition:
        moment = (condition.payload_moment[0] + self.mass * self.x, condition.payload_moment[1] + self.mass * self.y)
        return replace(condition, payload_mass=condition.payload_mass + self.mass, payload_moment=moment)

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        x, y = anatomy.load.reach
        return {"mass": Range(0.0, anatomy.load.heaviest), "x": Range(-x, x), "y": Range(-y, y)}

    def opacity(self, anatomy: Anatomy) -> dict[str, float]:
        return {"payload": 1.0}

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        x, y = condition.payload_place
        return {"mass": condition.payload_mass, "x": x, "y": y}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        units = anatomy.units
        return {
            "payload_mass": condition.payload_mass / units.payload,
            "payload_moment_x": condition.payload_moment[0] / units.moment,
            "payload_moment_y": condition.payload_moment[1] / units.moment,
        }

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        share = told.get("payload_mass", 0.0)
        if share > _LEAST_PAYLOAD:
            mass = share * anatomy.units.payload
            x, y = (anatomy.units.moment * told.get(f"payload_moment_{axis}", 0.0) / mass for axis in "xy")
            weight = f"{mass:.1f} kg" if mass >= 0.5 else f"{1e3 * mass:.0f} g"
            yield f"payload {weight} at x {1e3 * x:+.0f} mm, y {1e3 * y:+.0f} mm"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Payload:
        along, across = anatomy.load.drawn
        x, y = rng.uniform((-along, -across), (along, across))
        return cls(anatomy.bands("payload", "mass").draw(rng, split), float(x), float(y))
