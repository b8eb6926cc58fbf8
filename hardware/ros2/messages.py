"""The ROS 2 messages that go in and out, as tables from which their layouts follow.

ROS 2 puts a topic /name on the wire as rt/name, and a type package/msg/Name as package::msg::dds_::Name_. Names and
order are those of the public .msg files (geometry_msgs, nav_msgs, sensor_msgs, diagnostic_msgs, tf2_msgs; Apache-2.0).
"""

from __future__ import annotations

from hardware.unitree.layout import Many, Struct


def _struct(name: str, *fields: tuple[str, str | Struct | Many] | tuple[str, str, int]) -> Struct:
    package, _, own = name.partition("/")
    return Struct(f"{package}.msg.dds_.{own}_", fields)


def _xyz(name: str) -> Struct:
    return _struct(name, ("x", "f8"), ("y", "f8"), ("z", "f8"))


TIME = _struct("builtin_interfaces/Time", ("sec", "i4"), ("nanosec", "u4"))
HEADER = _struct("std_msgs/Header", ("stamp", TIME), ("frame_id", "text"))
VECTOR3, POINT = _xyz("geometry_msgs/Vector3"), _xyz("geometry_msgs/Point")
QUATERNION = _struct("geometry_msgs/Quaternion", ("x", "f8"), ("y", "f8"), ("z", "f8"), ("w", "f8"))
TWIST = _struct("geometry_msgs/Twist", ("linear", VECTOR3), ("angular", VECTOR3))
POSE = _struct("geometry_msgs/Pose", ("position", POINT), ("orientation", QUATERNION))
POSE_UNSURE = _struct("geometry_msgs/PoseWithCovariance", ("pose", POSE), ("covariance", "f8", 36))
TWIST_UNSURE = _struct("geometry_msgs/TwistWithCovariance", ("twist", TWIST), ("covariance", "f8", 36))
ODOMETRY = _struct(
    "nav_msgs/Odometry", ("header", HEADER), ("child_frame_id", "text"), ("pose", POSE_UNSURE), ("twist", TWIST_UNSURE)
)
JOINT_STATE = _struct(
    "sensor_msgs/JointState",
    *(("header", HEADER), ("name", Many("text"))),
    *((part, Many("f8")) for part in ("position", "velocity", "effort")),
)
IMU = _struct(
    "sensor_msgs/Imu",
    *(("header", HEADER), ("orientation", QUATERNION), ("orientation_covariance", "f8", 9)),
    *(("angular_velocity", VECTOR3), ("angular_velocity_covariance", "f8", 9)),
    *(("linear_acceleration", VECTOR3), ("linear_acceleration_covariance", "f8", 9)),
)
KEY_VALUE = _struct("diagnostic_msgs/KeyValue", ("key", "text"), ("value", "text"))
DIAGNOSTIC_STATUS = _struct(
    "diagnostic_msgs/DiagnosticStatus",
    *(("level", "u1"), ("name", "text"), ("message", "text"), ("hardware_id", "text"), ("values", Many(KEY_VALUE))),
)
DIAGNOSTICS = _struct("diagnostic_msgs/DiagnosticArray", ("header", HEADER), ("status", Many(DIAGNOSTIC_STATUS)))
TRANSFORM = _struct("geometry_msgs/Transform", ("translation", VECTOR3), ("rotation", QUATERNION))
TRANSFORM_STAMPED = _struct(
    "geometry_msgs/TransformStamped", ("header", HEADER), ("child_frame_id", "text"), ("transform", TRANSFORM)
)
TRANSFORMS = _struct("tf2_msgs/TFMessage", ("transforms", Many(TRANSFORM_STAMPED)))
