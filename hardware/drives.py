"""What turns actions into set-points, as a robot's file names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from hardware.channels import Action
from hardware.contract import UNITS, Contract, spread
from sim.strict import not_negative, one_of, positive, require, within


@dataclass(frozen=True)
class Pattern:
    """Which foot is on the ground when, for any number of legs."""

    duty: float
    """Share of the cycle that a foot spends on the ground."""
    beats: Literal["halves", "single", "rows"]
    """Two halves of the legs in turns, neighbours never together; one leg after the other, from the rear of the left
    side to the front of the right one; or as many beats as a side has legs, both sides at once, half a cycle apart."""

    def lags(self, places: Sequence[tuple[float, float]]) -> tuple[float, ...]:
        """Return when each leg's stance begins, as a share of the cycle, given where feet stand (n_legs, 2) [m]."""
        lags = [0.0] * len(places)
        for side in (0, 1):
            own = sorted((i for i, (_, y) in enumerate(places) if (y < 0.0) == bool(side)), key=lambda i: -places[i][0])
            for row, leg in enumerate(own):
                if self.beats == "halves":
                    lags[leg] = 0.5 * ((row + side) % 2)
                else:
                    beats = len(places) if self.beats == "single" else len(own)
                    lags[leg] = (0.5 * side + (len(own) - 1 - row) / beats) % 1.0
        return tuple(lags)


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        "trot": Pattern(0.55, "halves"),
        "walk": Pattern(0.70, "single"),
        "crawl": Pattern(0.85, "single"),
        "tripod": Pattern(0.55, "halves"),
        "ripple": Pattern(0.70, "rows"),
        "wave": Pattern(0.88, "single"),
    }
)
"""Of four legs: diagonal pairs; four beats, rear before front on each side; the same with three feet on the ground all
the time. Of six: three and three; four and more on the ground, the swing of each side going from rear to front; one leg
in the air at a time."""


class Stride(NamedTuple):
    """What a gait is told, in the order of the actions of a robot that it walks."""

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
class Peg:
    """How a leg stands that has lost its calf: on its knee."""

    pose: tuple[float, float, float]
    """Angles of such a leg [rad]; a calf that is there after all reaches for the ground, and bears again."""
    height: float
    """Trunk over the centre of the feet meanwhile [m]."""

    def __post_init__(self) -> None:
        positive(self, "height")


@dataclass(frozen=True)
class Striding:
    """An action is a stride, which a gait turns into joint angles."""

    pattern: str
    """Which foot is on the ground when, see `PATTERNS`."""
    mass: float
    """Of the whole robot [kg]."""
    longest_step: float
    """That balance may ask for [m]; 0 where enough feet stand at any time."""
    bears: bool = True
    """Whether the motors are told what torques bear the weight; hobby servos are told angles alone."""
    peg: Peg | None = None
    """None where the other legs carry a robot that has lost a calf, or nobody could tell."""
    adaptive: Adaptive | None = None
    """None walks as on flat ground, without a load, whatever is found."""
    kind: Literal["gait"] = "gait"

    def __post_init__(self) -> None:
        positive(self, "mass")
        not_negative(self, "longest_step")
        one_of("pattern", self.pattern, PATTERNS)
        require(self.adaptive is None or self.peg is not None, "adaptive", "none without a peg", "some")


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
