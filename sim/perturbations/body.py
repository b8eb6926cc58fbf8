"""Perturbations of the body: legs, load and motors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sim.conditions.condition import Condition
from sim.perturbations import codec
from sim.perturbations.base import Timed
from sim.robots import go2, roach

LEGS = (*roach.LEGS, *go2.LEGS)
MOTORS = (*roach.SIDES, *go2.MOTORS)
"""Of all robots; `sim.perturbations.checks` says which of them a robot has."""


@dataclass(frozen=True)
class LegLoss(Timed):
    """Legs break off, those of a quadruped at the knee: their mass and their contact are gone."""

    name: ClassVar[str] = "leg_loss"
    legs: tuple[str, ...] = codec.several(LEGS, key="leg")

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

    def __post_init__(self) -> None:
        super().__post_init__()
        codec.check_range(self, "mass", self.mass, 0.0, go2.ANATOMY.payload)
        for key, reach in zip(("x", "y"), go2.ANATOMY.reach, strict=True):
            codec.check_range(self, key, getattr(self, key), -reach, reach)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        moment = (condition.payload_moment[0] + self.mass * self.x, condition.payload_moment[1] + self.mass * self.y)
        return replace(condition, payload_mass=condition.payload_mass + self.mass, payload_moment=moment)


@dataclass(frozen=True)
class Motor(Timed):
    """Worn, hot or badly calibrated drives: speeds are gain * set-point + bias, joints give a share of their torque."""

    name: ClassVar[str] = "motor"
    left: float = codec.number(1.0)
    """Gain [-]."""
    right: float = codec.number(1.0)
    left_bias: float = codec.number(0.0)
    """[rad/s]"""
    right_bias: float = codec.number(0.0)
    joints: tuple[tuple[str, float], ...] = codec.table(go2.MOTORS)
    """Joints of a quadruped and the share of the asked torque that they give [-]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("left", "right"):
            codec.check_range(self, key, getattr(self, key), 0.0, 2.0)
        for joint, share in self.joints:
            codec.check_range(self, joint, share, 0.0, 2.0)
        for key in ("left_bias", "right_bias"):
            codec.check_range(self, key, getattr(self, key), -30.0, 30.0)

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        gain = (condition.gain[0] * self.left, condition.gain[1] * self.right)
        bias = (condition.bias[0] + self.left_bias, condition.bias[1] + self.right_bias)
        strength = dict(condition.strength)
        for joint, share in self.joints:
            strength[joint] = strength.get(joint, 1.0) * share
        return replace(condition, gain=gain, bias=bias, strength=strength)


@dataclass(frozen=True)
class DeadMotor(Timed):
    """A motor gives no torque any more; its shorted winding still brakes."""

    name: ClassVar[str] = "dead_motor"
    motor: str = codec.choice(MOTORS, key="name")

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, dead_motors=condition.dead_motors | {self.motor})


@dataclass(frozen=True)
class Stuck(Timed):
    """A gearbox jams: no torque reaches the crank, which holds its angle."""

    name: ClassVar[str] = "stuck"
    motor: str = codec.choice(MOTORS, key="name")

    def change(self, condition: Condition) -> Condition:
        """Return the condition with this on top."""
        return replace(condition, stuck_motors=condition.stuck_motors | {self.motor})
