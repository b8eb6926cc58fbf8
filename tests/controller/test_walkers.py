"""A robot that a policy walks, on the command line: it runs, and whatever is wrong with the policy is one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.settings import assets
from controller.settings.robots import spec
from controller.training.random_episodes import CollectSettings, gather
from dynamics import checkpoint
from tests.controller.conftest import untrained
from tests.hardware.walkers.policies import linear

FLAGS = ["run", "--robot", "go2", "--fast", "--no-video", "--seconds", "2", "--adapter", "mb", "--json"]
TEXT = """\
policy: policy.onnx
rate_hz: 50
joints: [FR, FL, RR, RL]
pose: [0.0, 0.8, -1.6]
gains: {kp: 35, kd: 1}
observation: {terms: [{name: gyro}, {name: gravity}, {name: command}]}
command: {low: [-0.5, -0.5, -1], high: [1, 0.5, 1]}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    checkpoint.save(untrained("mb", "go2-walker", period=0.08), path)
    return path


def written(folder: Path, answer: float, size: int = 9) -> str:
    """Write a policy that always answers the same with its contract; return the contract's path."""
    linear(folder / "policy.onnx", np.zeros((12, size)), np.array([0.0] * 11 + [answer]))
    (folder / "mine.yaml").write_text(TEXT, encoding="utf-8")
    return str(folder / "mine.yaml")


def test_a_walker_runs_over_a_course(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main([*FLAGS, "--drive", "walker", "--checkpoint", str(model), "--out", str(out)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["robot"] == "go2-walker"
    assert summary["ticks"] == 25
    assert not summary["fell"]


def test_another_policy_is_another_drive(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract, out = written(tmp_path, 0.0), tmp_path / "out"
    assert main([*FLAGS, "--drive", contract, "--checkpoint", str(model), "--out", str(out)]) == 0
    assert f"robot: go2-walker+{contract}" in (out / "settings.yaml").read_text()
    assert (
        main(["run", "--config", str(out / "settings.yaml"), "--fast", "--no-video", "--out", str(tmp_path / "b")]) == 0
    )
    capsys.readouterr()


def test_a_model_that_was_learned_with_another_policy_is_said(
    tmp_path: Path, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contract = written(tmp_path, 0.0)
    assert main([*FLAGS, "--drive", contract, "--out", str(tmp_path / "out")]) == 0
    said = f"go2-walker-mb.safetensors was learned with another policy than that of {contract}; train one: limber train"
    assert said in caplog.text
    caplog.clear()
    (tmp_path / "models").mkdir()
    model.rename(tmp_path / "models" / "go2-walker-mb.safetensors")
    assert main([*FLAGS, "--drive", contract, "--out", str(tmp_path / "own")]) == 0
    assert "another policy" not in caplog.text


def test_rubbish_is_a_robot_fault(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--drive", written(tmp_path, float("nan")), "--checkpoint", str(model), "--out", str(tmp_path / "out")]
    assert main([*FLAGS, *flags]) == 4
    assert "the robot stopped: robot: policy: its answer is not finite" in capsys.readouterr().err


def test_a_policy_that_cannot_be_used_is_bad_usage(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = [*FLAGS, "--drive", written(tmp_path, 0.0, size=12), "--checkpoint", str(model)]
    assert main(wrong) == 2
    said = capsys.readouterr().err
    assert f"limber: {tmp_path}/policy.onnx: takes 1 x 12 numbers, its contract gives 9 numbers (gyro 3, grav" in said
    Path("policy.onnx").unlink()
    assert main(wrong) == 2
    assert capsys.readouterr().err == f"limber: {tmp_path}/policy.onnx: no such policy\n"
    assert main([*FLAGS, "--drive", "their.yaml"]) == 2
    assert "their.yaml: no such file" in capsys.readouterr().err


def test_a_model_of_another_drive_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(assets.checkpoint("go2", "mb"))
    assert main([*FLAGS, "--drive", "walker", "--checkpoint", model, "--out", str(tmp_path / "out")]) == 3
    assert "expected" in capsys.readouterr().err


def test_drives_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "drives", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["drives"]) >= {"direct", "gait", "walker"}


def test_episodes_are_gathered_through_the_policy() -> None:
    walker = spec("go2-walker")
    settings = CollectSettings(episodes=2, heldout_episodes=2, seconds=0.8, noise=0.1, alike=0.0, workers=1)
    data = gather(walker, settings, 12.5, 0, "train")
    names = [channel.name for channel in walker.channels]
    told = data.states[..., [names.index(f"stride_{action.name}") for action in walker.actions]]
    assert data.actions.shape == (2, 10, 3)
    steps = np.abs(np.diff(told, axis=1))
    assert steps[..., 0].max() > 0.1
    assert (steps <= 4.0 * np.array([0.05, 0.04, 0.1]) + 1e-9).all()
