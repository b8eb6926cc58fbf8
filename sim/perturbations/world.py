"""Perturbations of the world: slope, ground, gravity and pushes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Timed
from sim.terrain import TERRAINS

PUSH_SECONDS = 0.02
"""How long a push lasts [s]."""


@dataclass(frozen=True)
class Slope(Timed):
    """The ground rises by an angle towards a heading in ground axes."""

    name: ClassVar[str] = "slope"
    angle: float = codec.angle("deg")
    """[rad]"""
    heading: float = codec.angle("heading_deg", 0.0)
    """Direction uphill [rad]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        codec.check_range(self, "deg", math.degrees(self.angle), -45.0, 45.0)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top; slopes add as vectors."""
        x, y = self.angle * math.cos(self.heading), self.angle * math.sin(self.heading)
        return replace(condition, tilt=(condition.tilt[0] + x, condition.tilt[1] + y))


@dataclass(frozen=True)
class Friction(Timed):
    """The feet slip more or less."""

    name: ClassVar[str] = "friction"
    mu: float = codec.number()
    """Coulomb friction of a foot on the ground [-]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        codec.check_range(self, "mu", self.mu, 0.01, 5.0)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, friction=self.mu)


@dataclass(frozen=True)
class Ground(Timed):
    """The robot walks onto another surface."""

    name: ClassVar[str] = "terrain"
    kind: str = codec.choice(TERRAINS)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, terrain=TERRAINS[self.kind])


@dataclass(frozen=True)
class Gravity(Timed):
    """Another planet: Mars is -3.7, the Moon -1.6."""

    name: ClassVar[str] = "gravity"
    z: float = codec.number()
    """Along true up [m/s^2]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        codec.check_range(self, "z", self.z, -30.0, -0.5)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, gravity=-self.z)


@dataclass(frozen=True)
class Push(Timed):
    """A short knock on the body at the onset, given as momentum in ground axes; it is over after PUSH_SECONDS."""

    name: ClassVar[str] = "push"
    x: float = codec.number(0.0)
    """[N s]"""
    y: float = codec.number(0.0)
    z: float = codec.number(0.0)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        x, y, z = condition.force
        force = (x + self.x / PUSH_SECONDS, y + self.y / PUSH_SECONDS, z + self.z / PUSH_SECONDS)
        return replace(condition, force=force)
