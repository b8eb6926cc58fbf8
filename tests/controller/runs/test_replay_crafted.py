"""A log may come from anybody: whatever it holds is replayed or refused in one line, and opens no other file."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.settings.robots import spec
from hardware.robot import RobotState
from hardware.servo.records import CycleLayout

pytest.importorskip("mcap", reason="the extra log is not installed")

import zstandard
from mcap.writer import Writer

Told = dict[str, object]
STATE: Told = {
    "seq": 1,
    "time": 0.0,
    "position": [0.0] * 3,
    "quaternion": [1.0, 0.0, 0.0, 0.0],
    "velocity": [0.0] * 3,
    "gyro": [0.0] * 3,
    "motor_position": [0.0] * 2,
    "motor_velocity": [0.0] * 2,
    "battery": 11.0,
}
CYCLE: Told = {"time": 0.0, "late": 0.0, "order": 0, "mode": "passive", "fault": None, "command": None}
PLAN: Told = {
    "number": 1, "published": 0.0, "request": "run", "requests": 1, "resets": 0, "stops": 0, "schedule": None,
}  # fmt: skip
SCHEDULE: Told = {"start": 0.0, "step": 0.05, "actions": [[0.0] * 2], "expires": 1.0}


def write(path: Path, messages: list[tuple[str, bytes]], robot: str = "roach") -> Path:
    """Write messages as the log process does, checksums included."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="limber")
        writer.add_metadata("limber", {"robot": robot})
        schema = writer.register_schema("limber", "jsonschema", b"{}")
        channels = {
            name: writer.register_channel(name, "json", schema) for name in ("state", "command", "plan", "note")
        }
        for number, (channel, data) in enumerate(messages):
            writer.add_message(channels[channel], number, data, number, number)
        writer.finish()  # type: ignore[no-untyped-call]
    return path


def cycle(state: Mapping[str, object] = STATE, told: Mapping[str, object] = CYCLE) -> list[tuple[str, bytes]]:
    return [("state", json.dumps(state).encode()), ("command", json.dumps(told).encode())]


def plan(**changes: object) -> list[tuple[str, bytes]]:
    return [("plan", json.dumps(PLAN | changes).encode()), *cycle(told=CYCLE | {"order": 1})]


def note(text: str) -> list[tuple[str, bytes]]:
    return [*cycle(), ("note", text.encode())]


def refused(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Replay; return the one line that is said about it."""
    assert main(["replay", str(path)]) in {1, 2}
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert len(said[0]) < 1_500
    return said[0]


def test_what_is_written_here_is_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {field.name for field in fields(RobotState)} >= set(STATE)
    assert CycleLayout(spec("roach")).capacity > 0
    assert main(["replay", str(write(tmp_path / "a.mcap", plan(schedule=SCHEDULE)))]) in {0, 1}
    assert "roach: 1 cycles" in capsys.readouterr().out


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "messages, reason",
    [
        (note(f'{{"run": {DEEP}}}'), "RecursionError"),
        (note("[1, 2]"), "expected an object, got list"),
        (note('{"run": {"settings": 1, "checkpoint": "", "versions": {}}}'), "settings"),
        (note('{"run": {"settings": {}, "checkpoint": "", "versions": []}}'), "versions"),
        (note('{"search": {"number": 1}}'), "KeyError: 'plan'"),
        (note('{"search": []}'), "TypeError"),
        (cycle(STATE | {"seq": 10**400}), "a number of more than 300 digits"),
        (cycle(STATE | {"battery": float("nan")}), "NaN is no number"),
        (cycle(STATE | {"gyro": [0.0] * 2}), "gyro: expected 3 numbers, got shape (2,)"),
        (cycle(STATE | {"motor_position": ["x"] * 2}), "expected a number, got 'x'"),
        (cycle(STATE | {"motor_position": [[0.0] * 2] * 2}), "expected a number, got [0.0"),
        (cycle(told={key: value for key, value in CYCLE.items() if key != "mode"}), "KeyError: 'mode'"),
        (cycle(STATE | {"tick": [0.0, 1.0]}), "tick: expected a number, got"),
        (cycle(told=CYCLE | {"time": None}), "expected finite times, got nan"),
        (cycle(told=CYCLE | {"order": None}), "ValueError"),
        (cycle(told=CYCLE | {"mode": "passive", "command": {}}), "KeyError: 'mode'"),
        (plan(request="stand_up"), "ValueError"),
        (plan(request="dance"), "'dance' is not a valid Mode"),
        (plan(published=None), "expected a time and a known request"),
        (plan(schedule={}), "KeyError"),
        (plan(schedule=SCHEDULE | {"step": -1.0}), "expected a positive number of seconds"),
        (plan(schedule=SCHEDULE | {"step": "soon"}), "TypeError"),
        (plan(schedule=SCHEDULE | {"actions": [[0.0] * 2] * 100}), "expected up to 64 knots"),
        (plan(schedule=SCHEDULE | {"actions": [[0.0], [0.0, 1.0]]}), "ValueError"),
    ],
)
def test_messages_that_are_not_ours_are_refused_in_one_line(
    messages: list[tuple[str, bytes]], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in refused(write(tmp_path / "a.mcap", messages), capsys)


def test_a_log_opens_no_file_that_it_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{broken")
    for robot in (str(own), "../own.yaml", "roach\nroach", "x" * 100_000, ""):
        said = refused(write(tmp_path / "a.mcap", cycle(), robot), capsys)
        assert "broken" not in said
        assert "not valid YAML" not in said
    settings = json.dumps({"run": {"settings": {"robot": str(own)}, "checkpoint": "", "versions": {}}})
    search = {"number": 0, "time": 0.0, "state": ["<f8", [0], ""], "applied": None, "random": {}, "deadline": None}
    empty = {"time": 0, "step": 1, "actions": ["<f8", [0], ""], "states": ["<f8", [0], ""], "memory": None}
    search |= {"readings": ["<f8", [0], ""], "plan": {**empty, "status": "ok"}, "error_prior": 1, "error_adapted": 1}
    messages = [*note(settings), ("note", json.dumps({"search": search}).encode())]
    assert main(["replay", str(write(tmp_path / "a.mcap", messages))]) in {0, 1}
    assert f"expected robot roach, whose log it is, got {own}" in capsys.readouterr().out


def test_a_chunk_that_unpacks_to_more_than_any_log_is_not_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mcap", [])
    plain = path.read_bytes()
    packed = _bomb(1_400_000_000)
    body = b"".join(
        (
            np.array([0, 0, 1_400_000_000], "<u8").tobytes(),
            np.array([0], "<u4").tobytes(),
            np.array([4], "<u4").tobytes() + b"zstd",
            np.array([len(packed)], "<u8").tobytes(),
            packed,
        )
    )
    end = plain.index(b"\x0f\x04\x00\x00\x00\x00\x00\x00\x00")  # the end of the data
    path.write_bytes(plain[:end] + b"\x06" + np.array([len(body)], "<u8").tobytes() + body + plain[end:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main(["replay", str(path)]) in {1, 2}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def _bomb(size: int) -> bytes:
    """Return zeros that are packed without ever being there."""
    packer = zstandard.ZstdCompressor().compressobj(size=size)
    block = bytes(10_000_000)
    return b"".join([*(packer.compress(block) for _ in range(size // len(block))), packer.flush()])
