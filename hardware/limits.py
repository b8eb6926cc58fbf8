"""What the guard enforces: ranges per motor, and checks, each with its own threshold and severity.

A robot's file (`configs/robots/`) sets them; the guard decides with them; the simulated robot runs under the same ones.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class Severity(enum.Enum):
    """What happens when a check trips."""

    OFF = "off"
    """It is not looked at."""
    WARN = "warn"
    """It is said. A command that trips it is brought within the limit first, or damped for a cycle if it cannot be."""
    SOFT = "soft"
    """The robot sits down and is damped; latched until a reset. Robots without poses are damped at once."""
    HARD = "hard"
    """The robot is damped at once; latched until a reset."""


@dataclass(frozen=True)
class Check:
    """One thing to watch: beyond `limit` the severity applies, between `warn` and `limit` it is only said.

    "Beyond" means larger, except for the battery, where it means smaller.
    """

    severity: Severity = Severity.OFF
    limit: float = math.inf
    warn: float | None = None
    """Milder threshold; None: there is none."""


@dataclass(frozen=True)
class Limits:
    """Ranges per motor (n_motors,), what its data sheet allows; an empty tuple means that nothing is known."""

    velocity_low: tuple[float, ...]
    """Lowest velocity set-point [rad/s]."""
    velocity_high: tuple[float, ...]
    """Highest velocity set-point [rad/s]."""
    position_low: tuple[float, ...] = ()
    """Lower end of the joint's range [rad]."""
    position_high: tuple[float, ...] = ()
    """Upper end of the joint's range [rad]."""
    torque: tuple[float, ...] = ()
    """Largest torque that a command may ask for [N m]."""
    kp: float = 0.0
    """Largest position gain [N m/rad]."""
    kd: float = 0.0
    """Largest velocity gain [N m s/rad]."""


@dataclass(frozen=True)
class Checks:
    """The list of checks. What a command may ask for comes first, then what the state may be, then the wire."""

    finite: Check = Check(Severity.WARN)
    """A number of the command is not finite: the command is refused. No limit."""
    range: Check = Check(Severity.WARN, 0.0)
    """Set-points outside `Limits`; `limit` is the margin that positions keep from the ends of their range [rad]."""
    slew: Check = Check(Severity.WARN)
    """Change of a set-point: of position [rad/s], on robots servoed by velocity of velocity [rad/s^2]."""
    torque: Check = Check()
    """Implied torque |kp (q - q_meas) + kd (dq - dq_meas) + tau| as a share of `Limits.torque` [-]."""
    command_age: Check = Check(Severity.WARN, 0.0)
    """Time since a command expired [s]: held up to `limit`, damped beyond it."""

    robot: Check = Check(Severity.HARD)
    """The robot reports faults of its own. No limit."""
    state_age: Check = Check(Severity.HARD, 0.1)
    """Age of the newest state [s]."""
    attitude: Check = Check(Severity.HARD, 0.01)
    """How far the norm of the attitude's quaternion is from 1 [-]; not finite counts as beyond."""
    tilt: Check = Check()
    """Angle between the body's and the world's z axis [rad]."""
    roll: Check = Check()
    """|roll| [rad]."""
    pitch: Check = Check()
    """|pitch| [rad]."""
    joint_position: Check = Check()
    """How far a measured joint angle is outside its range [rad]."""
    joint_velocity: Check = Check()
    """Largest measured joint speed [rad/s]."""
    temperature: Check = Check()
    """Hottest motor [deg C]."""
    charge: Check = Check()
    """State of charge, trips when smaller [0..1]."""
    voltage: Check = Check()
    """Battery voltage, trips when smaller [V]."""

    lost: Check = Check()
    """Packets that a motor lost within the last second."""
    bad_packets: Check = Check()
    """States within the last second that the driver refused (checksum, length, header)."""
    frozen: Check = Check()
    """Time for which the robot's own tick has stood still while states arrive [s]."""
    second_writer: Check = Check()
    """Commands of somebody else within the last second."""
    overruns: Check = Check()
    """Servo cycles within the last second that began more than one period late."""
