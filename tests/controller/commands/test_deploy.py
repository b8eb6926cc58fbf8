"""`limber deploy` refuses what cannot be before it looks for a robot; tests/closed_loop has the drives."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import main
from controller.settings.robots import names

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")
pytest.importorskip("mcap", reason="the extra log is not installed")


@pytest.mark.parametrize(
    "flags, message",
    [
        ("", "--robot: expected go2"),
        (
            "--robot go3 --interface lo",
            f"unknown robot 'go3'; expected one of {', '.join(names())}; did you mean 'go2'?",
        ),
        (
            "--robot roach --interface lo",
            "expected go2, go2-sport, go2-walker, or a file of a robot that has a wire, got 'roach'",
        ),
        ("--robot go2", "--interface: got none, expected one of"),
        ("--robot go2 --interface loo", "got 'loo', expected one of "),
        ("--robot go2 --interface lo --domain 233", "--domain: expected a whole number from 0 to 232, got 233"),
        ("--robot go2 --interface lo --processor 99", "--processor: expected one of 0"),
        ("--robot go2 --interface lo --domain 1.5", "--domain: expected a whole number from 0 to 232, got 1.5"),
        ("--robot go2 --interface lo --course strait", "did you mean 'straight'?"),
        (
            "--robot go2 --interface lo --course hidden_speed",
            "course: expected nothing that only a simulated robot has",
        ),
        ("--robot go2 --interface lo --adapter informed", "adapter: expected one that is not told the true condition"),
        ("--robot go2 --interface lo --set model=oracle", "model: expected nothing that only a simulated robot has"),
        ("--robot go2 --interface lo --set terrain=turf", "terrain: expected nothing that only a simulated robot has"),
        ("--robot go2 --interface lo --seconds soon", "seconds: expected"),
    ],
)
def test_bad_flags_are_answered_with_what_would_do(
    flags: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["deploy", *flags.split()]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["deploy", "--robot", "go2", "--interface", "lo", "--checkpoint", "none.safetensors"]) == 3
    assert "none.safetensors: no such checkpoint" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
