"""What a perturbation is: something that begins, is over, and says everything about itself in one class."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from sim.conditions.condition import Condition
from sim.perturbations.codec import Timed, check_one, check_range, spoken
from sim.robots.anatomy import Anatomy
from sim.robots.ranges import Split


@dataclass(frozen=True)
class Range:
    """The least and the largest that a number may be, as it is written."""

    low: float
    high: float


MORE_LIKELY = 0.5
"""A yes or no that is believed in by more than this is told."""


class Perturbation(Timed, abc.ABC):
    """Something that happens to a robot: a frozen dataclass with a line about it, whose fields are its values in text.

    Only `change` must be written; the rest says what a controller may be told, and what training draws.
    """

    parameters: ClassVar[tuple[str, ...] | None] = None
    """What a robot's `ranges` may give for drawing it; None where it is never drawn."""

    sideways: ClassVar[tuple[str, ...]] = ()
    """Numbers of `describe` that change their sign when left and right are exchanged."""

    @abc.abstractmethod
    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""

    @property
    def last(self) -> float:
        """Time at which it stops acting [s]."""
        return self.end

    @classmethod
    def allowed(cls, anatomy: Anatomy) -> Mapping[str, Range | tuple[str, ...]]:
        """Return what numbers and names may be on a robot, by their key in text, where that depends on the robot."""
        return {}

    def check(self, anatomy: Anatomy) -> None:
        """Raise PerturbationError when it cannot happen to a robot."""
        allowed = self.allowed(anatomy)
        for field, (codec, _) in spoken(type(self)).items():
            key, value = codec.key or field, getattr(self, field)
            match allowed.get(key):
                case Range(low, high):
                    check_range(self, key, value, low, high)
                case tuple() as names:
                    for name in (value,) if isinstance(value, str) else value:
                        check_one(f"perturbation {self.name}.{key}", name, names, f" on robot {anatomy.name}")

    def opacity(self, anatomy: Anatomy) -> dict[str, float]:
        """Return how opaque bodies are drawn while it acts, where that changes [0..1]."""
        return {}

    @property
    def part(self) -> str:
        """Which part of a robot it is about, several joined by +; empty where it is about none, or all of it."""
        return ""

    @classmethod
    def amounts(cls, condition: Condition, anatomy: Anatomy, heading: float) -> dict[str, float]:
        """Return how much of it there is, by name in SI units, as a robot on a heading [rad] could tell."""
        return {}

    @classmethod
    def describe(cls, condition: Condition, anatomy: Anatomy) -> dict[str, float]:
        """Return numbers of order one that tell what this has done to a condition; the names are the robot's alone."""
        return {}

    @classmethod
    def words(cls, told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
        """Say what finite numbers by the names of `describe` amount to; a name that is missing is as usual."""
        return iter(())

    @classmethod
    def draw(cls, rng: np.random.Generator, split: Split, anatomy: Anatomy) -> Self:
        """Draw one from a robot's ranges."""
        raise NotImplementedError(f"{cls.name}: says no way to draw it")
