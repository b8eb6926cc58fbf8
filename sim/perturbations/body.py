"""Perturbations of the body: legs, load and motors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Timed


@dataclass(frozen=True)
class LegLoss(Timed):
    """Legs break off, those of a quadruped at the knee: their mass and their contact are gone."""

    name: ClassVar[str] = "leg_loss"
    legs: tuple[str, ...] = codec.names("leg")

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, lost_legs=condition.lost_legs | frozenset(self.legs))


@dataclass(frozen=True)
class Payload(Timed):
    """A mass fixed on the back, at a place in body axes."""

    name: ClassVar[str] = "payload"
    mass: float = codec.number()
    """[kg]"""
    x: float = codec.number(0.0)
    """Forward of the middle [m]."""
    y: float = codec.number(0.0)
    """Left of the middle [m]."""

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        moment = (condition.payload_moment[0] + self.mass * self.x, condition.payload_moment[1] + self.mass * self.y)
        return replace(condition, payload_mass=condition.payload_mass + self.mass, payload_moment=moment)


@dataclass(frozen=True)
class Motor(Timed):
    """Worn, hot or badly calibrated drives: speeds are gain * set-point + bias, others give a share of their torque."""

    name: ClassVar[str] = "motor"
    gains: tuple[tuple[str, float], ...] = codec.table(neutral=1.0)
    """Motors and their gain on speeds, or the share of the asked torque that they give [-]."""
    biases: tuple[tuple[str, float], ...] = codec.table(neutral=0.0, ending="_bias")
    """Motors that follow speeds, and what is added to those [rad/s]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for motor, gain in self.gains:
            codec.check_range(self, motor, gain, 0.0, 2.0)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        gain, bias = dict(condition.gain), dict(condition.bias)
        for motor, value in self.gains:
            gain[motor] = gain.get(motor, 1.0) * value
        for motor, value in self.biases:
            bias[motor] = bias.get(motor, 0.0) + value
        return replace(condition, gain=gain, bias=bias)


@dataclass(frozen=True)
class DeadMotor(Timed):
    """A motor gives no torque any more; its shorted winding still brakes."""

    name: ClassVar[str] = "dead_motor"
    motor: str = codec.name("name")

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, dead_motors=condition.dead_motors | {self.motor})


@dataclass(frozen=True)
class Stuck(Timed):
    """A gearbox jams: no torque reaches the crank, which holds its angle."""

    name: ClassVar[str] = "stuck"
    motor: str = codec.name("name")

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, stuck_motors=condition.stuck_motors | {self.motor})
