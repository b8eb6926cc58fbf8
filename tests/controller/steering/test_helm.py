from __future__ import annotations

import logging
import math
import multiprocessing
import struct
from collections.abc import Mapping

import pytest

from controller.steering.helm import TIMEOUT, Helm
from controller.steering.pipe import Piped, send
from controller.steering.source import MOST, Command
from hardware.steering import STILL, Axis, Steering, Velocity

LIMITS = Steering(forward=Axis(-0.1, 0.3, 1.0), turn=Axis(-2.0, 2.0, 4.0))
AHEAD = Velocity(0.2, 0.0, 1.0)


class Once:
    """A source that says one thing at one time."""

    def __init__(self, velocity: Velocity, at: float = 0.0) -> None:
        self._told, self._at = velocity, at

    def poll(self, now: float) -> Command | None:
        return Command(now, self._told) if now == self._at else None

    def counts(self) -> Mapping[str, int]:
        return {"commands": 1}

    def close(self) -> None:
        pass


def test_without_a_command_for_half_a_second_a_robot_stands() -> None:
    helm = Helm(Once(AHEAD, at=1.0), LIMITS)
    assert helm.wanted(0.9) == STILL
    assert [helm.wanted(1.0 + after) for after in (0.0, 0.25, TIMEOUT)] == [AHEAD] * 3
    assert helm.wanted(1.01 + TIMEOUT) == STILL
    assert helm.counts() == {"commands": 1, "ticks without a command": 2, "limited": 0, "sideways": 0}


def test_time_that_begins_anew_knows_no_command() -> None:
    helm = Helm(Once(AHEAD, at=1.0), LIMITS)
    assert helm.wanted(1.0) == AHEAD
    helm.reset()
    assert helm.wanted(0.0) == STILL


def test_commands_are_brought_within_the_limits_of_the_robot_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    helm = Helm(Once(Velocity(0.9, -0.2, -5.0)), LIMITS)
    with caplog.at_level(logging.WARNING):
        assert [helm.wanted(now) for now in (0.0, 0.1)] == [Velocity(0.3, 0.0, -2.0)] * 2
    assert [record.message for record in caplog.records] == [
        "steering: v_y of -0.2 m/s is ignored: this robot cannot move sideways"
    ]
    assert (helm.counts()["limited"], helm.counts()["sideways"]) == (2, 2)


def test_the_newest_command_in_a_pipe_counts() -> None:
    reading, writing = multiprocessing.Pipe(duplex=False)
    source = Piped(reading)
    assert source.poll(0.0) is None
    for speed in (0.1, 0.2, 0.3):
        send(writing, Velocity(speed, 0.0, 0.0))
    assert source.poll(4.0) == Command(4.0, Velocity(0.3, 0.0, 0.0))
    assert source.poll(5.0) is None
    writing.close()
    assert source.poll(6.0) is None
    assert source.poll(7.0) is None
    assert source.counts() == {"commands": 3, "ended": 1}
    source.close()


def test_rubbish_and_floods_in_a_pipe_are_counted_and_bounded() -> None:
    reading, writing = multiprocessing.Pipe(duplex=False)
    source = Piped(reading)
    for message in (b"", b"stop", struct.pack("<3d", math.nan, 0.0, 0.0), struct.pack("<3d", 0.0, math.inf, 0.0)):
        writing.send_bytes(message)
    assert source.poll(0.0) is None
    for speed in range(MOST + 1):
        send(writing, Velocity(float(speed), 0.0, 0.0))
    newest = source.poll(1.0)
    assert newest is not None
    assert newest.velocity.forward == MOST - 1
    writing.send_bytes(bytes(1000))
    assert source.poll(2.0) == Command(2.0, Velocity(float(MOST), 0.0, 0.0))
    assert source.poll(3.0) is None
    assert source.counts() == {"commands": MOST + 1, "rubbish": 4, "ended": 1}
    writing.close()
