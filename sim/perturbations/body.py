"""Perturbations of the body: legs, load and motors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from sim.condition import Condition
from sim.perturbations import codec
from sim.robots.roach import LEGS, SIDES, TRUNK_HALF


@dataclass(frozen=True)
class LegLoss:
    """Legs break off at the coupler: their mass and their contact are gone."""

    name: ClassVar[str] = "leg_loss"
    legs: tuple[str, ...] = codec.several(LEGS, key="leg")
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        """Raise PerturbationError for bad values."""
        codec.check_times(self)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, lost_legs=condition.lost_legs | frozenset(self.legs))


@dataclass(frozen=True)
class Payload:
    """A small mass glued on the back, at a place in body axes."""

    name: ClassVar[str] = "payload"
    mass: float = codec.number()
    """[kg]"""
    x: float = codec.number(0.0)
    """Forward of the middle [m]."""
    y: float = codec.number(0.0)
    """Left of the middle [m]."""
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        """Raise PerturbationError for bad values."""
        codec.check_times(self)
        codec.check_range(self, "mass", self.mass, 0.0, 0.05)
        codec.check_range(self, "x", self.x, -TRUNK_HALF[0], TRUNK_HALF[0])
        codec.check_range(self, "y", self.y, -0.04, 0.04)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        moment = (condition.payload_moment[0] + self.mass * self.x, condition.payload_moment[1] + self.mass * self.y)
        return replace(condition, payload_mass=condition.payload_mass + self.mass, payload_moment=moment)


@dataclass(frozen=True)
class Motor:
    """The motors follow gain * set-point + bias instead of the set-point: worn, hot or badly calibrated drives."""

    name: ClassVar[str] = "motor"
    left: float = codec.number(1.0)
    """Gain [-]."""
    right: float = codec.number(1.0)
    left_bias: float = codec.number(0.0)
    """[rad/s]"""
    right_bias: float = codec.number(0.0)
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        """Raise PerturbationError for bad values."""
        codec.check_times(self)
        for key in ("left", "right"):
            codec.check_range(self, key, getattr(self, key), 0.0, 2.0)
        for key in ("left_bias", "right_bias"):
            codec.check_range(self, key, getattr(self, key), -30.0, 30.0)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        gain = (condition.gain[0] * self.left, condition.gain[1] * self.right)
        bias = (condition.bias[0] + self.left_bias, condition.bias[1] + self.right_bias)
        return replace(condition, gain=gain, bias=bias)


@dataclass(frozen=True)
class DeadMotor:
    """A motor gives no torque any more; its shorted winding still brakes."""

    name: ClassVar[str] = "dead_motor"
    motor: str = codec.choice(SIDES, key="name")
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        """Raise PerturbationError for bad values."""
        codec.check_times(self)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, dead_motors=condition.dead_motors | {self.motor})


@dataclass(frozen=True)
class Stuck:
    """A gearbox jams: no torque reaches the crank, which holds its angle."""

    name: ClassVar[str] = "stuck"
    motor: str = codec.choice(SIDES, key="name")
    onset: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        """Raise PerturbationError for bad values."""
        codec.check_times(self)

    def __str__(self) -> str:
        """Return the text form."""
        return codec.write(self)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, stuck_motors=condition.stuck_motors | {self.motor})
