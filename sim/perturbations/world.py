"""Perturbations of the world: slope, ground, gravity and pushes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sim.conditions.condition import STANDARD_GRAVITY, Condition
from sim.perturbations import codec
from sim.perturbations.base import Perturbation, Range
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split
from sim.terrain import TERRAINS

PUSH_SECONDS = 0.02
"""How long a push lasts [s]."""
_TILT_UNIT, _FRICTION_UNIT = 0.2, 0.3
"""What counts as one in a description: slope [rad], change of friction [-]."""
_STEP_UNIT = 0.03
"""Height of a step that counts as one [m]."""
_USUAL_FRICTION, _USUAL_SOFTNESS, _ROUGHNESS_UNIT = 0.8, 0.004, 0.001
"""Friction [-] and contact time [s] that count as none, deviation of the ground's height that counts as one [m]."""
_LEAST_SLOPE, _LEAST_FRICTION, _LEAST_GRAVITY = math.radians(3.0), 0.15, 0.1
"""Smaller changes are not worth a word: angle [rad], friction [-], share of g."""


@dataclass(frozen=True)
class Slope(Perturbation):
    """The ground rises by an angle towards a heading in ground axes."""

    name: ClassVar[str] = "slope"
    parameters: ClassVar[tuple[str, ...]] = ("angle",)
    sideways: ClassVar[tuple[str, ...]] = ("tilt_y",)
    angle: float = codec.angle("deg", within=(-45.0, 45.0))
    """[rad]"""
    heading: float = codec.angle("heading_deg", default=0.0)
    """Direction uphill [rad]."""

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top; slopes add as vectors."""
        x, y = self.angle * math.cos(self.heading), self.angle * math.sin(self.heading)
        return replace(condition, tilt=(condition.tilt[0] + x, condition.tilt[1] + y))

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        """Return how far the ground rises ahead and to the left [rad]."""
        (x, y), cos, sin = condition.tilt, math.cos(heading), math.sin(heading)
        return {"ahead": cos * x + sin * y, "left": cos * y - sin * x}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {f"tilt_{axis}": value / _TILT_UNIT for axis, value in zip("xy", condition.tilt, strict=True)}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        x, y = (_TILT_UNIT * told.get(f"tilt_{axis}", 0.0) for axis in "xy")
        slope = math.hypot(x, y)
        if slope > _LEAST_SLOPE:
            yield f"slope {math.degrees(slope):.0f} deg, uphill at {math.degrees(math.atan2(y, x)):.0f} deg"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Slope:
        return cls(anatomy.bands("slope", "angle").draw(rng, split), float(rng.uniform(-math.pi, math.pi)))


@dataclass(frozen=True)
class Gravity(Perturbation):
    """Another planet: Mars is -3.7, the Moon -1.6."""

    name: ClassVar[str] = "gravity"
    z: float = codec.number(within=(-30.0, -0.5))
    """Along true up [m/s^2]."""

    def change(self, condition: Condition) -> Condition:
        return replace(condition, gravity=-self.z)

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {"gravity": condition.gravity / STANDARD_GRAVITY - 1.0}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        change = told.get("gravity", 0.0)
        if abs(change) > _LEAST_GRAVITY:
            yield f"gravity {STANDARD_GRAVITY * (1.0 + change):.1f} m/s^2"


@dataclass(frozen=True)
class Friction(Perturbation):
    """The feet slip more or less."""

    name: ClassVar[str] = "friction"
    parameters: ClassVar[tuple[str, ...]] = ("mu",)
    mu: float = codec.number(within=(0.01, 5.0))
    """Coulomb friction of a foot on the ground [-]."""

    def change(self, condition: Condition) -> Condition:
        return replace(condition, friction=self.mu)

    def check(self, anatomy: Anatomy) -> None:
        _check_ground(self, anatomy)

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        return {"mu": condition.foot_friction}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        return {"friction": (condition.foot_friction - _USUAL_FRICTION) / _FRICTION_UNIT}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        change = _FRICTION_UNIT * told.get("friction", 0.0)
        if abs(change) > _LEAST_FRICTION:
            yield f"friction {_USUAL_FRICTION + change:.2f}"

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Friction:
        return cls(anatomy.bands("friction", "mu").draw(rng, split))


@dataclass(frozen=True)
class Ground(Perturbation):
    """The robot walks onto another surface."""

    name: ClassVar[str] = "terrain"
    kind: str = codec.choice(TERRAINS)

    def check(self, anatomy: Anatomy) -> None:
        _check_ground(self, anatomy)

    def change(self, condition: Condition) -> Condition:
        return replace(condition, terrain=TERRAINS[self.kind])

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        terrain = condition.terrain
        softness = terrain.contact_time / _USUAL_SOFTNESS - 1.0
        return {"softness": softness, "roughness": terrain.roughness / _ROUGHNESS_UNIT + terrain.step / _STEP_UNIT}


@dataclass(frozen=True)
class Rough(Perturbation):
    """The ground is rough: its height varies at random from one place to the next."""

    name: ClassVar[str] = "rough"
    parameters: ClassVar[tuple[str, ...]] = ("height",)
    height: float = codec.number(within=(0.0, 0.05))
    """Standard deviation [m]."""

    def change(self, condition: Condition) -> Condition:
        return replace(condition, terrain=replace(condition.terrain, roughness=self.height, step=0.0))

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        return {"height": condition.terrain.roughness}

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Rough:
        return cls(anatomy.bands("rough", "height").draw(rng, split))


@dataclass(frozen=True)
class Push(Perturbation):
    """A short knock on the body at the onset, given as momentum in ground axes; it is over after PUSH_SECONDS."""

    name: ClassVar[str] = "push"
    sideways: ClassVar[tuple[str, ...]] = ("force_y",)
    x: float = codec.number(0.0)
    """[N s]"""
    y: float = codec.number(0.0)
    z: float = codec.number(0.0)

    @property
    def last(self) -> float:
        return min(self.end, self.onset + PUSH_SECONDS)

    def change(self, condition: Condition) -> Condition:
        x, y, z = condition.force
        force = (x + self.x / PUSH_SECONDS, y + self.y / PUSH_SECONDS, z + self.z / PUSH_SECONDS)
        return replace(condition, force=force)

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        return dict.fromkeys("xyz", Range(-anatomy.push, anatomy.push))

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        forces = zip("xyz", condition.force, strict=True)
        return {f"force_{axis}": value / anatomy.units.force for axis, value in forces}


def _check_ground(perturbation: Perturbation, anatomy: Anatomy) -> None:
    """Raise PerturbationError where a robot keeps the ground of its file."""
    if anatomy.verbatim:
        expected = f"none on robot {anatomy.name}, which keeps the ground of its file"
        raise codec.PerturbationError(f"perturbation {perturbation.name}", expected, str(perturbation))
