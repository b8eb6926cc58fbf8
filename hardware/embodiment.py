"""Between the body and the numbers that the learning side works with.

A measured `RobotState` becomes the state vector (channels named in the `RobotSpec`), an action becomes a
`RobotCommand`: directly, or through a gait.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from hardware.gait.drive import GaitDrive
from hardware.robot import Channel, CommandMode, FloatArray, RobotCommand, RobotSpec, RobotState
from hardware.rotation import roll_pitch_yaw


def channels(motors: tuple[str, ...]) -> tuple[Channel, ...]:
    """Return every channel that `observe` can fill, in the order of the crawler's state vector: (13 + 3 * n_motors).

    Velocity is in the heading frame (world frame turned by the yaw angle only), the gyro in the body frame.
    """
    body = (
        Channel("x", "m", "pose_x"),
        Channel("y", "m", "pose_y"),
        Channel("yaw", "rad", "pose_yaw"),
        Channel("z", "m", "vector"),
        Channel("roll", "rad", "angle"),
        Channel("pitch", "rad", "angle"),
        *(Channel(name, "m/s", "vector") for name in ("vx", "vy", "vz")),
        *(Channel(name, "rad/s", "vector") for name in ("gyro_x", "gyro_y", "gyro_z")),
    )
    drive = (
        *(Channel(f"phase_{motor}", "rad", "angle") for motor in motors),
        *(Channel(f"speed_{motor}", "rad/s", "vector") for motor in motors),
        *(Channel(f"emf_{motor}", "V", "vector") for motor in motors),
    )
    return (*body, *drive, Channel("battery", "V", "vector"))


def check(spec: RobotSpec) -> None:
    """Raise ValueError when `observe` cannot fill one of the robot's channels."""
    known = [*(channel.name for channel in channels(spec.motors)), "gait_phase", *_strides(spec), *spec.judged]
    for channel in spec.channels:
        if channel.name not in known:
            raise ValueError(f"robot {spec.name}: unknown channel {channel.name!r}; expected one of {', '.join(known)}")


def observe(spec: RobotSpec, state: RobotState) -> FloatArray:
    """Return the state vector (S,) in the order of `spec.channels`, SI units.

    Velocity is turned from the world into the heading frame; what the robot cannot measure stays NaN.
    """
    roll, pitch, yaw = roll_pitch_yaw(state.quaternion)
    cos, sin = math.cos(yaw), math.sin(yaw)
    x, y, z = state.position.tolist()
    east, north, up = state.velocity.tolist()
    values = {"x": x, "y": y, "z": z, "roll": roll, "pitch": pitch, "yaw": yaw}
    values |= {"vx": cos * east + sin * north, "vy": cos * north - sin * east, "vz": up}
    values |= zip(("gyro_x", "gyro_y", "gyro_z"), state.gyro.tolist(), strict=True)
    values |= {"battery": state.battery, "gait_phase": state.gait_phase}
    values |= zip(_strides(spec), np.broadcast_to(state.stride, len(spec.actions)).tolist(), strict=True)
    back_emf = np.broadcast_to(state.back_emf, len(spec.motors))
    for index, motor in enumerate(spec.motors):
        values[f"phase_{motor}"] = float(state.motor_position[index])
        values[f"speed_{motor}"] = float(state.motor_velocity[index])
        values[f"emf_{motor}"] = float(back_emf[index])
    values |= zip(spec.judged, state.judged or [math.nan] * len(spec.judged), strict=True)
    return np.array([values[channel.name] for channel in spec.channels], dtype=np.float64)


def _strides(spec: RobotSpec) -> list[str]:
    """Return the channels of what the gait follows, one for each action."""
    return [f"stride_{action.name}" for action in spec.actions]


class Embodiment(Protocol):
    """Turns actions into commands, once per servo cycle; may remember where it is in a movement."""

    steady: bool
    """Whether one command carries out an action for as long as it lasts."""

    def reset(self) -> None:
        """Forget the movement: the robot stands still."""
        ...

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        """Return the command (n_motors,) that carries out an action (A,) at `now` and lasts until `expires` [s].

        Raises:
            ValueError: the action has the wrong shape.
        """
        ...

    def played(self, sent: RobotCommand) -> FloatArray | None:
        """Return the action (A,) that the last command amounts to as it was sent; None when it is none."""
        ...

    def annotate(self, state: RobotState) -> RobotState:
        """Return a state with what the embodiment itself knows about the movement."""
        ...


class DirectDrive:
    """Every action is the velocity set-point of one motor."""

    steady = True

    def __init__(self, spec: RobotSpec) -> None:
        """Raise ValueError when there is not one action per motor."""
        if len(spec.actions) != len(spec.motors):
            raise ValueError(
                f"robot {spec.name}: expected one action per motor ({len(spec.motors)}), got {len(spec.actions)}"
            )
        self._name, self._shape = spec.name, (len(spec.motors),)

    def reset(self) -> None:
        """There is nothing to forget."""

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        """Return the command (n_motors,) of an action (A,) until `expires` [s]."""
        if action.shape != self._shape:
            raise ValueError(f"robot {self._name}: expected an action of shape {self._shape}, got {action.shape}")
        return RobotCommand.speeds(np.array(action, dtype=np.float64), expires)

    def played(self, sent: RobotCommand) -> FloatArray | None:
        """Return the speeds that were sent (A,); None for other modes."""
        return sent.velocity.copy() if sent.mode is CommandMode.SERVO else None

    def annotate(self, state: RobotState) -> RobotState:
        """Return the state as it is."""
        return state


def embody(spec: RobotSpec) -> Embodiment:
    """Return what drives this robot.

    Raises:
        ValueError: nothing can: its channels, actions and motors do not fit together.
    """
    check(spec)
    return DirectDrive(spec) if spec.walker is None else GaitDrive(spec)


def rest_action(spec: RobotSpec) -> FloatArray:
    """Return the action (A,) of the safe pose."""
    return np.array([action.rest for action in spec.actions], dtype=np.float64)
