"""The list of perturbations: their union, their names, and what the active ones amount to together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import get_args

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.body import DeadMotor, LegLoss, Motor, Payload, Stuck
from sim.perturbations.senses import Delay, Noise, PoseBias
from sim.perturbations.world import PUSH_SECONDS, Friction, Gravity, Ground, Push, Slope

Perturbation = (
    Slope
    | LegLoss
    | Payload
    | Motor
    | DeadMotor
    | Stuck
    | Friction
    | Ground
    | Push
    | Delay
    | Noise
    | PoseBias
    | Gravity
)

PERTURBATIONS: Mapping[str, type[Perturbation]] = MappingProxyType({kind.name: kind for kind in get_args(Perturbation)})
"""Perturbation types by the name they have in text."""


def parse(text: str) -> Perturbation:
    """Return the perturbation written as `name:key=value,...[@start[-end]]`; `str` of it gives the text back.

    Raises:
        PerturbationError: with place, what was expected, what was given and the nearest valid choice.
    """
    return codec.read(text, PERTURBATIONS)


def last(perturbation: Perturbation) -> float:
    """Return the time at which a perturbation stops acting [s]; a push is over soon after its onset."""
    if isinstance(perturbation, Push):
        return min(perturbation.end, perturbation.onset + PUSH_SECONDS)
    return perturbation.end


def active(perturbations: Iterable[Perturbation], time: float, slack: float = 0.0) -> tuple[Perturbation, ...]:
    """Return the perturbations that act at a time [s]; `slack` forgives rounding of a time grid [s]."""
    return tuple(item for item in perturbations if item.onset <= time + slack < last(item))


def compose(base: Condition, perturbations: Iterable[Perturbation]) -> Condition:
    """Return the condition that results when perturbations act on `base` one after the other."""
    for perturbation in perturbations:
        base = perturbation.change(base)
    return base
