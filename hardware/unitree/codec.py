"""Between Unitree's bytes and numbers: what goes out is checked, and what comes in is believed only as a whole.

A message is accepted when it is, byte for byte, the one form that its content has: length, CDR header, padding, head
and CRC. Arrays of motors are in the wire's order, SI units.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray
from hardware.unitree.layout import (
    CDR_HEADER,
    HEAD,
    LOW_CMD,
    LOW_LEVEL,
    LOW_STATE,
    MOTOR_ON,
    MOTORS,
    SPORT_STATE,
    Message,
)

_ROWS = (5, len(MOTORS))
_LARGEST = float(np.finfo(np.float32).max)
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class WireError(ValueError):
    """A message that must not be used; the message says in one word why, then what was expected and got."""


def encode_command(rows: FloatArray, motor_mode: int = MOTOR_ON) -> bytes:
    """Return the LowCmd message that carries set-points: torque = tau + kp (q - measured) + kd (dq - measured).

    Args:
        rows: q [rad], dq [rad/s], tau [N m], kp [N m/rad], kd [N m s/rad] of the 12 motors (5, 12); a q of POS_STOP,
            and a dq of VEL_STOP, mean that there is no such loop.
        motor_mode: of every motor.

    Raises:
        WireError: a number is not finite, or not as a float of 32 bits.
        ValueError: the rows are not (5, 12).
    """
    if rows.shape != _ROWS:
        raise ValueError(f"LowCmd: expected rows of shape {_ROWS}, got {rows.shape}")
    if not np.abs(rows).max() <= _LARGEST:
        raise WireError(f"not finite: LowCmd: expected finite numbers, got {rows.tolist()}")
    image = np.zeros((), LOW_CMD.struct.dtype)
    motors = image["motor_cmd"]
    image["head"], image["level_flag"], motors["mode"] = HEAD, LOW_LEVEL, motor_mode
    for name, values in zip(("q", "dq", "tau", "kp", "kd"), rows, strict=True):
        motors[name][: len(MOTORS)] = values
    return seal(LOW_CMD, image.tobytes())


def seal(message: Message, image: bytes) -> bytes:
    """Return the wire form of a C image, with its CRC put in.

    The image comes as bytes because NumPy's copies of aligned records leave the padding undefined.
    """
    return message.to_wire(image[:-4] + crc(image).to_bytes(4, "little"))


def crc(image: bytes) -> int:
    """Return the check sum that belongs into the last word of a C image.

    CRC-32 with polynomial 0x04C11DB7, start 0xFFFFFFFF, no reflection and no final XOR, over little-endian words taken
    from their most significant bit on (unitree_sdk2_python, utils/crc.py). That is the mirror image of the everyday
    CRC-32: mirror every byte, let zlib do the work, mirror the result.
    """
    words = np.frombuffer(image, dtype="<u4", count=len(image) // 4 - 1)
    mirrored = zlib.crc32(words.byteswap().tobytes().translate(_MIRRORED)) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def decode(message: Message, wire: bytes) -> NDArray[np.void]:
    """Return a message's C image as a read-only record (), fields as in `layout`. Raises WireError."""
    raw = _image(message, wire)
    expected, got = crc(raw), int.from_bytes(raw[-4:], "little")
    if expected != got:
        raise WireError(f"crc: {message.topic}: expected 0x{expected:08X}, got 0x{got:08X}")
    if message.to_wire(raw) != wire:
        raise WireError(f"padding: {message.topic}: expected zeros between head and first motor")
    if tuple(raw[:2]) != HEAD:
        raise WireError(f"head: {message.topic}: expected {bytes(HEAD).hex()}, got {raw[:2].hex()}")
    return np.frombuffer(raw, message.struct.dtype)[0:1].reshape(())


def _image(message: Message, wire: bytes) -> bytes:
    """Return the C image of a message of the right length and encapsulation. Raises WireError."""
    if len(wire) != message.size:
        raise WireError(f"length: {message.topic}: expected {message.size} bytes, got {len(wire)}")
    if not wire.startswith(CDR_HEADER):
        raise WireError(f"encapsulation: {message.topic}: expected {CDR_HEADER.hex()}, got {wire[:4].hex()}")
    return message.to_image(wire)


def decode_state(wire: bytes) -> NDArray[np.void]:
    """Return the LowState record () of a message; WireError too where what a controller needs is not finite."""
    state = decode(LOW_STATE, wire)
    if not np.isfinite(words(state)[_FLOATS]).all():
        raise WireError("not finite: rt/lowstate: expected finite numbers of motors and IMU")
    return state


def decode_sport_state(wire: bytes) -> NDArray[np.void]:
    """Return the SportModeState record () of a message, which has no CRC. Raises WireError; so for NaN in a velocity.

    What is between its numbers says nothing and is not looked at: whether a robot writes zeros there is not known.
    """
    state = np.frombuffer(_image(SPORT_STATE, wire), SPORT_STATE.struct.dtype)[0:1].reshape(())
    if not np.isfinite((*state["velocity"], state["yaw_speed"])).all():
        raise WireError(f"not finite: {SPORT_STATE.topic}: expected finite velocities, got {state['velocity']}")
    return state


def words(record: NDArray[np.void]) -> NDArray[np.float32]:
    """Return a record () as 32-bit floats, whatever its words mean: a view, at a tenth of the cost of names."""
    return record.reshape(1).view("<f4")


_MARKED = np.zeros((), LOW_STATE.struct.dtype)
for _name in ("quaternion", "gyroscope", "accelerometer", "rpy"):
    _MARKED["imu_state"][_name] = 1.0
for _name in ("q", "dq", "ddq", "tau_est"):
    _MARKED["motor_state"][_name][: len(MOTORS)] = 1.0
_FLOATS = np.flatnonzero(words(_MARKED))
"""The words that a controller relies on."""
