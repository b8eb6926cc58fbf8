"""From an MJCF or URDF file to a robot that is trained, run, and looked at again: nothing but commands."""

from __future__ import annotations

import json
import math
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from controller.cli import main
from controller.config import run_settings
from controller.newcomers.trial import pace
from controller.settings import robots
from controller.settings.layers import Layer, read_yaml, resolve
from controller.stress.suite import stress_settings
from controller.training.settings import ExperimentSettings
from hardware import mirror
from hardware.drives import Striding
from hardware.motors import PositionServo
from sim.bodies.factory import simulate
from sim.terrain import TERRAINS
from tests.sim.discovery import bodies


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_quadruped_with_hips_that_roll_gets_a_gait_that_walks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dog.urdf").write_text(bodies.urdf(), encoding="utf-8")
    assert main(["new-robot", "dog", "--body", "dog.urdf", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["drive"], list(said["legs"])) == ("gait", ["front_left", "front_right", "rear_left", "rear_right"])
    assert said["verdicts"]["stands"]["good"]
    assert said["verdicts"]["moves"]["good"], said["verdicts"]
    assert said["next"] == "limber train --config dog/dog-train.yaml --out dog/models"
    spec = robots.spec("dog/dog.yaml")
    assert isinstance(spec.drive, Striding)
    assert [leg.kind for leg in spec.legs] == ["roll"] * 4
    # what it wrote beside it is what the other commands take
    assert run_settings([Layer("command line", {"robot": "dog/dog.yaml"})]).course == "figure8"
    assert resolve(ExperimentSettings, [read_yaml(Path("dog/dog-train.yaml"))]).robot == spec.source
    assert stress_settings(Path("dog/dog-stress.yaml"), []).seeds == 3


def test_a_symmetric_one_learns_from_the_mirror_and_an_uneven_one_says_why_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its motors are called j0_0 and so on: only the body says which is the image of which."""
    for name, text in (
        ("even", bodies.urdf()),
        ("uneven", bodies.urdf().replace('xyz="0.14 -0.08 0"', 'xyz="0.1 -0.08 0"')),
    ):
        Path(f"{name}.urdf").write_text(text, encoding="utf-8")
        assert main(["new-robot", name, "--body", f"{name}.urdf"]) == 0
    assert "symmetric: no, so nothing is learned from the mirror: j0_0 has no image" in capsys.readouterr().out
    even, uneven = robots.spec("even/even.yaml"), robots.spec("uneven/uneven.yaml")
    trained = [
        resolve(ExperimentSettings, [read_yaml(Path(f"{name}/{name}-train.yaml"))]) for name in ("even", "uneven")
    ]
    assert [robot.symmetric for robot in (even, uneven)] == [each.mirror for each in trained] == [True, False]
    assert even.pairs["j2_1"] == ("j3_1", 1.0)
    assert even.pairs["j2_0"] == ("j3_0", -1.0)
    assert even.images["front_left"] == "front_right"
    assert mirror.image(even, "gain_j0_2") == "gain_j1_2"
    assert not uneven.images


def test_light_legs_get_rotors_and_walk(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else MuJoCo, whose contacts know nothing of how servos damp, lets feet slip half as far again."""
    light = bodies.urdf().replace('mass value="0.15"', 'mass value="0.02"')
    Path("dog.urdf").write_text(light.replace("0.0004", "0.00002").replace("5e-05", "0.000005"), encoding="utf-8")
    assert main(["new-robot", "dog", "--body", "dog.urdf", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    share = pace(robots.spec("dog/dog.yaml"))
    assert share is not None
    assert 0.7 < share < 1.2
    assert [note for note in said["notes"] if note.startswith("armature: legs so light need ")]
    anatomy = robots.spec("dog/dog.yaml").anatomy
    assert anatomy.armature > 0.0
    model = simulate(anatomy, TERRAINS["flat"]).model
    assert model.dof_armature[6:] == pytest.approx([anatomy.armature] * 12)


def test_a_knee_whose_range_ends_where_it_is_straight_bends_within_it(here: Path) -> None:
    """A leg that hangs straight at pi, whose zeros were a turn off, had its stance beyond the range, and no gait."""
    wide = bodies.urdf().replace('lower="-2" upper="2"', 'lower="-6.3" upper="6.3"')
    folded = re.compile(r'(name="j._2".*?xyz="0 0 -0.15")(.*?)lower="-6.3" upper="6.3"')
    text, count = folded.subn(r'\1 rpy="0 3.14159265 0"\2lower="0" upper="3.14159265"', wide)
    assert count == 4
    Path("dog.urdf").write_text(text, encoding="utf-8")
    assert main(["new-robot", "dog", "--body", "dog.urdf"]) == 0
    spec = robots.spec("dog/dog.yaml")
    assert isinstance(spec.drive, Striding)
    assert isinstance(spec.servo, PositionServo)
    assert all(abs(angle) < math.pi for angle in spec.servo.stand)
    assert {abs(round(leg.zeros[2], 3)) for leg in spec.legs} == {3.142}


def test_every_value_says_where_it_came_from(here: Path) -> None:
    Path("dog.urdf").write_text(bodies.urdf(), encoding="utf-8")
    assert main(["new-robot", "dog", "--body", "dog.urdf"]) == 0
    lines = Path("dog/dog.yaml").read_text(encoding="utf-8").splitlines()
    section = ""
    for above, line in zip(["", *lines], lines, strict=False):
        section = section if line.startswith((" ", "#")) else line
        if ": " in line and not section.startswith("channels") and not line.lstrip().startswith("#"):
            assert "# " in line or above.lstrip().startswith("#"), line


def test_a_hexapod_gets_a_tripod_and_legs_of_two_joints_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("six.xml").write_text(bodies.mjcf(bodies.around(6)), encoding="utf-8")
    Path("two.xml").write_text(bodies.mjcf(bodies.around(4), ("0 0 1", "0 1 0")), encoding="utf-8")
    assert main(["new-robot", "six", "--body", "six.xml", "--out", "a"]) == 0
    assert main(["new-robot", "two", "--body", "two.xml", "--out", "b"]) == 0
    assert "drive: no gait, but an action a motor: leg front_left: 2 joints, where a gait" in capsys.readouterr().out
    six, two = robots.spec("a/six.yaml"), robots.spec("b/two.yaml")
    assert isinstance(six.drive, Striding)
    assert six.drive.pattern == "tripod"
    assert [leg.kind for leg in six.legs] == ["yaw"] * 6
    assert two.drive.kind == "direct"
    assert len(two.actions) == len(two.motors) == 8


def test_an_edited_file_is_looked_at_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dog.urdf").write_text(bodies.urdf(), encoding="utf-8")
    assert main(["new-robot", "dog", "--body", "dog.urdf"]) == 0
    text = Path("dog/dog.yaml").read_text(encoding="utf-8")
    for name, change in (("weak", ("  torque: [12.0", "  torque: [0.02")), ("odd", ("kind: gait", "kind: gate"))):
        assert change[0] in text
        Path(f"dog/{name}.yaml").write_text(text.replace(*change, 1), encoding="utf-8")
    assert main(["new-robot", "--check", "dog/dog.yaml"]) == 0
    assert "write:" not in capsys.readouterr().out
    assert main(["new-robot", "--check", "dog/weak.yaml"]) == 1
    assert "write: raise limits.torque" in capsys.readouterr().out
    assert main(["new-robot", "--check", "dog/odd.yaml"]) == 2
    assert "odd.yaml: drive.kind: unknown kind 'gate'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "new-robot: expected NAME --body FILE, or --check FILE, got neither"),
        (["Dog", "--body", "x.xml"], "NAME: expected lower-case letters, digits, - and _, got 'Dog'"),
        (["go2", "--body", "x.xml"], "NAME: expected another than those that come along, got 'go2'"),
        (["dog", "--body", "x.xml"], "--body: expected an MJCF or URDF file, got x.xml, which is not there"),
        (["dog", "--body", "bad.xml"], "bad.xml: "),
        (["dog", "--body", "here.xml"], "here: expected a folder without dog.yaml, got one with it"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    Path("bad.xml").write_text("<mujoco>", encoding="utf-8")
    Path("here.xml").write_text(bodies.mjcf(bodies.around(4)), encoding="utf-8")
    Path("here").mkdir()
    Path("here/dog.yaml").touch()
    out = ["--out", "here"] if "here.xml" in flags else []
    assert main(["new-robot", *flags, *out]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not Path("dog").exists()


def test_a_gait_that_does_not_keep_up_is_told_less(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = Path(str(find_spec("dm_control").origin)).parent / "suite" / "quadruped.xml"  # type: ignore[union-attr]
    assert main(["new-robot", "beast", "--body", str(body), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdicts"]["moves"]["found"].endswith(" of 0.29 m/s"), "half of the highest speed, which is less now"
    forward = robots.spec("beast/beast.yaml").actions[0]
    assert (forward.low, forward.high) == pytest.approx((-0.249, 0.582), abs=0.02)
    why = "with the root of its height, and 56% of that, the share of its speed at which it keeps up"
    assert why in Path("beast/beast.yaml").read_text(encoding="utf-8")
