from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.two_terminals import free_domain
from hardware.robot import RobotState
from hardware.steering import Velocity

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

from hardware.ros2 import messages
from hardware.ros2.topics import DEPTH, Topics, read_twist
from hardware.unitree.dds import DdsBus, idl_type
from hardware.unitree.layout import CDR_HEADER

GOLDEN: dict[str, str] = json.loads(Path(__file__).with_name("golden.json").read_text())
"""What rclpy 9.1.2 makes of messages (`rclpy.serialization.serialize_message`), padding and all."""
AHEAD = Velocity(0.25, 0.0, -0.5)


def twist(velocity: Velocity = AHEAD) -> bytes:
    forward, lateral, turn = velocity
    return CDR_HEADER + struct.pack("<6d", forward, lateral, 0.0, 0.0, 0.0, turn)


def read(name: str, kind: Any) -> Any:
    return idl_type(kind).deserialize(bytes.fromhex(GOLDEN[name]))


def test_a_twist_of_ros_is_read() -> None:
    assert read_twist(bytes.fromhex(GOLDEN["twist"])) == AHEAD
    assert bytes.fromhex(GOLDEN["twist"]) == twist()
    big = bytes((0, 0, 0, 0)) + struct.pack(">6d", 0.25, 0.0, 9.0, 9.0, 9.0, -0.5)
    assert read_twist(big) == AHEAD
    assert read_twist(bytes((0, 7, 0, 0)) + twist()[4:]) == AHEAD


@given(wire=st.binary(max_size=80))
def test_rubbish_is_no_twist_or_a_finite_one(wire: bytes) -> None:
    velocity = read_twist(wire)
    assert velocity is None or all(map(math.isfinite, velocity))


@pytest.mark.parametrize(
    "wire", [b"", twist()[:-1], twist() + bytes(8), twist(Velocity(math.nan, 0.0, 0.0)), b"\1" + twist()[1:]]
)
def test_what_is_no_twist_is_said_to_be_none(wire: bytes) -> None:
    assert read_twist(wire) is None


def test_messages_of_ros_mean_the_same_here() -> None:
    odometry = read("odometry", messages.ODOMETRY)
    assert (odometry.header.stamp.sec, odometry.header.stamp.nanosec) == (7, 9)
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("odom", "base_link")
    assert (odometry.pose.pose.position.x, odometry.twist.twist.linear.x) == (1.5, 0.25)
    joints = read("joints", messages.JOINT_STATE)
    assert (joints.name, joints.position, joints.velocity) == (["left", "right"], [1.0, 2.0], [3.0, 4.0])
    imu = read("imu", messages.IMU)
    assert (imu.orientation_covariance[0], imu.linear_acceleration.z) == (-1.0, 9.81)
    status = read("diagnostics", messages.DIAGNOSTICS).status[0]
    assert (status.level, status.name, status.hardware_id, status.values[0].value) == (1, "limber", "roach", "v")
    assert read("tf", messages.TRANSFORM_STAMPED).transform.translation.x == 1.0


@pytest.mark.alone
def test_commands_come_in_and_the_robot_is_told_of() -> None:
    half = math.sqrt(0.5)
    state = RobotState(
        seq=1,
        time=0.0,
        position=np.array([1.0, 2.0, 0.3]),
        quaternion=np.array([half, 0.0, 0.0, half]),
        velocity=np.array([0.0, 0.2, 0.0]),
        gyro=np.array([0.0, 0.0, 0.7]),
        motor_position=np.array([1.0, 2.0]),
        motor_velocity=np.array([3.0, 4.0]),
    )
    with DdsBus("lo", free_domain()) as bus:
        topics = Topics(bus, "roach", ("left", "right"))
        writer, kinds = bus.writer("rt/cmd_vel", messages.TWIST), {"odom": messages.ODOMETRY, "imu": messages.IMU}
        readers = {name: bus.reader(f"rt/{name}", kind) for name, kind in kinds.items()}
        writer.write(twist())
        assert [heard.velocity for heard in topics.heard()] == [AHEAD]
        for _ in range(2 * DEPTH):
            writer.write(twist())
        assert len(topics.heard()) == DEPTH
        topics.tell(state, 1700000000.25, "left-middle leg lost", {"cost": "0.5"})
        odometry, imu = (idl_type(kinds[name]).deserialize(readers[name].take()[0]) for name in kinds)
    assert (odometry.header.stamp.sec, odometry.header.stamp.nanosec) == (1700000000, 250000000)
    assert odometry.pose.pose.position.y == 2.0
    assert odometry.twist.twist.linear.x == pytest.approx(0.2)
    assert odometry.twist.twist.linear.y == pytest.approx(0.0, abs=1e-12)
    assert (imu.angular_velocity.z, imu.linear_acceleration_covariance[0]) == (0.7, -1.0)
