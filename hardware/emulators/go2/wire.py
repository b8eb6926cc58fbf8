"""The robot's end of the wire, written from the protocol: what firmware must check, and how it packs its state.

Nothing here is the driver's code. Both ends share the tables of fields alone; the way from CDR to memory is found by
walking them with CDR's alignment, and the CRC is the sum of what each byte at each place adds to it. An error in the
driver therefore shows as a refusal and not as agreement.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray
from hardware.unitree.layout import CDR_HEADER, HEAD, LOW_CMD, LOW_LEVEL, MOTORS, POS_STOP, VEL_STOP, Message, Struct

_POLYNOMIAL = 0x04C11DB7
_MOTOR_ON = 0x01
"""And 0x00 is off: a Go2's motor knows no other mode."""
_POS_STOP, _VEL_STOP = float(np.float32(POS_STOP)), float(np.float32(VEL_STOP))


class Refusal(enum.Enum):
    """Why a command is not obeyed."""

    LENGTH = "length"
    ENCAPSULATION = "encapsulation"
    CRC = "crc"
    PADDING = "padding"
    """Not zero between two numbers; DDS itself would not look."""
    HEAD = "head"
    LEVEL_FLAG = "level_flag"
    MOTOR_MODE = "motor_mode"
    NOT_FINITE = "not_finite"
    NOT_RELEASED = "not_released"
    """It is a good command, but the robot's own controller runs."""


@dataclass(frozen=True)
class Command:
    """What a LowCmd asks of the 12 motors, in the wire's order, each (12,); loops that are stopped have no gain."""

    on: NDArray[np.bool_]
    q: FloatArray
    dq: FloatArray
    tau: FloatArray
    kp: FloatArray
    kd: FloatArray


def read_command(wire: bytes) -> Command | Refusal:
    """Return what a message asks for, or why it is refused."""
    if len(wire) != LOW_CMD.size:
        return Refusal.LENGTH
    if wire[: len(CDR_HEADER)] != CDR_HEADER:
        return Refusal.ENCAPSULATION
    image = _moved(wire, _places(LOW_CMD.struct)).tobytes()
    record = np.frombuffer(image, LOW_CMD.struct.dtype).reshape(())
    if int(record["crc"]) != check_sum(image):
        return Refusal.CRC
    if _moved(image, _sources(LOW_CMD.struct))[len(CDR_HEADER) :].tobytes() != wire[len(CDR_HEADER) :]:
        return Refusal.PADDING
    if tuple(image[:2]) != HEAD:
        return Refusal.HEAD
    if int(record["level_flag"]) != LOW_LEVEL:
        return Refusal.LEVEL_FLAG
    motors = record["motor_cmd"][: len(MOTORS)]
    if motors["mode"].max() > _MOTOR_ON:
        return Refusal.MOTOR_MODE
    block = np.array([motors[name] for name in ("q", "dq", "tau", "kp", "kd")], np.float64)
    if not np.isfinite(block).all():
        return Refusal.NOT_FINITE
    q, dq, tau, kp, kd = block
    for set_point, gain, stop in ((q, kp, _POS_STOP), (dq, kd, _VEL_STOP)):
        stopped = set_point == stop
        set_point[stopped] = gain[stopped] = 0.0
    return Command(motors["mode"] == _MOTOR_ON, q, dq, tau, kp, kd)


def write_message(message: Message, record: NDArray[np.void]) -> bytes:
    """Return the wire form of a record (), with its CRC."""
    image = record.tobytes()
    return _packed(message, image[:-4] + check_sum(image).to_bytes(4, "little"))


def write_plain(message: Message, record: NDArray[np.void]) -> bytes:
    """Return the wire form of a record () of a message that has no CRC."""
    return _packed(message, record.tobytes())


def _packed(message: Message, image: bytes) -> bytes:
    return CDR_HEADER + _moved(image, _sources(message.struct))[len(CDR_HEADER) :].tobytes()


def check_sum(image: bytes) -> int:
    """Return the CRC of a C image without its last word: the exclusive or of what every byte adds."""
    addends, constant = _addends(len(image) - 4)
    values = np.frombuffer(image, np.uint8, len(image) - 4)
    return int(np.bitwise_xor.reduce(addends[np.arange(len(values)), values]) ^ constant)


def _moved(data: bytes, places: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the bytes at `places`; the place after the last one is zero."""
    return np.frombuffer(data + b"\0", np.uint8)[places]


@functools.cache
def _places(struct: Struct) -> NDArray[np.intp]:
    """Return for every byte of the C image its place in the wire form; the place after the last one for padding."""
    places = np.full(struct.dtype.itemsize, struct.dtype.itemsize)
    for in_cdr, in_image, size in _leaves(struct):
        places[in_image : in_image + size] = np.arange(size) + in_cdr + len(CDR_HEADER)
    return places


@functools.cache
def _sources(struct: Struct) -> NDArray[np.intp]:
    """Return for every byte of the wire form its place in the C image: `_places` the other way round."""
    places = _places(struct)
    sources = np.full(len(places), len(places))
    known = places < len(places)
    sources[places[known]] = np.flatnonzero(known)
    return sources


def _leaves(struct: Struct, start: int = 0, image: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield place in the CDR body, place in the C image and size of every number [bytes]."""
    cdr, members = start, struct.dtype.fields
    assert members is not None
    for name, kind, *count in struct.fields:
        offset = image + members[name][1]
        for index in range(count[0] if count else 1):
            if isinstance(kind, Struct):
                inner = list(_leaves(kind, cdr, offset + index * kind.dtype.itemsize))
                yield from inner
                cdr = inner[-1][0] + inner[-1][2]
            else:
                assert isinstance(kind, str)
                size = int(kind[1:])
                cdr += -cdr % size
                yield cdr, offset + index * size, size
                cdr += size


@functools.cache
def _addends(length: int) -> tuple[NDArray[np.uint32], np.uint32]:
    """Return what each value at each place adds to the CRC (length, 256), and what the start value adds."""
    table = np.arange(256, dtype=np.uint32) << 24
    for _ in range(8):
        table = np.where(table >> 31, (table << 1) ^ _POLYNOMIAL, table << 1)
    addends = np.empty((length, 256), np.uint32)
    reach, start = table, np.array([0xFFFFFFFF], np.uint32)
    for step in range(length):  # from the last byte that goes in to the first one
        addends[(length - 1 - step) ^ 3] = reach  # words go in from their most significant byte on
        reach = table[reach >> 24] ^ (reach << 8)
        start = table[start >> 24] ^ (start << 8)
    return addends, start[0]
