"""`limber deploy` from flags to run folder, on ideal joints in place of a wire; tests of the wire are elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.servo_loop import IdealJoints
from controller import deploy
from controller.cli import main
from dynamics import checkpoint
from hardware.clock import Clock
from hardware.log_reader import read_log
from tests.controller.conftest import untrained


def ideal(interface: str, domain: int, clock: Clock) -> IdealJoints:
    assert (interface, domain) == ("lo", 1)
    return IdealJoints(clock)


def test_it_stands_up_runs_sits_down_and_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "go2_on", ideal)
    model, out = tmp_path / "go2-mb.safetensors", tmp_path / "run"
    checkpoint.save(untrained("mb", "go2", 0.04), model)
    flags = f"--robot go2 --interface lo --course straight --adapter mb --seconds 1 --checkpoint {model} --out {out}"
    assert main(["deploy", *flags.split(), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["robot"], summary["course"], summary["fell"]) == ("go2", "straight", False)
    assert summary["ticks"] > 5
    assert {"settings.yaml", "log.jsonl", "servo.mcap", "summary.json", "report.html"} <= {
        p.name for p in out.iterdir()
    }
    log = read_log(out / "servo.mcap")
    modes = {str(entry.json()["mode"]) for entry in log.of("command")}
    assert {"stand", "run", "sit_down", "damp"} <= modes
    assert all("error_adapted" in entry.json() for entry in log.of("note"))


@pytest.mark.parametrize(
    "flags, message",
    [
        ("--robot go1", "unknown robot 'go1'; expected one of go2; did you mean 'go2'?"),
        ("--domain 400", "--domain: expected a whole number in [0, 232], got 400"),
        ("--course strait", "did you mean 'straight'?"),
        ("--adapter informed --checkpoint {informed}", "only a simulated robot in the same process can have that"),
    ],
)
def test_mistakes_are_answered_before_anything_moves(
    flags: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    informed = tmp_path / "go2-informed.safetensors"
    checkpoint.save(untrained("informed", "go2", 0.04), informed)
    assert main(["deploy", *flags.format(informed=informed).split()]) == 2
    assert message in capsys.readouterr().err
