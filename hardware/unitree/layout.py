"""What Unitree's low-level messages are made of: one table a message, from which every layout follows.

A message exists twice. In memory it is a C structure, aligned as a compiler does it; its CRC is taken over that image.
On the wire it is little-endian CDR behind a header of four bytes. CDR packs a byte behind a byte where C starts a
structure on a multiple of four, so the first motor's `mode` sits earlier on the wire; from the next word on the two
images are the same, byte for byte. Names and order are those of the public IDL `unitree_go::msg::dds_`
(unitree_sdk2_python, BSD-3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

Field: TypeAlias = "tuple[str, str | Struct | Many] | tuple[str, str | Struct, int]"
"""Name, NumPy kind or structure, and the length where it is an array."""

CDR_HEADER = bytes((0, 1, 0, 0))
"""Plain CDR, little-endian, no options: what precedes every message on the wire."""


@dataclass(frozen=True)
class Many:
    """A sequence of any length."""

    of: str | Struct


@dataclass(frozen=True)
class Struct:
    """A structure of the IDL."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """The C image; only for a structure of fixed length."""
        return np.dtype([(name, _numpy(kind), *count) for name, kind, *count in self.fields], align=True)


@dataclass(frozen=True)
class Message:
    """A structure that travels by itself.

    Wire and C image are of one size, `struct.dtype.itemsize` bytes.
    """

    topic: str
    struct: Struct
    head: int
    """Length of what comes before the first `mode`, without padding [bytes]: there it is on the wire."""
    first_mode: int
    """Where the first `mode` is in the C image [bytes]; four bytes later the two images become equal."""

    @property
    def size(self) -> int:
        """Length of the wire form, header included, and of the C image [bytes]."""
        return self.struct.dtype.itemsize

    def to_wire(self, image: bytes) -> bytes:
        """Return the wire form of a C image."""
        mode, same = self.first_mode, self.first_mode + 4
        start = CDR_HEADER + image[: self.head] + image[mode : mode + 1]
        return start + bytes(same - len(start)) + image[same:]

    def to_image(self, wire: bytes) -> bytes:
        """Return the C image of a wire form of the right length; padding comes out as zero."""
        begin, end = len(CDR_HEADER), len(CDR_HEADER) + self.head
        start = wire[begin:end] + bytes(self.first_mode - self.head) + wire[end : end + 1] + bytes(3)
        return start + wire[self.first_mode + 4 :]


def _numpy(kind: str | Struct | Many) -> np.dtype[np.void] | str:
    if isinstance(kind, Many):
        raise TypeError("expected fields of fixed length, got a sequence")
    return kind.dtype if isinstance(kind, Struct) else f"<{kind}"


def _each(kind: str, *names: str) -> tuple[Field, ...]:
    return tuple((name, kind) for name in names)


_PACKAGE = "unitree_go.msg.dds_"
_START: tuple[Field, ...] = (
    *(("head", "u1", 2), ("level_flag", "u1"), ("frame_reserve", "u1")),
    *(("sn", "u4", 2), ("version", "u4", 2), ("bandwidth", "u2")),
)

_MOTOR_CMD = Struct(
    f"{_PACKAGE}.MotorCmd_", (("mode", "u1"), *_each("f4", "q", "dq", "tau", "kp", "kd"), ("reserve", "u4", 3))
)
_BMS_CMD = Struct(f"{_PACKAGE}.BmsCmd_", (("off", "u1"), ("reserve", "u1", 3)))
_IMU_STATE = Struct(
    f"{_PACKAGE}.IMUState_",
    (
        *(("quaternion", "f4", 4), ("gyroscope", "f4", 3), ("accelerometer", "f4", 3), ("rpy", "f4", 3)),
        ("temperature", "u1"),
    ),
)
_MOTOR_STATE = Struct(
    f"{_PACKAGE}.MotorState_",
    (
        ("mode", "u1"),
        *_each("f4", "q", "dq", "ddq", "tau_est", "q_raw", "dq_raw", "ddq_raw"),
        *(("temperature", "u1"), ("lost", "u4"), ("reserve", "u4", 2)),
    ),
)
_BMS_STATE = Struct(
    f"{_PACKAGE}.BmsState_",
    (
        *_each("u1", "version_high", "version_low", "status", "soc"),
        *(("current", "i4"), ("cycle", "u2"), ("bq_ntc", "u1", 2), ("mcu_ntc", "u1", 2), ("cell_vol", "u2", 15)),
    ),
)
_LOW_CMD = Struct(
    f"{_PACKAGE}.LowCmd_",
    (
        *_START,
        *(("motor_cmd", _MOTOR_CMD, 20), ("bms_cmd", _BMS_CMD), ("wireless_remote", "u1", 40)),
        *(("led", "u1", 12), ("fan", "u1", 2), ("gpio", "u1"), ("reserve", "u4"), ("crc", "u4")),
    ),
)
_LOW_STATE = Struct(
    f"{_PACKAGE}.LowState_",
    (
        *_START,
        *(("imu_state", _IMU_STATE), ("motor_state", _MOTOR_STATE, 20), ("bms_state", _BMS_STATE)),
        *(("foot_force", "i2", 4), ("foot_force_est", "i2", 4), ("tick", "u4"), ("wireless_remote", "u1", 40)),
        *(("bit_flag", "u1"), ("adc_reel", "f4"), ("temperature_ntc1", "u1"), ("temperature_ntc2", "u1")),
        *(("power_v", "f4"), ("power_a", "f4"), ("fan_frequency", "u2", 4), ("reserve", "u4"), ("crc", "u4")),
    ),
)
LOW_CMD = Message("rt/lowcmd", _LOW_CMD, head=22, first_mode=24)
"""Set-points for 20 motors, host to robot."""
LOW_STATE = Message("rt/lowstate", _LOW_STATE, head=77, first_mode=80)
"""What the robot measures, robot to host."""

_TIME = Struct(f"{_PACKAGE}.TimeSpec_", (("sec", "i4"), ("nanosec", "u4")))
_PATH_POINT = Struct(f"{_PACKAGE}.PathPoint_", _each("f4", "t_from_start", "x", "y", "yaw", "vx", "vy", "vyaw"))
_SPORT_STATE = Struct(
    f"{_PACKAGE}.SportModeState_",
    (
        *(("stamp", _TIME), ("error_code", "u4"), ("imu_state", _IMU_STATE), ("mode", "u1"), ("progress", "f4")),
        *(("gait_type", "u1"), ("foot_raise_height", "f4"), ("position", "f4", 3), ("body_height", "f4")),
        *(("velocity", "f4", 3), ("yaw_speed", "f4"), ("range_obstacle", "f4", 4), ("foot_force", "i2", 4)),
        *(("foot_position_body", "f4", 12), ("foot_speed_body", "f4", 12), ("path_point", _PATH_POINT, 10)),
    ),
)
SPORT_STATE = Message("rt/sportmodestate", _SPORT_STATE, head=65, first_mode=68)
"""What the robot's own controller says of itself, robot to host; it has no CRC, and the `mode` is the controller's."""

_API = "unitree_api.msg.dds_"
_IDENTITY = Struct(f"{_API}.RequestIdentity_", (("id", "i8"), ("api_id", "i8")))

_LEASE = Struct(f"{_API}.RequestLease_", (("id", "i8"),))
_POLICY = Struct(f"{_API}.RequestPolicy_", (("priority", "i4"), ("noreply", "b1")))
RESPONSE_STATUS = Struct(f"{_API}.ResponseStatus_", (("code", "i4"),))
_REQUEST_HEADER = Struct(f"{_API}.RequestHeader_", (("identity", _IDENTITY), ("lease", _LEASE), ("policy", _POLICY)))
RESPONSE_HEADER = Struct(f"{_API}.ResponseHeader_", (("identity", _IDENTITY), ("status", RESPONSE_STATUS)))

REQUEST = Struct(f"{_API}.Request_", (("header", _REQUEST_HEADER), ("parameter", "text"), ("binary", "bytes")))
"""A call to one of the robot's services."""
RESPONSE = Struct(f"{_API}.Response_", (("header", RESPONSE_HEADER), ("data", "text"), ("binary", "bytes")))
"""The answer to it."""

HEAD = (0xFE, 0xEF)
"""The first two bytes of every message."""
LOW_LEVEL = 0xFF
"""`level_flag` of a low-level command."""
MOTOR_ON = 0x01
"""Motor `mode` in which a Go2's motor follows its set-points."""
POS_STOP = 2.146e9
"""`q` that means: no position loop [rad]."""
VEL_STOP = 16000.0
"""`dq` that means: no velocity loop [rad/s]."""
LEGS = ("front_right", "front_left", "rear_right", "rear_left")
"""The legs, and so the feet, in the wire's order: FR, FL, RR, RL."""
MOTORS = tuple(f"{leg}_{joint}" for leg in LEGS for joint in ("hip", "thigh", "calf"))
"""The motors in the wire's order; the other eight places are unused."""
BUTTONS = ("R1", "L1", "start", "select", "R2", "L2", "F1", "F2", "A", "B", "X", "Y", "up", "right", "down", "left")
"""The remote's buttons from bit 0 on, in bytes 2 and 3 of `wireless_remote`."""
