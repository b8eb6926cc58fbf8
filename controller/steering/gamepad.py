"""Commands from a gamepad, as Linux tells its events: left stick forwards and sideways, right stick turns.

A stick that is held still says nothing new, so what it says holds for as long as the pad is there; a pad that is pulled
out falls silent, and the robot stands. Formats and numbers are those of linux/input.h and input-event-codes.h.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from controller.steering.source import Command
from hardware.spec import RobotSpec
from hardware.steering import Axis, Steering, Velocity

DEVICES = Path("/dev/input")
_EVENT, _RANGE = struct.Struct("qqHHi"), struct.Struct("6i")
_ABSOLUTE, _LEFT_X, _LEFT_Y, _RIGHT_X = 3, 0, 1, 3
_STICKS = (_LEFT_X, _LEFT_Y, _RIGHT_X)
_PAD = 0x130
"""The button that makes a device a gamepad."""
_KEYS = 96
"""Bytes of the set of buttons."""
_MOST = 256
"""Events that are taken in at a time."""
_IDLE = 0.1
"""Share of a stick's way that counts as none."""


class Range(NamedTuple):
    """What a stick's numbers reach from and to."""

    low: int
    high: int

    def share(self, value: int) -> float:
        """Return where a stick is, from -1 to 1; near the middle it is there."""
        share = 2.0 * (value - self.low) / max(1, self.high - self.low) - 1.0
        return 0.0 if abs(share) < _IDLE else min(max(share, -1.0), 1.0)


class Gamepad:
    """A source that reads a device.

    Args:
        descriptor: of the open device, which does not block.
        ranges: of its sticks.
        limits: which velocities the ends of a stick are.
    """

    def __init__(self, descriptor: int, ranges: Mapping[int, Range], limits: Steering) -> None:
        self._descriptor: int | None = descriptor
        self._ranges, self._limits = ranges, limits
        self._shares = dict.fromkeys(_STICKS, 0.0)
        self._counts = Counter[str]()

    def poll(self, now: float) -> Command | None:
        """Return where the sticks are; None once the pad is gone."""
        if self._descriptor is not None:
            self._read(self._descriptor)
        if self._descriptor is None:
            return None
        lateral = self._limits.lateral
        aside = 0.0 if lateral is None else _reached(lateral, -self._shares[_LEFT_X])
        forward = _reached(self._limits.forward, -self._shares[_LEFT_Y])
        return Command(now, Velocity(forward, aside, _reached(self._limits.turn, -self._shares[_RIGHT_X])))

    def _read(self, descriptor: int) -> None:
        try:
            events = os.read(descriptor, _MOST * _EVENT.size)
        except BlockingIOError:
            return
        except OSError:
            events = b""
        if not events:
            self._counts["pad gone"] += 1
            self.close()
        for *_, kind, code, value in _EVENT.iter_unpack(events[: len(events) // _EVENT.size * _EVENT.size]):
            if kind == _ABSOLUTE and code in self._ranges:
                self._shares[code] = self._ranges[code].share(value)
                self._counts["events"] += 1

    def counts(self) -> Mapping[str, int]:
        """Return how many events moved a stick, and whether the pad is gone."""
        return dict(self._counts)

    def close(self) -> None:
        """Close the device."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _reached(axis: Axis, share: float) -> float:
    return share * (axis.high if share > 0.0 else -axis.low)


def opened(device: str, spec: RobotSpec) -> Gamepad:
    """Open a gamepad, by its device or the first there is. Raises ValueError where there is none."""
    if spec.steering is None:
        raise ValueError(f"gamepad: expected a robot whose file says steering, got {spec.name}")
    places, refused = [Path(device)] if device else sorted(DEVICES.glob("event*")), ""
    for place in places:
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            refused = f"; {place}: {error.strerror}"
            continue
        try:
            ranges = {stick: _range(descriptor, stick) for stick in _STICKS} if _is_pad(descriptor) else {}
        except OSError:
            ranges = {}
        if ranges:
            return Gamepad(descriptor, ranges, spec.steering)
        os.close(descriptor)
    there = ", ".join(map(str, sorted(DEVICES.glob("event*")))) or f"none in {DEVICES}"
    raise ValueError(f"gamepad: expected one with two sticks, got {device or 'none'}{refused}; devices: {there}")


def _ask(descriptor: int, number: int, size: int) -> bytes:
    """Return what a device answers to a request of `linux/input.h` that reads."""
    return fcntl.ioctl(descriptor, 2 << 30 | size << 16 | ord("E") << 8 | number, bytes(size))


def _is_pad(descriptor: int) -> bool:
    return bool(_ask(descriptor, 0x21, _KEYS)[_PAD // 8] >> _PAD % 8 & 1)


def _range(descriptor: int, stick: int) -> Range:
    _, low, high, *_ = _RANGE.unpack(_ask(descriptor, 0x40 + stick, _RANGE.size))
    if low >= high:
        raise OSError(f"no stick {stick}")
    return Range(low, high)
