"""The numbers that the learning side sees of a robot: channels of its state vector, and actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sim.strict import require

ChannelKind = Literal["pose_x", "pose_y", "pose_yaw", "angle", "circular", "vector", "signal"]
"""How a channel of the state vector behaves: planar pose (absolute, left out of a model's input), an angle (enters as
sine and cosine; counts full turns), a circular one (told within one turn), a plain number, or a signal (left out,
and predicted afresh at every step)."""


@dataclass(frozen=True)
class Channel:
    """One named number of the state vector, with its SI unit and its kind."""

    name: str
    unit: str
    kind: ChannelKind


@dataclass(frozen=True)
class Action:
    """One number that the planner chooses, with its bounds, in SI units."""

    name: str
    unit: str
    low: float
    high: float
    rest: float
    """The value that the safe pose holds: the schedule fades to it when plans stop arriving."""

    def __post_init__(self) -> None:
        require(self.low < self.high, "high", f"more than low, {self.low}", self.high)


def measured(motors: Sequence[str]) -> tuple[Channel, ...]:
    """Return what every robot's state can hold, in the order of the crawler's state vector: (13 + 3 * n_motors).

    Velocity is in the heading frame (world frame turned by the yaw angle only), the gyro in the body frame.
    """
    body = (
        Channel("x", "m", "pose_x"),
        Channel("y", "m", "pose_y"),
        Channel("yaw", "rad", "pose_yaw"),
        Channel("z", "m", "vector"),
        Channel("roll", "rad", "circular"),
        Channel("pitch", "rad", "circular"),
        *(Channel(name, "m/s", "vector") for name in ("vx", "vy", "vz")),
        *(Channel(name, "rad/s", "vector") for name in ("gyro_x", "gyro_y", "gyro_z")),
    )
    drive = (
        *(Channel(f"phase_{motor}", "rad", "angle") for motor in motors),
        *(Channel(f"speed_{motor}", "rad/s", "vector") for motor in motors),
        *(Channel(f"emf_{motor}", "V", "vector") for motor in motors),
    )
    return (*body, *drive, Channel("battery", "V", "vector"))


def strode(actions: Sequence[Action]) -> tuple[Channel, ...]:
    """Return what a gait adds: its phase, and the stride that the feet follow, one channel for each action."""
    strides = (Channel(f"stride_{action.name}", action.unit, "vector") for action in actions)
    return (Channel("gait_phase", "rad", "circular"), *strides)


def kinds_of(channel: Channel) -> tuple[ChannelKind, ...]:
    """Return the kinds that a robot may give a channel, the usual one first.

    Roll and pitch may count full turns, as the pitch of a robot in a plane does.
    """
    return ("circular", "angle") if channel.kind == "circular" else (channel.kind,)
