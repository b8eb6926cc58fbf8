"""Unitree messages written a second time, field by field with `struct`, and a CRC bit by bit: what the codec is judged
by."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from hardware.robot import FloatArray
from hardware.unitree.layout import MOTORS


def crc_bit_by_bit(image: bytes) -> int:
    """The definition: words little-endian, most significant bit first, polynomial 0x04C11DB7."""
    register = 0xFFFFFFFF
    for (word,) in struct.iter_unpack("<I", image[:-4]):
        for bit in range(31, -1, -1):
            carry = (register >> 31) ^ (word >> bit & 1)
            register = (register << 1) & 0xFFFFFFFF
            if carry:
                register ^= 0x04C11DB7
    return register


Motor = tuple[int, float, float, float, float, float]
IDLE: Motor = (0, 0.0, 0.0, 0.0, 0.0, 0.0)


def command_image(start: Sequence[int], motors: Sequence[Motor]) -> bytes:
    """LowCmd in memory: `start` is head, level_flag and frame_reserve; a motor is mode, q, dq, tau, kp, kd."""
    image = struct.pack("<4B4IH2x", *start, 0, 0, 0, 0, 0)
    for motor in [*motors, *[IDLE] * (20 - len(motors))]:
        image += struct.pack("<B3x5f3I", *motor, 0, 0, 0)
    return image + struct.pack("<4B55Bx2I", *bytes(4 + 55), 0, 0)


def state_image(tick: int = 0, seed: int = 0) -> bytes:
    """LowState in memory without its CRC, with other numbers in every place that a motor or the IMU fills."""
    draw = np.random.default_rng(seed).normal
    image = struct.pack("<4B4IH2x", 0xFE, 0xEF, 0xFF, 0, 0, 0, 0, 0, 0)
    image += struct.pack("<13fB3x", *draw(size=13), 40)
    for _ in range(20):
        image += struct.pack("<B3x7fB3x3I", 1, *draw(size=7), 35, 0, 0, 0)
    image += struct.pack("<4BiH4B15H", 1, 0, 8, 77, -2500, 12, 30, 31, 32, 33, *[3600] * 15)
    image += struct.pack("<8hI40B", *[100] * 4, *[101] * 4, tick, *bytes(40))
    return image + struct.pack("<B3xf2B2x2f4HII", 0, 0.0, 50, 51, 28.5, 2.5, *[1200] * 4, 0, 0)


def command(seed: int = 0) -> FloatArray:
    """A command with other numbers in every place."""
    return np.random.default_rng(seed).normal(size=(5, len(MOTORS)))
