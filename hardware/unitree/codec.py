"""Between Unitree's bytes and numbers: what goes out is checked, and what comes in is believed only as a whole.

A message is accepted when it is, byte for byte, the one form that its content has: length, CDR header, padding, head
and CRC. Arrays of motors are in the wire's order, SI units.
"""

from __future__ import annotations

import functools
import zlib

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray
from hardware.unitree.layout import CDR_HEADER, HEAD, LOW_CMD, LOW_LEVEL, LOW_STATE, MOTOR_ON, MOTORS, Message, Struct

_LAST = slice(-4, None)
"""Where the CRC is, in both images."""
_STRIDE = LOW_CMD.struct.dtype["motor_cmd"].base.itemsize // 4
_FIRST = LOW_CMD.first_mode // 4
_SET_POINTS = slice(1, 6)
"""In words of a command: length of a motor, the first motor, and q, dq, tau, kp, kd in a motor."""
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
    words = _blank_command(motor_mode).copy()
    words[_FIRST : _FIRST + 20 * _STRIDE].reshape(20, _STRIDE)[: len(MOTORS), _SET_POINTS] = rows.T
    return seal(LOW_CMD, words.tobytes())


@functools.cache
def _blank_command(motor_mode: int) -> NDArray[np.float32]:
    """Return the words (203,) of a command without set-points, as 32-bit floats whatever they mean."""
    image = np.zeros((), LOW_CMD.struct.dtype)
    image["head"], image["level_flag"], image["motor_cmd"]["mode"] = HEAD, LOW_LEVEL, motor_mode
    return np.frombuffer(image.tobytes(), "<f4")


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
    if len(wire) != message.size:
        raise WireError(f"length: {message.topic}: expected {message.size} bytes, got {len(wire)}")
    if not wire.startswith(CDR_HEADER):
        raise WireError(f"encapsulation: {message.topic}: expected {CDR_HEADER.hex()}, got {wire[:4].hex()}")
    raw = message.to_image(wire)
    expected, got = crc(raw), int.from_bytes(raw[_LAST], "little")
    if expected != got:
        raise WireError(f"crc: {message.topic}: expected 0x{expected:08X}, got 0x{got:08X}")
    if message.to_wire(raw) != wire:
        raise WireError(f"padding: {message.topic}: expected zeros between head and first motor")
    if tuple(raw[:2]) != HEAD:
        raise WireError(f"head: {message.topic}: expected {bytes(HEAD).hex()}, got {raw[:2].hex()}")
    return np.frombuffer(raw, message.struct.dtype)[0:1].reshape(())


def decode_state(wire: bytes) -> NDArray[np.void]:
    """Return the LowState record () of a message; WireError too where what a controller needs is not finite."""
    state = decode(LOW_STATE, wire)
    if not np.isfinite(words(state)[_FLOATS]).all():
        raise WireError("not finite: rt/lowstate: expected finite numbers of motors and IMU")
    return state


def words(record: NDArray[np.void]) -> NDArray[np.float32]:
    """Return a record () as 32-bit floats, whatever its words mean: a view, at a tenth of the cost of names."""
    return record.reshape(1).view("<f4")


def place(struct: Struct, *path: str) -> int:
    """Return which word of a C image a field of four bytes is, such as ("motor_state", "q") for the first motor's q."""
    dtype, offset = struct.dtype, 0
    for name in path:
        assert dtype.fields is not None
        member, start = dtype.fields[name][:2]
        dtype, offset = member.base, offset + start
    return offset // 4


_IMU = place(LOW_STATE.struct, "imu_state", "quaternion")
_MOTOR = place(LOW_STATE.struct, "motor_state", "q")
STATE_STRIDE = LOW_STATE.struct.dtype["motor_state"].base.itemsize // 4
"""Words from one motor to the next in a LowState."""
_FLOATS = np.concatenate(
    [_IMU + np.arange(13)] + [_MOTOR + STATE_STRIDE * motor + np.arange(4) for motor in range(len(MOTORS))]
)
"""The words that a controller relies on: quaternion, rates, accelerations; q, dq, ddq, tau_est of each motor."""
