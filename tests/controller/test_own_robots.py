"""A robot with a file of its own, which did not come along: runs, settings and models of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from controller.cli import main
from controller.config import run_settings
from controller.settings import assets, robots, yaml_text
from controller.settings.layers import ConfigError, Layer, plain, resolve
from controller.stress.suite import stress_settings
from controller.telemetry.run_log import Log
from controller.training.settings import ExperimentSettings
from dynamics import checkpoint
from hardware.channels import measured
from tests.controller.conftest import untrained
from tests.sim import tripod

SHORT = ["run", "--fast", "--no-video", "--seconds", "0.5", "--json", "--robot"]


@pytest.fixture
def mine(untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The crawler's file, copied and renamed, in an empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    text = assets.robot("roach").read_text(encoding="utf-8")
    (folder / "my.yaml").write_text(text.replace("name: roach\n", "name: my\n"), encoding="utf-8")
    return folder / "my.yaml"


def own_models(folder: Path) -> None:
    checkpoint.save(replace(untrained("snail"), robot="my"), folder / "models" / "my-snail.safetensors")


def test_a_copied_and_renamed_file_is_the_same_robot(mine: Path) -> None:
    copy, roach = robots.spec("./my.yaml"), robots.spec("roach")
    assert copy.source == str(mine)
    assert roach.source == "roach"
    anatomy = replace(copy.anatomy, name="roach")
    assert replace(copy, name="roach", source="roach", anatomy=anatomy) == roach


@pytest.mark.parametrize("place", ["./my.yaml", "my.yaml", "{folder}/my.yaml"])
def test_it_runs_with_its_models_beside_it(mine: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    own_models(mine.parent)
    assert main([*SHORT, place.format(folder=mine.parent), "--out", "run"]) == 0
    assert json.loads(capsys.readouterr().out)["robot"] == "my"
    assert Log.read(Path("run/log.jsonl")).header.source == str(mine)
    # its settings name the file, wherever they are read from
    assert main(["run", "--fast", "--no-video", "--config", "run/settings.yaml", "--out", "again"]) == 0
    assert [tick.state for tick in Log.read(Path("again/log.jsonl")).records] == [
        tick.state for tick in Log.read(Path("run/log.jsonl")).records
    ]


def test_it_runs_with_a_model_of_a_robot_with_the_same_channels_and_actions(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(assets.checkpoint("roach", "snail"))
    assert main([*SHORT, "./my.yaml", "--checkpoint", path]) == 0
    assert main([*SHORT, "roach"]) == 0
    own, shipped = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["cost_mean"] == shipped["cost_mean"]
    (folder,) = Path("runs").glob("*-my-figure8-snail")
    assert (folder / "report.html").is_file()


def test_it_is_compared_with_another_of_its_models(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_models(mine.parent)
    checkpoint.save(replace(untrained("mb"), robot="my"), mine.parent / "models" / "my-mb.safetensors")
    assert main([*SHORT, "./my.yaml", "--compare", "mb"]) == 0
    assert json.loads(capsys.readouterr().out)["compare"]["adapter"] == "mb"
    assert main([*SHORT, "./my.yaml", "--compare", "nobody"]) == 2
    assert "command line: --compare: unknown adapter 'nobody'" in capsys.readouterr().err


def test_without_a_model_it_says_how_to_get_one(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "./my.yaml"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{mine.parent}/models/my-snail.safetensors: no such checkpoint; robot my has no snail yet" in line
    assert "train one: limber train --config FILE" in line
    assert "--checkpoint FILE" in line
    text = "rate_hz: 20.0\nrecipes: {snail: {adapter: {kind: attention}}}\n"
    Path("my-train.yaml").write_text(text, encoding="utf-8")
    assert main([*SHORT, "./my.yaml"]) == 3
    assert f"train one: limber train --config {mine.parent}/my-train.yaml, and" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, missing, config",
    [
        (["go2", "--adapter", "belief"], "go2 has no belief yet (it has grbal, ", "FILE"),
        (
            ["ant", "--adapter", "belief"],
            "ant has no belief yet (it has ensemble, ",
            "configs/experiments/literature/ant.yaml",
        ),
        (
            ["roach", "--set", "control.rate_hz=50", "--adapter", "snail"],
            "roach has no snail-50hz yet (it has ",
            "FILE",
        ),
    ],
)
def test_without_a_model_of_a_robot_that_came_along_too(
    capsys: pytest.CaptureFixture[str], flags: list[str], missing: str, config: str
) -> None:
    if flags[0] == "ant":
        pytest.importorskip("gymnasium")
    assert main([*SHORT, *flags]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert f"no such checkpoint; robot {missing}" in line
    assert f"{config}, and put it there or name it (--checkpoint FILE)" in line


def test_its_runs_begin_from_the_settings_beside_it_or_from_the_defaults(mine: Path) -> None:
    def settings(**flags: object) -> object:
        return run_settings([Layer("command line", {"robot": "./my.yaml", **flags})])

    usual = run_settings([Layer("command line", {"robot": "roach"})])
    assert settings() == replace(usual, robot=str(mine))
    (mine.parent / "my-run.yaml").write_text("robot: my.yaml\nadapter: mb\n", encoding="utf-8")
    assert settings() == replace(usual, robot=str(mine), adapter="mb")
    (mine.parent / "my-run-50hz.yaml").write_text("adapter: grbal\ncontrol: {rate_hz: 50.0}\n", encoding="utf-8")
    faster = settings(control={"rate_hz": 50})
    assert faster == replace(usual, robot=str(mine), adapter="grbal", control=replace(usual.control, rate_hz=50.0))
    with pytest.raises(ConfigError, match="control.rate_hz: expected one of 20hz, 50hz or a --config"):
        settings(control={"rate_hz": 25})


def test_a_suite_and_a_training_take_a_path_too(mine: Path) -> None:

    Path("suite.yaml").write_text("robot: ./my.yaml\nconditions: [{name: a, protocol: within, family: motor}]\n")
    assert stress_settings(Path("suite.yaml"), []).robot == str(mine)
    given = {"robot": "./my.yaml", "on_policy": {"rounds": 0}, "recipes": {"mb": {"adapter": {"kind": "fixed"}}}}
    experiment = resolve(ExperimentSettings, [Layer("here", given)])
    assert experiment.robot == str(mine)
    assert experiment.model_file(Path("out"), "mb") == Path("out/my-mb.safetensors")


@pytest.mark.parametrize(
    "robot, message",
    [
        ("./yours.yaml", "yours.yaml: no such file; .*did you mean 'my.yaml'"),
        ("mi", "robot: unknown robot 'mi'"),
        ("./my.urdf", "my.urdf: expected a robot's file, got the file of a body; limber new-robot NAME --body my.urdf"),
        ("..", "expected a robot's file, got a folder"),
    ],
)
def test_a_robot_that_is_not_there_is_bad_usage(
    mine: Path, capsys: pytest.CaptureFixture[str], robot: str, message: str
) -> None:
    assert main([*SHORT, robot]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert [path.name for path in mine.parent.iterdir()] == ["my.yaml"]


def tripod_file(folder: Path) -> Path:
    """A robot from an MJCF file: three legs, whose joints follow angles that the planner chooses one by one."""
    anatomy = tripod.write(folder)
    count, known = len(anatomy.motors), plain(anatomy)
    for key in ("name", "motors", "servo", "stand"):
        del known[key]
    gains = {"kp": [40.0] * count, "kd": [1.0] * count}
    check = {"severity": "warn"}
    values = {
        "name": "three",
        "description": "a tripod",
        "motors": list(anatomy.motors),
        "servo": {
            "kind": "position",
            "stand": list(anatomy.stand),
            "sit": [angle - 0.05 for angle in anatomy.stand],
            "rise_seconds": 0.2,
            "hold": gains,
            "run": gains,
            "damping": [1.0] * count,
        },
        "control_hz": 20.0,
        "servo_hz": 100.0,
        "course": {"scale": 3.0, "ahead": 1.0, "behind": 0.2, "tick": 0.2},
        "channels": [asdict(channel) for channel in measured(anatomy.motors)[:10]],
        "actions": [
            {"name": motor, "unit": "rad", "low": angle - 0.2, "high": angle + 0.2, "rest": angle}
            for motor, angle in zip(anatomy.motors, anatomy.stand, strict=True)
        ],
        "drive": {"kind": "direct"},
        "limits": {
            "velocity_low": [-20.0] * count,
            "velocity_high": [20.0] * count,
            "torque": [6.0] * count,
            "position_low": [-3.0] * count,
            "position_high": [3.0] * count,
            "kp": 50.0,
            "kd": 5.0,
        },
        "checks": {
            "finite": check,
            "range": {**check, "limit": 0.01},
            "slew": {**check, "limit": 50.0},
            "command_age": {**check, "limit": 0.1},
        },
        "anatomy": {**known, "body": Path(anatomy.body).name},
    }
    file = folder / "three.yaml"
    file.write_text(yaml_text.dump(values), encoding="utf-8")
    return file


def test_a_robot_from_an_mjcf_file_runs_and_another_servo_or_part_is_refused_before(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tripod_file(mine.parent)
    checkpoint.save(replace(untrained("mb", str(file)), robot="three"), Path("models/three-mb.safetensors"))
    assert main([*SHORT, "three.yaml", "--adapter", "mb", "--perturb", "leg_loss:leg=left@0.2"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["robot"], summary["ticks"], summary["statuses"]) == ("three", 10, {"ok": 10})
    file.with_name("bad.yaml").write_text(file.read_text().replace("left_foot", "left_fot"), encoding="utf-8")
    assert main([*SHORT, "bad.yaml"]) == 2
    assert "bad.yaml: anatomy: " in capsys.readouterr().err
