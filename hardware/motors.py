"""How a robot's motors are servoed, and where they are on its wire. All tuples are per motor (n_motors,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sim.strict import not_negative, positive, require

FASTEST_RISE = 0.2
"""A robot that stands up or sits down sooner is thrown [s]."""


@dataclass(frozen=True)
class Gains:
    """Gains of the motors' position loop."""

    kp: tuple[float, ...]
    """[N m/rad]"""
    kd: tuple[float, ...]
    """[N m s/rad]"""

    def __post_init__(self) -> None:
        not_negative(self, "kp", "kd")


@dataclass(frozen=True)
class VelocityServo:
    """Motors that follow speeds by themselves, and brake without them."""

    kind: Literal["velocity"] = "velocity"


@dataclass(frozen=True)
class PositionServo:
    """Joints that follow angles; such a robot stands up before it runs, and sits down after it."""

    stand: tuple[float, ...]
    """Joint angles of the standing pose [rad]."""
    sit: tuple[float, ...]
    """Joint angles of the lying pose, from which it stands up [rad]."""
    rise_seconds: float
    """Time to stand up or to sit down [s]."""
    hold: Gains
    """While it stands up, stands and sits down."""
    run: Gains
    """While it runs."""
    damping: tuple[float, ...]
    """Velocity gain while damped [N m s/rad]."""
    kind: Literal["position"] = "position"

    def __post_init__(self) -> None:
        positive(self, "damping")
        require(self.rise_seconds >= FASTEST_RISE, "rise_seconds", f"at least {FASTEST_RISE} s", self.rise_seconds)
        require(self.stand != self.sit, "sit", "a pose other than that to stand in", self.sit)


@dataclass(frozen=True)
class TorqueServo:
    """Joints that are given torques; such a robot begins in a pose, and is damped without commands."""

    stand: tuple[float, ...]
    """Joint angles in which it begins [rad]."""
    damping: tuple[float, ...]
    """Velocity gain while damped [N m s/rad]."""
    kind: Literal["torque"] = "torque"

    def __post_init__(self) -> None:
        positive(self, "damping")


ServoKind = Annotated[VelocityServo | PositionServo | TorqueServo, Field(discriminator="kind")]


@dataclass(frozen=True)
class Wire:
    """What a real robot's wire makes of its motors."""

    driver: str
    """Who speaks to it."""
    place: tuple[int, ...]
    """Of each motor in the wire's arrays."""
    sign: tuple[float, ...]
    """1 or -1: angle on the wire = sign * angle + offset."""
    offset: tuple[float, ...]
    """[rad]"""

    def __post_init__(self) -> None:
        order = list(range(len(self.place)))
        require(sorted(self.place) == order, "place", "every number from 0 up once", list(self.place))
        require(set(self.sign) <= {1.0, -1.0}, "sign", "1 or -1 for each motor", list(self.sign))
