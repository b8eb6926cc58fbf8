"""Between the body and the numbers that the learning side works with.

A measured `RobotState` becomes the state vector (channels named in the `RobotSpec`), an action becomes a
`RobotCommand`: directly, or through a gait.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from hardware.drives import Striding, Walking
from hardware.gait.drive import GaitDrive
from hardware.motors import Gains, PositionServo
from hardware.robot import AVERAGED, CommandMode, FloatArray, RobotCommand, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.spec import RobotSpec
from hardware.walkers.drive import WalkerDrive
from hardware.walkers.own import OwnDrive


def observe(spec: RobotSpec, state: RobotState) -> FloatArray:
    """Return the state vector (S,) in the order of `spec.channels`, SI units.

    Velocity is turned from the world into the heading frame; what the robot cannot measure stays NaN. In a plane the
    pitch is not that of Euler angles, which would turn the heading around where a robot turns over.
    """
    planar = spec.anatomy.root == "planar"
    roll, pitch, yaw = (0.0, state.pitch, 0.0) if planar else roll_pitch_yaw(state.quaternion)
    cos, sin = math.cos(yaw), math.sin(yaw)
    x, y, z = state.position.tolist()
    east, north, up = state.velocity.tolist()
    values = {"x": x, "y": y, "z": z, "roll": roll, "pitch": pitch, "yaw": yaw}
    values |= {"vx": cos * east + sin * north, "vy": cos * north - sin * east, "vz": up}
    values |= zip(("gyro_x", "gyro_y", "gyro_z"), state.gyro.tolist(), strict=True)
    values |= {"battery": state.battery, "gait_phase": state.gait_phase}
    strides = np.broadcast_to(state.stride, len(spec.actions)).tolist()
    values |= {f"stride_{action.name}": stride for action, stride in zip(spec.actions, strides, strict=True)}
    back_emf = np.broadcast_to(state.back_emf, len(spec.motors))
    for index, motor in enumerate(spec.motors):
        values[f"phase_{motor}"] = float(state.motor_position[index])
        values[f"speed_{motor}"] = float(state.motor_velocity[index])
        values[f"emf_{motor}"] = float(back_emf[index])
    values |= zip(spec.judged, state.judged or [math.nan] * len(spec.judged), strict=True)
    if isinstance(spec.drive, Walking) and spec.drive.averaged and len(state.averaged) == len(AVERAGED):
        values |= zip(AVERAGED, state.averaged.tolist(), strict=True)
    return np.array([values[channel.name] for channel in spec.channels], dtype=np.float64)


class Embodiment(Protocol):
    """Turns actions into commands, once per servo cycle; may remember where it is in a movement."""

    steady: bool
    """Whether one command carries out an action for as long as it lasts."""

    def reset(self) -> None:
        """Forget the movement: the robot stands still."""

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        """Return the command (n_motors,) that carries out an action (A,) at `now` and lasts until `expires` [s].

        Raises:
            ValueError: the action has the wrong shape.
        """

    def played(self, sent: RobotCommand) -> FloatArray | None:
        """Return the action (A,) that the last command amounts to as it was sent; None when it is none."""

    def annotate(self, state: RobotState) -> RobotState:
        """Return a state with what the embodiment itself knows about the movement."""


class DirectDrive:
    """Every action is the set-point of one motor: a speed, an angle or a torque, as the motors are servoed."""

    steady = True

    def __init__(self, spec: RobotSpec) -> None:
        self._name, self._servo, self._none = spec.name, spec.servo.kind, np.zeros(len(spec.motors))
        gains = spec.servo.run if isinstance(spec.servo, PositionServo) else Gains((0.0,), (0.0,))
        self._kp, self._kd = self._none + gains.kp, self._none + gains.kd

    def reset(self) -> None:
        pass  # there is nothing to forget

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        if action.shape != self._none.shape:
            raise ValueError(f"robot {self._name}: expected an action of shape {self._none.shape}, got {action.shape}")
        return RobotCommand(CommandMode.SERVO, *self.setpoints(np.array(action, dtype=np.float64)), expires)

    def setpoints(self, actions: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return positions, velocities and torques that motors follow under actions (..., A), and their gains."""
        asked = {self._servo: actions}
        position, velocity, torque = (asked.get(what, self._none) for what in ("position", "velocity", "torque"))
        return position, velocity, torque, self._kp, self._kd

    def played(self, sent: RobotCommand) -> FloatArray | None:
        setpoints = {"position": sent.position, "velocity": sent.velocity, "torque": sent.torque}[self._servo]
        return setpoints.copy() if sent.mode is CommandMode.SERVO else None

    def annotate(self, state: RobotState) -> RobotState:
        return state


def embody(spec: RobotSpec) -> Embodiment:
    """Return what drives this robot. Raises PolicyError where a policy's file cannot be used."""
    match spec.drive:
        case Striding():
            return GaitDrive(spec)
        case Walking(kind="sport"):
            return OwnDrive(spec)
        case Walking():
            return WalkerDrive(spec)
        case _:
            return DirectDrive(spec)


def rest_action(spec: RobotSpec) -> FloatArray:
    """Return the action (A,) of the safe pose."""
    return np.array([action.rest for action in spec.actions], dtype=np.float64)
