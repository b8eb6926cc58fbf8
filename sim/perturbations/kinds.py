"""The register of perturbations, and what those that act amount to together: a condition, in numbers, in words.

A new kind is a subclass of `Perturbation` that is registered: listed here, or from outside by `@register`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Perturbation
from sim.perturbations.body import LegLoss, Payload
from sim.perturbations.legs import Limp, ShortLeg, Stiff
from sim.perturbations.motors import DeadMotor, Locked, Motor, Stuck
from sim.perturbations.proportions import CrippledLeg, LegMass, Scaled
from sim.perturbations.senses import Delay, Noise, PoseBias
from sim.perturbations.servos import Voltage, Zero
from sim.perturbations.world import Friction, Gravity, Ground, Push, Rough, Slope
from sim.robots.anatomy import Anatomy

K = TypeVar("K", bound=type[Perturbation])

_kinds: dict[str, type[Perturbation]] = {}
PERTURBATIONS: Mapping[str, type[Perturbation]] = MappingProxyType(_kinds)
"""Kinds of perturbation by the name they have in text."""


def register(kind: K) -> K:
    """Make a kind of perturbation known by its name; a decorator. Raises ValueError where there is one of that name."""
    if kind.name in _kinds:
        raise ValueError(f"perturbation {kind.name}: expected a new name, got that of {_kinds[kind.name].__name__}")
    _kinds[kind.name] = kind
    return kind


# Their order is that of the numbers that trained models are told: new kinds go to the end.
for _kind in (
    *(Slope, Gravity, LegLoss, Payload, Motor, DeadMotor, Stuck),
    *(Friction, Ground, Push, Delay, Noise, PoseBias, Locked),
    *(Scaled, LegMass, CrippledLeg),
    *(Limp, Stiff, ShortLeg, Rough, Voltage, Zero),
):
    register(_kind)


def parse(text: str) -> Perturbation:
    """Return the perturbation written as `name:key=value,...[@start[-end]]`; `str` of it gives the text back.

    Raises:
        PerturbationError: with place, what was expected, what was given and the nearest valid choice.
    """
    return codec.read(text, PERTURBATIONS)


def check(perturbations: Iterable[Perturbation], anatomy: Anatomy) -> None:
    """Raise PerturbationError when a robot has no such leg or motor, or could never carry or survive it."""
    for item in perturbations:
        item.check(anatomy)


def active(perturbations: Iterable[Perturbation], time: float, slack: float = 0.0) -> tuple[Perturbation, ...]:
    """Return the perturbations that act at a time [s]; `slack` forgives rounding of a time grid [s]."""
    return tuple(item for item in perturbations if item.onset <= time + slack < item.last)


def compose(base: Condition, perturbations: Iterable[Perturbation]) -> Condition:
    """Return the condition that results when perturbations act on `base` one after the other."""
    for perturbation in perturbations:
        base = perturbation.change(base)
    return base


def describe(condition: Condition, anatomy: Anatomy) -> dict[str, float]:
    """Return the condition as numbers of order one, by name; every condition of a robot has the same names in order."""
    return {name: value for kind in _kinds.values() for name, value in kind.describe(condition, anatomy).items()}


def channels(anatomy: Anatomy) -> tuple[str, ...]:
    """Return the names of `describe` for a robot, in order (D,)."""
    return tuple(describe(Condition(), anatomy))


def sideways() -> frozenset[str]:
    """Return the names of `describe` whose numbers change their sign when left and right are exchanged."""
    return frozenset(name for kind in _kinds.values() for name in kind.sideways)


def in_words(numbers: Mapping[str, float], anatomy: Anatomy) -> tuple[str, ...]:
    """Say what differs from the intact robot on its usual ground.

    The numbers are some or all of those of `describe`, true or believed, by name; what is missing is as usual.
    """
    told = {name: value for name, value in numbers.items() if math.isfinite(value)}
    return tuple(words for kind in _kinds.values() for words in kind.words(told, anatomy))
