"""What the guard enforces: ranges per motor, and checks, each with its own threshold and severity.

A robot's file (`configs/robots/`) sets them; the guard decides with them; the simulated robot runs under the same ones.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

from sim.strict import not_negative, positive, require

UNLIMITED = frozenset({"finite", "robot"})
"""Checks without a limit."""
FALLING = frozenset({"charge", "voltage"})
"""Checks that trip when smaller."""
ALWAYS = ("finite", "range", "slew", "command_age")
"""Checks that no robot can do without."""
_REAL = ("robot", "state_age", "attitude", "bad_packets", "frozen", "second_writer", "overruns", "gap")
_JOINTS = ("torque", "joint_position", "joint_velocity", "temperature")
_MORE = frozenset({"slew", "torque", "state_age", "tilt", "roll", "pitch", "pose", "plans"})
"""Checks whose limit cannot be zero."""


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

    @property
    def on(self) -> bool:
        """Whether it is looked at."""
        return self.severity is not Severity.OFF


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

    def __post_init__(self) -> None:
        positive(self, "torque")
        not_negative(self, "kp", "kd")
        for index, (low, high) in enumerate(zip(self.velocity_low, self.velocity_high, strict=False)):
            require(-math.inf < low <= 0.0, f"velocity_low[{index}]", "0, which lets it stand still, or less", low)
            require(0.0 <= high < math.inf, f"velocity_high[{index}]", "0, which lets it stand still, or more", high)
        for key in ("velocity", "position"):
            low, high = getattr(self, f"{key}_low"), getattr(self, f"{key}_high")
            require(len(low) == len(high), f"{key}_high", f"{len(low)} numbers, as many as {key}_low", len(high))
            for index, (least, most) in enumerate(zip(low, high, strict=True)):
                require(least < most, f"{key}_high[{index}]", f"more than {key}_low, {least:g}", f"{most:g}")


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
    gap: Check = Check()
    """Time between two servo cycles of a robot that is driven [s]: one that slept knows nothing of it any more."""

    obedience: Check = Check()
    """Share of what more than half of the motors do that is not as they were told [-]."""
    motor: Check = Check()
    """The same of the one motor that is worst [-]."""
    stand_up: Check = Check()
    """How far a joint is off its way up or the standing pose [rad]; it trips too when the time for that is over."""
    constant: Check = Check()
    """Time for which joints or IMU said exactly the same while set-points moved [s]."""
    gravity: Check = Check()
    """Angle between up as the accelerometer feels it on average and as the attitude says it [rad]."""
    turning: Check = Check()
    """Share of all turning on which gyro and attitude differ [-]."""
    feet: Check = Check()
    """Share of rise and fall that the forces of more than half of the feet lack while their legs step [-]."""
    foot: Check = Check()
    """The same of the one foot that is worst [-]."""

    def __post_init__(self) -> None:
        for name, check in self:
            if name not in UNLIMITED:
                _sound(name, check)
        for name in ALWAYS:
            require(getattr(self, name).on, f"{name}.severity", "one that is not off", "off")

    def __iter__(self) -> Iterator[tuple[str, Check]]:
        """Return names and checks."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))

    def absent(self, *, position: bool) -> list[str]:
        """Return what a real robot needs besides and these lack; those of joint angles on request."""
        wanted = [*_REAL, *(_JOINTS if position else ()), *(() if self.roll.on and self.pitch.on else ("tilt",))]
        return [name for name in wanted if not getattr(self, name).on]


@dataclass(frozen=True)
class Arming:
    """What a real robot proves before it is told anything: beyond a soft or a hard limit it is not armed.

    What it does not measure is said and no more, but for joints, gyro and the feet that its file names.
    """

    joints: Check = Check(Severity.HARD, 0.05)
    """How far a joint is outside its range [rad]."""
    pose: Check = Check(Severity.HARD, 0.8)
    """How far a joint is from the way between lying and standing [rad]."""
    legs: Check = Check(Severity.SOFT, 0.05)
    """How far a leg's lowest point is off the ground on which the others are [m]; while it stands up and stands too."""
    ground: Check = Check(Severity.SOFT, 0.35)
    """How steep that ground is, by joints and attitude [rad]; while it stands up and stands too."""
    gravity: Check = Check(Severity.HARD, 0.26)
    """Angle between up as the accelerometer feels it and as the attitude says it [rad]."""
    weight: Check = Check(Severity.HARD, 0.1)
    """How far what the accelerometer feels is from 9.81 m/s^2, as a share of it [-]."""
    angles: Check = Check(Severity.HARD, 0.1)
    """How far roll, pitch and yaw as the robot says them are from its quaternion [rad]."""
    rest: Check = Check(Severity.HARD, 0.3)
    """Fastest turning, by the gyro [rad/s]."""
    still: Check = Check(Severity.HARD, 0.5)
    """Fastest joint [rad/s]."""
    same: Check = Check(Severity.HARD, 0.1)
    """Time for which gyro or accelerometer said exactly the same [s]."""
    feet: Check = Check(Severity.SOFT, 5.0)
    """How many times its weight the feet of a robot bear at most [-], and once it stands the reciprocal at least."""
    plans: Check = Check(Severity.HARD, 1.0)
    """How long half of the plans took while warming up, as a share of a tick [-]; `limber deploy` looks at it."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _sound(field.name, getattr(self, field.name))


def _sound(name: str, check: Check) -> None:
    """Raise ValueError unless a check that is looked at has a limit, and a milder threshold on the right side of it."""
    limit, warn, sign = check.limit, check.warn, -1.0 if name in FALLING else 1.0
    if not check.on:
        return
    require(limit < math.inf, f"{name}.limit", "a number, because it is looked at", "none")
    require(limit > 0.0 or (limit == 0.0 and name not in _MORE), f"{name}.limit", "a positive number", limit)
    milder = warn is None or sign * warn < sign * limit
    require(milder, f"{name}.warn", f"{'more' if name in FALLING else 'less'} than the limit, {limit:g}", warn)
