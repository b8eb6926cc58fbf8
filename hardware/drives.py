"""What turns actions into set-points, as a robot's file names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from hardware.channels import Action
from hardware.contract import UNITS, Contract, spread
from sim.strict import one_of, positive, within


@dataclass(frozen=True)
class Pattern:
    """Which foot is on the ground when."""

    duty: float
    """Share of the cycle that a foot spends on the ground."""
    lags: tuple[float, ...]
    """When each leg's stance begins, as a share of the cycle, in the order of the legs."""


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        "trot": Pattern(0.55, (0.0, 0.5, 0.5, 0.0)),
        "walk": Pattern(0.70, (0.25, 0.75, 0.0, 0.5)),
        "crawl": Pattern(0.85, (0.25, 0.75, 0.0, 0.5)),
    }
)
"""Diagonal pairs; four beats, rear before front on each side; the same with three feet on the ground all the time.
Legs are front left, front right, rear left, rear right."""


class Stride(NamedTuple):
    """What a gait is told, in the order of a quadruped's actions."""

    forward: float
    """[m/s]"""
    lateral: float
    """To the left [m/s]."""
    turn: float
    """To the left [rad/s]."""
    lift: float
    """How high a step lifts a foot [m]."""
    width: float
    """Between the left and the right feet in stance [m]."""
    height: float
    """From the centre of a foot in stance up to the trunk's origin [m]."""
    roll: float
    """Of the trunk over its feet [rad]."""
    pitch: float
    """Of the trunk over its feet, nose down positive [rad]."""
    frequency: float
    """Cycles per second [Hz]."""


@dataclass(frozen=True)
class Direct:
    """An action is the set-point of one motor."""

    kind: Literal["direct"] = "direct"


@dataclass(frozen=True)
class Adaptive:
    """How far a gait may go to meet what it finds: slopes, loads, joints that do not follow."""

    reach: float
    """By which feet are placed around a centre of mass that is not over them [m]."""

    def __post_init__(self) -> None:
        positive(self, "reach")


@dataclass(frozen=True)
class Striding:
    """An action is a stride, which a gait turns into joint angles."""

    pattern: str
    """Which foot is on the ground when, see `PATTERNS`."""
    mass: float
    """Of the whole robot [kg]."""
    peg_height: float
    """Trunk over the centre of the feet when a leg without its calf stands on the knee [m]."""
    peg: tuple[float, float, float]
    """Angles of such a leg [rad]; a calf that is there after all reaches for the ground, and bears again."""
    longest_step: float
    """That balance may ask for [m]."""
    adaptive: Adaptive | None = None
    """None walks as on flat ground, without a load, whatever is found."""
    kind: Literal["gait"] = "gait"

    def __post_init__(self) -> None:
        positive(self, "mass", "peg_height", "longest_step")
        one_of("pattern", self.pattern, PATTERNS)


@dataclass(frozen=True)
class Walking:
    """An action is what a policy is told that walks the robot, such as a velocity; or its own controller is."""

    contract: Contract
    """In a robot's file the path of the contract's; for a controller of its own, of the policy that takes its place."""
    mass: float
    """Of the whole robot [kg]."""
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest of some actions, where less is wanted than the contract allows."""
    averaged: bool = True
    """Whether what oscillates with the steps is averaged over the time of an action."""
    kind: Literal["walker", "sport"] = "walker"
    """`sport`: a controller of the robot's own walks it, and no motor is told anything."""

    def __post_init__(self) -> None:
        positive(self, "mass")
        told = self.contract.command
        for name, (low, high) in self.bounds.items():
            one_of("bounds", name, told.names)
            place = told.names.index(name)
            for end in (low, high):
                within(f"bounds.{name}", told.low[place], end, told.high[place])

    @property
    def own(self) -> bool:
        """Whether a controller of the robot's own walks it."""
        return self.kind == "sport"

    def actions(self) -> tuple[Action, ...]:
        """Return what the planner chooses."""
        told = self.contract.command
        rest = spread(told.rest, len(told.names))
        ends = [self.bounds.get(name, pair) for name, *pair in zip(told.names, told.low, told.high, strict=True)]
        named = zip(told.names, ends, rest, strict=True)
        return tuple(Action(name, UNITS.get(name, "1"), low, high, at) for name, (low, high), at in named)


Drive = Annotated[Direct | Striding | Walking, Field(discriminator="kind")]
