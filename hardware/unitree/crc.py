"""The check sum of Unitree's messages, over the C image without its last word.

CRC-32 with polynomial 0x04C11DB7, start 0xFFFFFFFF, no reflection and no final XOR, over little-endian words taken
from their most significant bit on (unitree_sdk2_python, utils/crc.py). That is the mirror image of the everyday
CRC-32: mirror every byte, let zlib do the work, mirror the result.
"""

from __future__ import annotations

import zlib

import numpy as np

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ONES = 0xFFFFFFFF


def crc(image: bytes) -> int:
    """Return the check sum that belongs into the last word of a C image."""
    words = np.frombuffer(image, dtype="<u4", count=len(image) // 4 - 1)
    mirrored = zlib.crc32(words.byteswap().tobytes().translate(_MIRRORED)) ^ _ONES
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")
