"""The body as the controller sees it: what a robot is, reports, accepts and how it fails.

Every robot, simulated or real, is a `Robot`; the servo loop knows nothing else.
Vectors are world-frame unless a name says otherwise, SI units, radians, quaternions wxyz.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hardware.spec import RobotSpec

FloatArray = NDArray[np.float64]

UNKNOWN: FloatArray = np.full(1, math.nan)
"""An array that is not measured."""
UNKNOWN.setflags(write=False)


AVERAGED = ("z", "roll", "pitch", "vx", "vy", "vz", "gyro_x", "gyro_y", "gyro_z")
"""Channels of a state vector that oscillate with the steps of a walk."""


class RobotError(RuntimeError):
    """A robot could not do what was asked; it has been left safe."""


class LinkLost(RobotError):
    """No state arrived within the time the robot's wire allows."""


class RobotFault(RobotError):
    """The robot or its guard reported a fault and refuses to run on."""


@dataclass(frozen=True)
class RobotState:
    """What the robot measured at one instant.

    A quantity it cannot measure is NaN; an array that nobody fills is one NaN (1,), which broadcasts to any size.
    """

    seq: int
    time: float
    """Host clock when this state was true [s]."""
    position: FloatArray
    """Body origin (3,) [m]."""
    quaternion: FloatArray
    """Attitude wxyz, body to world (4,)."""
    velocity: FloatArray
    """Linear velocity of the body origin (3,) [m/s]."""
    gyro: FloatArray
    """Angular velocity in the body frame (3,) [rad/s]."""
    motor_position: FloatArray
    """Unwrapped angle at the output shaft (n_motors,) [rad]."""
    motor_velocity: FloatArray
    """(n_motors,) [rad/s]."""
    battery: float = math.nan
    """Battery terminal voltage [V]."""
    back_emf: FloatArray = field(default_factory=lambda: UNKNOWN)
    """Voltage the motors generate (n_motors,) [V]."""
    motor_torque: FloatArray = field(default_factory=lambda: UNKNOWN)
    """Estimated from the current (n_motors,) [N m]."""
    motor_temperature: FloatArray = field(default_factory=lambda: UNKNOWN)
    """(n_motors,) [deg C]"""
    accelerometer: FloatArray = field(default_factory=lambda: UNKNOWN)
    """Specific force in the body frame (3,) [m/s^2]: at rest it is 9.81 upwards."""
    foot_force: FloatArray = field(default_factory=lambda: UNKNOWN)
    """Along the normal of the ground, in the order of the spec's `feet` (n_feet,) [N]."""
    charge: float = math.nan
    """State of charge [0..1]."""
    lost: FloatArray = field(default_factory=lambda: UNKNOWN)
    """Packets lost since power-on, per motor (n_motors,)."""
    tick: float = math.nan
    """The robot's own clock [s]."""
    bad_packets: int = 0
    """States that the driver has refused since it connected."""
    foreign_commands: int = 0
    """Commands of somebody else heard since it connected."""
    gait_phase: float = math.nan
    """Where in its cycle the gait is that the servo plays, in [0, 2 pi); the servo fills it in [rad]."""
    stride: FloatArray = field(default_factory=lambda: UNKNOWN)
    """What the feet follow: the actions so far, smoothed by the gait (n_actions,); the servo fills it in."""
    averaged: FloatArray = field(default_factory=lambda: UNKNOWN)
    """What is averaged over the time of an action, in the order of `AVERAGED`; a walker's servo fills it in."""
    ready: float = math.nan
    """1 while a controller of its own follows velocities, 0 while it does not; NaN where it has none."""
    pitch: float = math.nan
    """Of a robot in a plane: how far it has turned, nose down positive, full turns and all [rad]."""
    faults: tuple[str, ...] = ()
    judged: tuple[float, ...] = ()
    """What a judge beside the robot says, one number for each of the spec's `judged`."""


class CommandMode(enum.Enum):
    """What the motors do: nothing, brake, or follow set-points; or what a controller of the robot's own does."""

    OFF = "off"
    DAMP = "damp"
    SERVO = "servo"
    STAND = "stand"
    """It stands up, or stands still."""
    WALK = "walk"
    """It walks as told by `RobotCommand.walk`."""
    SIT = "sit"
    """It lies down."""


DRIVEN = frozenset(CommandMode) - {CommandMode.OFF, CommandMode.DAMP}
"""Modes in which the robot carries itself."""


@dataclass(frozen=True)
class RobotCommand:
    """Set-points for every motor, valid until `expires`; the robot damps itself after that.

    A motor gives the torque `kp * (position - measured) + kd * (velocity - measured) + torque`, within its limits.
    Robots servoed by velocity read `velocity` alone. All arrays are (n_motors,).
    """

    mode: CommandMode
    position: FloatArray
    """[rad]"""
    velocity: FloatArray
    """[rad/s]"""
    torque: FloatArray
    """Feed-forward [N m]."""
    kp: FloatArray
    """[N m/rad]"""
    kd: FloatArray
    """[N m s/rad]"""
    expires: float
    """Host clock after which the command must not be followed any more [s]."""
    walk: FloatArray = field(default_factory=lambda: UNKNOWN)
    """What a controller of the robot's own is told, such as velocities, in the order of the actions (n_actions,)."""

    @classmethod
    def speeds(cls, velocity: FloatArray, expires: float) -> RobotCommand:
        """Return a command of velocities (n_motors,) [rad/s] for robots that servo those themselves."""
        none = np.zeros_like(velocity)
        return cls(CommandMode.SERVO, none, velocity, none, none, none, expires)

    @classmethod
    def passive(cls, mode: CommandMode, count: int, expires: float, damping: FloatArray | float = 0.0) -> RobotCommand:
        """Return a command without set-points for `count` motors, of any mode but SERVO; damping [N m s/rad]."""
        none = np.zeros(count)
        return cls(mode, none, none, none, none, none + damping, expires)


class Robot(Protocol):
    """Life cycle: connect -> (read)* -> activate -> (read, write)* -> deactivate -> close.

    `write` before `activate` raises RobotError. `damp` and `close` are allowed at any time, any number
    of times, and never raise.
    """

    @property
    def spec(self) -> RobotSpec:
        """The constant facts about this robot."""

    def connect(self) -> None:
        """Open the wire; the motors stay off. Raises LinkLost."""

    def activate(self) -> None:
        """Let the motors follow commands. Raises RobotFault when the robot is not ready."""

    def read(self) -> RobotState:
        """Return the newest state. Raises LinkLost."""

    def write(self, command: RobotCommand) -> RobotCommand:
        """Send a command and return the one that was really sent."""

    def damp(self) -> None:
        """Brake all motors now."""

    def deactivate(self) -> None:
        """Motors off; `read` still works."""

    def close(self) -> None:
        """Release the wire."""


@dataclass(frozen=True)
class Heard:
    """What a robot and its wire said for a while, nothing being asked of it."""

    states: tuple[RobotState, ...]
    """One at least."""
    senders: tuple[str, ...]
    """Who sent states, in words."""
    commands: int
    """Of somebody else."""
    angles: FloatArray
    """Roll, pitch and yaw as the robot itself says them (3,) [rad]; NaN where it does not."""


@runtime_checkable
class Listening(Protocol):
    """A robot on a wire: before it is armed it has to prove that it is what its file says."""

    def listen(self) -> Heard:
        """Hear the robot for a while, and send it nothing. Raises RobotFault."""

    def owner(self) -> str:
        """Return which controller of its own drives the robot, "" for none. Raises RobotFault."""
