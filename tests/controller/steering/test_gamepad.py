from __future__ import annotations

import os
import struct
from contextlib import closing
from pathlib import Path

import pytest

from controller.settings.robots import spec
from controller.steering import choice
from controller.steering.gamepad import Gamepad, Range
from controller.steering.source import Command
from hardware.steering import STILL, Axis, Steering, Velocity

LIMITS = Steering(Axis(-0.2, 0.5, 1.0), Axis(-2.0, 2.0, 4.0), Axis(-0.1, 0.1, 1.0))
RANGES = {0: Range(-32768, 32767), 1: Range(0, 255), 3: Range(-32768, 32767)}


def event(code: int, value: int, kind: int = 3) -> bytes:
    return struct.pack("qqHHi", 0, 0, kind, code, value)


def test_sticks_steer_for_as_long_as_the_pad_is_there() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with closing(Gamepad(reading, RANGES, LIMITS)) as source:
        assert source.poll(0.0) == Command(0.0, STILL)
        os.write(writing, event(1, 0) + event(0, 32767) + event(3, -32768) + event(0x130, 1, kind=1))
        assert source.poll(1.0) == Command(1.0, Velocity(0.5, -0.1, 2.0))
        assert source.poll(9.0) == Command(9.0, Velocity(0.5, -0.1, 2.0))
        os.write(writing, event(1, 255) + event(0, 300) + event(3, 0) + event(9, 77))
        assert source.poll(9.1) == Command(9.1, Velocity(-0.2, 0.0, 0.0))
        os.close(writing)
        assert source.poll(9.2) is None
        assert source.poll(9.3) is None
        assert source.counts() == {"events": 6, "pad gone": 1}


def test_half_a_stick_is_half_of_what_can_be_told_and_sideways_only_where_it_can() -> None:
    reading, writing = os.pipe()
    with closing(Gamepad(reading, RANGES, Steering(LIMITS.forward, LIMITS.turn))) as source:
        os.write(writing, event(1, 64) + event(0, 32767))
        command = source.poll(0.0)
        assert command is not None
        assert command.velocity.forward == pytest.approx(0.25, abs=0.01)
        assert command.velocity.lateral == 0.0
    os.close(writing)


def test_what_is_no_gamepad_is_said(tmp_path: Path) -> None:
    (tmp_path / "event0").touch()
    with pytest.raises(ValueError, match=r"gamepad: expected one with two sticks, got .*event0; devices: "):
        choice.opened(f"gamepad:{tmp_path / 'event0'}", spec("roach"))
    with pytest.raises(ValueError, match="got .*gone; .*gone: No such file or directory; devices: "):
        choice.opened(f"gamepad:{tmp_path / 'gone'}", spec("roach"))
