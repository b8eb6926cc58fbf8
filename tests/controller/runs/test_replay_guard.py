"""A logged run of the Go2 decides the same way again, and otherwise under another file of limits."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.servo_loop import IdealJoints
from controller.cli import main
from controller.runs import replay_guard as replaying
from controller.settings.robots import spec
from hardware.embodiment import rest_action
from hardware.feedback import Feedback
from hardware.guard.state_machine import Mode
from hardware.limits import Check, Severity
from hardware.schedule import ActionSchedule
from hardware.servo.process import ServoProcess
from hardware.servo.rights import RealtimeSettings
from hardware.servo_log.reader import Entry, LogError, ServoLog, read_log
from hardware.servo_log.writer import LogWriter

ZSTD = bytes.fromhex("28b52ffd")
"""Begin of a compressed chunk."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: up, a walk, an emergency stop, a reset, and down by the end of the process."""
    path = tmp_path_factory.mktemp("log") / "go2.mcap"
    go2 = spec("go2")
    forward = rest_action(go2) + np.array([0.3] + [0.0] * (len(go2.actions) - 1))
    phase = [channel.name for channel in go2.channels].index("gait_phase")
    followed = Feedback(np.zeros((3, 2, len(go2.channels))), np.zeros((3, len(go2.actions), len(go2.channels))))
    followed.gains[:, 0, phase] = 0.02
    plain = RealtimeSettings(fifo=False, lock_memory=False)
    with (
        ServoProcess(go2, IdealJoints, plain) as servo,
        LogWriter(path, go2, servo.rings, servo.clock.origin),
    ):
        servo.request(Mode.RUN)
        for _ in range(30):
            now = servo.clock.now()
            servo.publish(ActionSchedule(now, 0.04, np.tile(forward, (12, 1)), now + 1.0, followed))
            time.sleep(0.04)
        servo.request(Mode.ESTOP)
        time.sleep(0.1)
        servo.reset()
        time.sleep(0.1)
        servo.request(Mode.STAND)
        time.sleep(0.3)
        servo.stop()
    return path


def test_the_same_guard_decides_the_same(log: Path) -> None:
    found = replaying.replay(read_log(log))
    assert found.differences == ()
    assert (found.robot, found.differing, found.cut) == ("go2", 0, False)
    assert found.cycles > 500
    assert {"passive", "stand_up", "run", "estop", "damp", "sit_down"} <= set(found.modes)
    assert found.largest < 1e-9


def test_what_was_followed_is_part_of_the_log(log: Path) -> None:
    taken = read_log(log)
    actions = {str(entry.json()["action"]) for entry in taken.of("command")}
    assert len(actions) > 20
    schedules: list[Any] = [schedule for entry in taken.of("plan") if (schedule := entry.json().get("schedule"))]
    assert len(schedules) > 10
    assert all(schedule["feedback"]["gains"][0][0].count(0.02) == 1 for schedule in schedules)


def test_another_file_of_limits_shows(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go2 = spec("go2")
    stricter = replace(go2, checks=replace(go2.checks, slew=Check(Severity.WARN, 0.5)))
    monkeypatch.setattr(replaying, "spec", lambda name: stricter)
    found = replaying.replay(read_log(log))
    assert found.differing > 100
    assert found.differences[0].what == "set-points"


def test_on_the_command_line(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "run.npz"
    assert main(["replay", str(log), "--export", str(table), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["differing"] == 0
    assert "does not hold what its ticks began from" in told["controller"]["not_rerun"]
    with np.load(table) as numbers:
        assert len(numbers["state.motor_position.11"]) > 500


@pytest.mark.parametrize(
    "there, asked, hint",
    [
        (("go2.mcap", "roach.mcap"), "goo2.mcap", "did you mean 'go2.mcap'?"),
        (("runs/0926-go2/servo.mcap",), "servo.mcap", "did you mean 'runs/0926-go2/servo.mcap'?"),
        (("runs/0926-go2/servo.mcap",), "runs/0926-go2", "did you mean 'runs/0926-go2/servo.mcap'?"),
        ((), "none/go2.mcap", "there is no *.mcap in none or below"),
    ],
)
def test_a_log_that_is_not_there_is_one_clear_error(
    there: tuple[str, ...],
    asked: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in there:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert main(["replay", asked]) == 2
    expected = f"limber: command line: replay: LOG: expected an existing log (*.mcap), got '{asked}'; {hint}"
    assert capsys.readouterr().err.splitlines() == [expected]


def lacking(log: ServoLog, channel: str, name: str) -> ServoLog:
    """Return a log as if written before there was something."""

    def older(entry: Entry) -> Entry:
        if entry.channel != channel:
            return entry
        told = {key: value for key, value in entry.json().items() if key != name}
        return replace(entry, data=json.dumps(told).encode())

    return replace(log, entries=tuple(map(older, log.entries)))


def test_a_log_from_before_there_was_a_quantity_is_replayed_without_it(log: Path) -> None:
    found = replaying.replay(lacking(read_log(log), "state", "stride"))
    assert (found.differing, found.cycles > 500) == (0, True)


@pytest.mark.parametrize("channel, name", [("state", "motor_position"), ("plan", "requests")])
def test_a_log_of_another_version_says_what_it_lacks(log: Path, channel: str, name: str) -> None:
    with pytest.raises(LogError, match=f"log: {channel}: expected '{name}', got none: written by another version"):
        replaying.replay(lacking(read_log(log), channel, name))


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_log_that_is_damaged_inside_is_no_clean_replay(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    data = bytearray(log.read_bytes())
    chunk = data.index(ZSTD, int(share * len(data))) + 100
    data[chunk : chunk + 16] = bytes(255 - byte for byte in data[chunk : chunk + 16])
    (tmp_path / "bad.mcap").write_bytes(data)
    assert main(["replay", str(tmp_path / "bad.mcap")]) == 1
    assert "the log is damaged before byte " in capsys.readouterr().out


def test_a_log_without_cycles_is_no_clean_replay(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.mcap").write_bytes(log.read_bytes()[:100])
    assert main(["replay", str(tmp_path / "none.mcap")]) == 2
    assert "expected at least one cycle of a servo process, got none" in capsys.readouterr().err
    (tmp_path / "empty.mcap").touch()
    assert main(["replay", str(tmp_path / "empty.mcap")]) == 2
    assert "empty.mcap: expected a log of a servo process (MCAP), got the end of the file" in capsys.readouterr().err


def test_a_table_that_cannot_be_finished_leaves_the_earlier_one(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "run.csv"
    table.write_text("earlier")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("controller.runs.export.csv.writer", full)
    assert main(["replay", str(log), "--export", str(table)]) == 2
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("run.csv", "earlier")]


def test_what_is_no_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mcap").write_text("rubbish")
    assert main(["replay", str(tmp_path / "a.mcap")]) == 2
    assert "a.mcap: expected a log of a servo process" in capsys.readouterr().err
