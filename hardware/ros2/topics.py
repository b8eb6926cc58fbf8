"""What a robot says and hears in ROS 2's topics: /cmd_vel in; /odom, /tf, /joint_states, /imu and /diagnostics out."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hardware.robot import FloatArray, RobotState
from hardware.ros2 import messages
from hardware.rotation import in_body
from hardware.steering import Velocity
from hardware.unitree.dds import DdsBus, idl_type
from hardware.unitree.layout import CDR_HEADER, Struct

DEPTH = 64
"""Commands that are kept for the next look at them."""
WORLD, BODY = "odom", "base_link"
"""Frames, as ROS calls them by convention."""
_OUT = {
    "odom": messages.ODOMETRY,
    "tf": messages.TRANSFORMS,
    "joint_states": messages.JOINT_STATE,
    "imu": messages.IMU,
    "diagnostics": messages.DIAGNOSTICS,
}
_TWIST = 6 * 8
_UNSURE: Sequence[float] = (0.0,) * 36
_NOT_GIVEN: Sequence[float] = (-1.0,) + (0.0,) * 8
"""Covariance of what is not measured, as sensor_msgs/Imu has it."""


class Heard(NamedTuple):
    """A message on /cmd_vel."""

    source: int
    """Who sent it."""
    velocity: Velocity | None
    """None where it is no finite Twist."""


def read_twist(wire: bytes) -> Velocity | None:
    """Return what a geometry_msgs/Twist in CDR asks for; None where it is none, or not finite."""
    if not _TWIST <= len(wire) - len(CDR_HEADER) < _TWIST + 8:
        return None
    order = {0: ">", 1: "<"}.get(wire[1] % 6)  # plain CDR or XCDR2, where nothing differs for six doubles
    numbers = struct.unpack_from(f"{order}6d", wire, len(CDR_HEADER)) if order and not wire[0] else (math.nan,)
    return Velocity(numbers[0], numbers[1], numbers[5]) if all(map(math.isfinite, numbers)) else None


class Topics:
    """The topics of one robot on a bus.

    Args:
        bus: of DDS, in the domain of ROS.
        name: of the robot.
        motors: their names.
    """

    def __init__(self, bus: DdsBus, name: str, motors: Sequence[str]) -> None:
        self._name, self._motors = name, list(motors)
        self._commands = bus.reader("rt/cmd_vel", messages.TWIST, DEPTH)
        self._writers = {topic: bus.writer(f"rt/{topic}", kind) for topic, kind in _OUT.items()}

    def heard(self) -> list[Heard]:
        """Return the messages that came in on /cmd_vel, at most `DEPTH`. Raises BusError."""
        return [Heard(source, read_twist(wire)) for wire, source in self._commands.receive()]

    def tell(self, state: RobotState, wall: float, message: str, facts: Mapping[str, str]) -> None:
        """Publish a state at a time since 1970 [s], and what is believed of the robot. Raises BusError."""
        header, body = _header(wall, WORLD), _header(wall, BODY)
        self._write("odom", _odometry(header, state))
        transform = _new(messages.TRANSFORM, translation=_vector(state.position), rotation=_quaternion(state))
        stamped = _new(messages.TRANSFORM_STAMPED, header=header, child_frame_id=BODY, transform=transform)
        self._write("tf", _new(messages.TRANSFORMS, transforms=[stamped]))
        effort = state.motor_torque.tolist() if len(state.motor_torque) == len(self._motors) else []
        position, velocity = state.motor_position.tolist(), state.motor_velocity.tolist()
        joints = {"name": self._motors, "position": position, "velocity": velocity, "effort": effort}
        self._write("joint_states", _new(messages.JOINT_STATE, header=body, **joints))
        self._write("imu", _imu(body, state))
        values = [_new(messages.KEY_VALUE, key=key, value=value) for key, value in facts.items()]
        about = {"level": 0, "name": "limber", "message": message, "hardware_id": self._name, "values": values}
        status = _new(messages.DIAGNOSTIC_STATUS, **about)
        self._write("diagnostics", _new(messages.DIAGNOSTICS, header=header, status=[status]))

    def _write(self, topic: str, message: Any) -> None:
        wire: bytes = message.serialize()
        self._writers[topic].write(wire + bytes(-len(wire) % 4))


def _new(kind: Struct, **fields: object) -> Any:
    return idl_type(kind)(**fields)


def _header(wall: float, frame: str) -> Any:
    seconds = math.floor(wall)
    stamp = _new(messages.TIME, sec=seconds, nanosec=min(int(1e9 * (wall - seconds)), 999_999_999))
    return _new(messages.HEADER, stamp=stamp, frame_id=frame)


def _vector(numbers: FloatArray, kind: Struct = messages.VECTOR3) -> Any:
    x, y, z = numbers.tolist() if len(numbers) == 3 else (0.0, 0.0, 0.0)
    return _new(kind, x=x, y=y, z=z)


def _quaternion(state: RobotState) -> Any:
    w, x, y, z = state.quaternion.tolist()
    return _new(messages.QUATERNION, x=x, y=y, z=z, w=w)


def _odometry(header: Any, state: RobotState) -> Any:
    """Return pose in the world, and velocity in the body's frame."""
    pose = _new(messages.POSE, position=_vector(state.position, messages.POINT), orientation=_quaternion(state))
    twist = _new(
        messages.TWIST, linear=_vector(in_body(state.quaternion, *state.velocity.tolist())), angular=_vector(state.gyro)
    )
    return _new(
        messages.ODOMETRY,
        header=header,
        child_frame_id=BODY,
        pose=_new(messages.POSE_UNSURE, pose=pose, covariance=_UNSURE),
        twist=_new(messages.TWIST_UNSURE, twist=twist, covariance=_UNSURE),
    )


def _imu(header: Any, state: RobotState) -> Any:
    measured = len(state.accelerometer) == 3
    return _new(
        messages.IMU,
        header=header,
        orientation=_quaternion(state),
        orientation_covariance=(0.0,) * 9,
        angular_velocity=_vector(state.gyro),
        angular_velocity_covariance=(0.0,) * 9,
        linear_acceleration=_vector(state.accelerometer),
        linear_acceleration_covariance=(0.0,) * 9 if measured else _NOT_GIVEN,
    )
