from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.cli import main

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")

from controller.runs.deployed import Losses

pytestmark = pytest.mark.alone


def test_nothing_that_draws_is_beside_a_robot_that_moves() -> None:
    code = "import sys, controller.runs.deployed; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    """Deploy to nobody; returns why the robot was not touched."""
    flags = ["--set", "planner.search.candidates=24", "--interface", "lo", "--out", "out"]
    assert main(["deploy", "--robot", "go2", *flags]) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("limber:"))
    told, why = line.split("the robot was not touched: ")
    assert told == "limber: deploy: "
    return why


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "code,why",
    [
        (errno.ENOSPC, "shared memory: expected "),
        (errno.EMFILE, "a file: cannot be read or written: Too many open files; allow this process more open files"),
    ],
)
def test_without_shared_memory_nothing_begins_and_nothing_is_left(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, why: str
) -> None:
    reserve, pieces = os.posix_fallocate, iter(range(99))

    def short(descriptor: int, offset: int, size: int) -> None:
        if next(pieces) == 4:
            raise OSError(code, os.strerror(code))
        reserve(descriptor, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", short)
    assert refused(capsys).startswith(why)
    assert list(workplace.iterdir()) == []


def test_a_log_that_cannot_be_written_is_said_before_the_robot_moves(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "out" / "servo.mcap").mkdir(parents=True)
    assert refused(capsys) == "out/servo.mcap: Is a directory"
    assert [path.name for path in (workplace / "out").iterdir()] == ["servo.mcap"]


def test_what_cannot_be_kept_is_said_once_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    losses = Losses()
    for _ in range(2):
        with losses.allowed():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "log.jsonl")
    assert caplog.messages == ["not kept any more: log.jsonl: No space left on device"]
    assert losses.said == ["log.jsonl: No space left on device"]
