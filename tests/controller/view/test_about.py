"""Where a page is to listen, as somebody says it, and what is said of what cannot be."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("viser", reason="the extra view is not installed")

from controller.cli import main
from controller.settings.layers import ConfigError
from controller.telemetry.run_log import Log, RunLog
from controller.view.about import Address
from tests.controller.logs import make_log


@pytest.mark.parametrize(
    "text, near",
    [
        ("rubbish", "127.0.0.1:8080"),
        ("localhost:9000", "127.0.0.1:9000"),
        ("9000", "127.0.0.1:9000"),
        ("10.0.0.7", "10.0.0.7:8080"),
        ("10.0.0.7:99999", "10.0.0.7:8080"),
        ("[::1]:x", r"\[::1\]:8080"),
        ("10.0.0.7:-1", "10.0.0.7:8080"),
    ],
)
def test_the_nearest_address_is_named(text: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"--view-at: expected ADDRESS:PORT, got .*; did you mean '{near}'"):
        Address.parse(text)


def test_an_address_is_read_as_it_is_written() -> None:
    assert Address.parse("[::1]:9000") == Address("::1", 9000)
    assert Address.parse("[::1]:9000").url == "http://[::1]:9000/"
    assert len(Address.parse("0.0.0.0:0").token) > 30


def kept(log: Log, folder: Path) -> None:
    folder.mkdir()
    with RunLog(folder / "log.jsonl", log.header) as file:
        for record in log.records:
            file.write(record)


def test_what_cannot_be_shown_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = make_log()
    kept(log, tmp_path / "mine")
    kept(Log(replace(log.header, robot="go2"), log.records), tmp_path / "other")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "log.jsonl").write_text("hello\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, complaint in (
            (
                ["mind", "--view"],
                "LOG: expected an existing log (log.jsonl), got 'mind'; did you mean 'mine/log.jsonl'?",
            ),
            (
                ["mine", "--view", "--beside", "othr"],
                "--beside: expected an existing log (log.jsonl), got 'othr'; did you",
            ),
            (
                ["mine", "--view", "--beside", "other"],
                "--beside: expected a run of roach at 10 Hz, got one of go2 at 10 Hz",
            ),
            (["mine"], "expected an existing log (*.mcap), got 'mine'; that is a run, which --view shows"),
            (["empty", "--view"], "expected the log of a run, got empty/log.jsonl:1: "),
            (["mine", "--view-at", f"127.0.0.1:{port}"], f"replay: 127.0.0.1:{port}: Address already in use"),
        ):
            assert main(["replay", *arguments]) == 2
            told = capsys.readouterr().err
            assert complaint in told
            assert told.count("\n") == 1
