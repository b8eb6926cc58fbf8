"""Perturbations of servos: an empty battery, and horns that were screwed on at a wrong angle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Perturbation
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split

_SUPPLY_UNIT, _ZERO_UNIT = 0.2, 0.2
"""What counts as one in a description: share of the voltage [-], angle [rad]."""
_LEAST_SUPPLY, _LEAST_ZERO = 0.05, 0.05
"""Smaller changes are not worth a word."""
_MOST_WRONG = 3
"""Servos whose zero is wrong, in numbers from one up to this."""


@dataclass(frozen=True)
class Voltage(Perturbation):
    """The battery gives a share of its voltage: all servos are weaker, softer and slower."""

    name: ClassVar[str] = "voltage"
    parameters: ClassVar[tuple[str, ...]] = ("share",)
    share: float = codec.number(within=(0.3, 1.2))

    def change(self, condition: Condition) -> Condition:
        return replace(condition, supply=condition.supply * self.share)

    def check(self, anatomy: Anatomy) -> None:
        if anatomy.servos is None:
            expected = f"a robot whose servos give what the battery does, which {anatomy.name} is not"
            raise codec.PerturbationError(f"perturbation {self.name}", expected, str(self))

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        return {"share": condition.supply}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        told = {"supply": (condition.supply - 1.0) / _SUPPLY_UNIT}
        return told if cls.name in anatomy.ranges else {}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        change = _SUPPLY_UNIT * told.get("supply", 0.0)
        if abs(change) > _LEAST_SUPPLY:
            yield f"battery at {1.0 + change:.0%} of its voltage"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Voltage:
        return cls(anatomy.bands("voltage", "share").draw(rng, split))


@dataclass(frozen=True)
class Zero(Perturbation):
    """Servos go to, and measure, another angle than they are told and say: their zero is wrong."""

    name: ClassVar[str] = "zero"
    parameters: ClassVar[tuple[str, ...]] = ("angle",)
    angles: tuple[tuple[str, float], ...] = codec.table(neutral=0.0, within=(-1.0, 1.0))
    """Motors, and their true angle less the one that they say [rad]."""

    def change(self, condition: Condition) -> Condition:
        zeros = dict(condition.zeros)
        for motor, angle in self.angles:
            zeros[motor] = zeros.get(motor, 0.0) + angle
        return replace(condition, zeros=zeros)

    def check(self, anatomy: Anatomy) -> None:
        for motor, angle in self.angles:
            codec.check_one(f"perturbation {self.name}", motor, anatomy.motors, f" on robot {anatomy.name}")
            if anatomy.servo != "position":
                expected = f"a robot whose motors follow angles, which {anatomy.name} is not"
                raise codec.PerturbationError(f"perturbation {self.name}.{motor}", expected, f"{angle:g}")

    @property
    def part(self) -> str:
        return "+".join(sorted(motor for motor, _ in self.angles))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        motors = anatomy.motors if cls.name in anatomy.ranges else ()
        return {f"zero_{motor}": condition.zeros.get(motor, 0.0) / _ZERO_UNIT for motor in motors}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        for motor in anatomy.motors:
            angle = _ZERO_UNIT * told.get(f"zero_{motor}", 0.0)
            if abs(angle) > _LEAST_ZERO:
                yield f"{motor} off by {np.degrees(angle):+.0f} deg"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Zero:
        """Draw the angles of a few servos, to either side."""
        count = int(rng.integers(1, 1 + min(_MOST_WRONG, len(anatomy.motors))))
        wrong = sorted(rng.choice(len(anatomy.motors), size=count, replace=False).tolist())
        bands = anatomy.bands("zero", "angle")
        return cls(tuple((anatomy.motors[i], bands.draw(rng, split) * float(rng.choice((-1.0, 1.0)))) for i in wrong))
