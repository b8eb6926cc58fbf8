"""What a command writes to may be full, closed, gone, asleep or short of letters: its work is done all the same."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from controller.cli import main

SHORT = ["run", "--fast", "--no-video", "--set", "planner.search.candidates=24", "--set", "planner.search.iterations=2"]
LIST = "import sys; from controller.cli import main; sys.exit(main(sys.argv[1:]))"
HELD: list[int] = []


def full() -> IO[str]:
    return Path("/dev/full").open("w")


def left() -> IO[str]:
    """A pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    return open(write, "w")


def stuck() -> IO[str]:
    """A pipe that somebody holds and does not read, such as a pager; it is full."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, bytes(4096))
    os.set_blocking(write, True)
    HELD.append(read)
    return open(write, "w")


@pytest.mark.parametrize("stream", [full, left, stuck])
def test_a_run_goes_on_to_its_report_whatever_becomes_of_stderr(
    untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: Callable[[], IO[str]]
) -> None:
    with stream() as lost:
        monkeypatch.setattr(sys, "stderr", lost)
        assert main([*SHORT, "--seconds", "0.5", "--out", str(tmp_path / "run")]) == 0
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            lost.flush()
    assert (tmp_path / "run" / "report.html").is_file()
    for read in HELD:
        os.close(read)
    HELD.clear()


@pytest.mark.parametrize("arguments", ["list robots --json", "--help"])
@pytest.mark.parametrize(
    "redirection,status,said",
    [
        (">/dev/full", 1, "limber: stdout: cannot be written: No space left on device\n"),
        (">&-", 1, "limber: stdout: cannot be written: Bad file descriptor\n"),
        ("| true", 0, ""),
        (">&- 2>&- <&-", 1, ""),
        ("2>/dev/full >/dev/null", 0, ""),
    ],
)
def test_what_stdout_does_not_take_is_one_line_and_a_failure(
    arguments: str, redirection: str, status: int, said: str
) -> None:
    script = f'"$0" -c "$1" {arguments} {redirection}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script, sys.executable, LIST], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, said)


def test_letters_that_stdout_lacks_are_written_as_their_numbers() -> None:
    code = "from controller.commands.streams import forgiving, tell\nwith forgiving(): tell('\u00e9t\u00e9 \\udcff')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"\\xe9t\\xe9 \\udcff\n", b"")
