"""How a robot may be steered: which velocities it can be told, and how fast they may change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sim.strict import positive, require


class Velocity(NamedTuple):
    """A velocity in the plane, in the robot's heading frame."""

    forward: float
    """[m/s]"""
    lateral: float
    """To the left [m/s]."""
    turn: float
    """Counter-clockwise [rad/s]."""


STILL = Velocity(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Axis:
    """One direction in which a robot can be told to move; raises ValueError unless standing is among what it can.

    Attributes:
        low: the least velocity [m/s] or [rad/s].
        high: the largest.
        acceleration: by how much it may change in a second.
    """

    low: float
    high: float
    acceleration: float

    def __post_init__(self) -> None:
        positive(self, "acceleration")
        finite = -math.inf < self.low <= 0.0 <= self.high < math.inf
        require(finite and self.low < self.high, "low", "low <= 0 <= high, not both 0", f"{self.low} and {self.high}")

    def limited(self, velocity: float) -> float:
        """Return the nearest velocity that may be told."""
        return min(max(velocity, self.low), self.high)

    def ramped(self, now: float, wanted: float, seconds: float) -> float:
        """Return what is told some time later than `now` on the way to what is wanted."""
        most = self.acceleration * seconds
        return now + min(max(wanted - now, -most), most)


@dataclass(frozen=True)
class Steering:
    """Limits of the velocities that a robot can be told.

    Attributes:
        lateral: None where it cannot move sideways.
    """

    forward: Axis
    turn: Axis
    lateral: Axis | None = None

    def limited(self, wanted: Velocity) -> Velocity:
        """Return the nearest velocity that may be told; sideways is nothing where the robot cannot."""
        lateral = 0.0 if self.lateral is None else self.lateral.limited(wanted.lateral)
        return Velocity(self.forward.limited(wanted.forward), lateral, self.turn.limited(wanted.turn))

    def ramped(self, now: Velocity, wanted: Velocity, seconds: float) -> Velocity:
        """Return what is told some time later than `now` [s] on the way to what is wanted."""
        lateral = 0.0 if self.lateral is None else self.lateral.ramped(now.lateral, wanted.lateral, seconds)
        forward = self.forward.ramped(now.forward, wanted.forward, seconds)
        return Velocity(forward, lateral, self.turn.ramped(now.turn, wanted.turn, seconds))
