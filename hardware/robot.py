"""The body as the controller sees it: what a robot is, reports, accepts and how it fails.

Every robot, simulated or real, is a `Robot`; the servo loop knows nothing else.
Vectors are world-frame unless a name says otherwise, SI units, radians, quaternions wxyz.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

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
class Limits:
    """What the guard enforces, per motor where an array is given (n_motors,)."""

    velocity_low: tuple[float, ...]
    """Lowest commanded motor velocity [rad/s]."""
    velocity_high: tuple[float, ...]
    """Highest commanded motor velocity [rad/s]."""
    slew: float
    """Largest change of a commanded motor velocity [rad/s^2]."""
    tilt: float
    """Largest angle between the body's and the world's z axis while running [rad]."""
    state_age: float
    """A state older than this stops the robot [s]."""


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
    judged: tuple[str, ...] = ()
    """Channels that the robot does not measure: a judge beside it does, such as one that gives rewards."""


@dataclass(frozen=True)
class RobotState:
    """What the robot measured at one instant; a quantity it cannot measure is NaN."""

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
    back_emf: FloatArray
    """Voltage the motors generate (n_motors,) [V]."""
    battery: float
    """Battery terminal voltage [V]."""
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
    """Set-points for every motor, valid until `expires`; the robot damps itself after that."""

    mode: CommandMode
    velocity: FloatArray
    """Motor velocity set-points (n_motors,) [rad/s]."""
    expires: float
    """Host clock after which the command must not be followed any more [s]."""


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
