"""The body as the controller sees it: what a robot is, reports, accepts and how it fails.

Every robot, simulated or real, is a `Robot`; the servo loop knows nothing else.
Vectors are world-frame unless a name says otherwise, SI units, radians, quaternions wxyz.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.legs import Leg
from hardware.limits import Checks, Limits

FloatArray = NDArray[np.float64]

UNKNOWN: FloatArray = np.full(1, math.nan)
"""An array that is not measured."""
UNKNOWN.setflags(write=False)

ChannelKind = Literal["pose_x", "pose_y", "pose_yaw", "angle", "vector", "signal"]
"""How a channel of the state vector behaves: planar pose (absolute, left out of a model's input),
an angle (enters as sine and cosine), a plain number, or a signal (left out, and predicted afresh at every step)."""


class RobotError(RuntimeError):
    """A robot could not do what was asked; it has been left safe."""


class LinkLost(RobotError):
    """No state arrived within the time the robot's wire allows."""


class RobotFault(RobotError):
    """The robot or its guard reported a fault and refuses to run on."""


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


@dataclass(frozen=True)
class Gains:
    """Gains of the motors' position loop, per motor (n_motors,)."""

    kp: tuple[float, ...]
    """[N m/rad]"""
    kd: tuple[float, ...]
    """[N m s/rad]"""


@dataclass(frozen=True)
class Joints:
    """What only a robot servoed by position has, per motor (n_motors,)."""

    stand: tuple[float, ...]
    """Joint angles of the standing pose [rad]."""
    sit: tuple[float, ...]
    """Joint angles of the lying pose, from which it stands up [rad]."""
    rise_seconds: float
    """Time to stand up or to sit down [s]."""
    hold: Gains
    """While it stands up, stands and sits down."""
    run: Gains
    """While it walks."""
    damping: tuple[float, ...]
    """Velocity gain while damped [N m s/rad]."""
    wire: tuple[int, ...]
    """Place of each motor in the wire's arrays."""
    sign: tuple[float, ...]
    """1 or -1: angle on the wire = sign * angle + offset."""
    offset: tuple[float, ...]
    """[rad]"""


@dataclass(frozen=True)
class Walker:
    """What a robot that is driven through a gait has besides."""

    gait: str
    """Name of the pattern, see `hardware.gait.pattern.PATTERNS`."""
    mass: float
    """Of the whole robot [kg]."""
    legs: tuple[Leg, ...]
    """In the order of the motors, three each."""
    bare_force: float
    """A foot that bears less than this is taken for lost, with its calf [N]; 0 on robots that cannot tell."""
    bare_seconds: float
    """Time in stance after which it is [s]."""
    peg_height: float
    """Trunk over the centre of the feet when a leg without its calf stands on the knee [m]."""


@dataclass(frozen=True)
class RobotSpec:
    """The constant facts about a robot: names, orders, rates, bounds."""

    name: str
    motors: tuple[str, ...]
    channels: tuple[Channel, ...]
    actions: tuple[Action, ...]
    control_hz: float
    """Default rate of the plan loop [Hz]."""
    servo_hz: float
    """Rate of the servo loop [Hz], a multiple of every supported control rate."""
    limits: Limits
    checks: Checks = field(default_factory=Checks)
    joints: Joints | None = None
    """None on robots that are servoed by velocity."""
    walker: Walker | None = None
    """None on robots whose actions are the speeds of their motors."""
    course_scale: float = 1.0
    """How many times as large as a 10 cm crawler's the courses of this robot are."""
    feet: tuple[str, ...] = ()
    """Feet whose force is measured."""
    judged: tuple[str, ...] = ()
    """Channels that the robot does not measure: a judge beside it does, such as one that gives rewards."""


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
    faults: tuple[str, ...] = ()
    judged: tuple[float, ...] = ()
    """What a judge beside the robot says, one number for each of the spec's `judged`."""


class CommandMode(enum.Enum):
    """What the motors do: nothing, brake, or follow set-points."""

    OFF = "off"
    DAMP = "damp"
    SERVO = "servo"


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

    @classmethod
    def speeds(cls, velocity: FloatArray, expires: float) -> RobotCommand:
        """Return a command of velocities (n_motors,) [rad/s] for robots that servo those themselves."""
        none = np.zeros_like(velocity)
        return cls(CommandMode.SERVO, none, velocity, none, none, none, expires)

    @classmethod
    def passive(cls, mode: CommandMode, count: int, expires: float, damping: FloatArray | float = 0.0) -> RobotCommand:
        """Return a command without set-points, OFF or DAMP, for `count` motors; damping is a gain [N m s/rad]."""
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
        ...

    def connect(self) -> None:
        """Open the wire; the motors stay off. Raises LinkLost."""
        ...

    def activate(self) -> None:
        """Let the motors follow commands. Raises RobotFault when the robot is not ready."""
        ...

    def read(self) -> RobotState:
        """Return the newest state. Raises LinkLost."""
        ...

    def write(self, command: RobotCommand) -> RobotCommand:
        """Send a command and return the one that was really sent."""
        ...

    def damp(self) -> None:
        """Brake all motors now."""
        ...

    def deactivate(self) -> None:
        """Motors off; `read` still works."""
        ...

    def close(self) -> None:
        """Release the wire."""
        ...
