"""A robot that nobody knew before: a YAML file and an MJCF file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.settings import robots
from controller.settings.layers import ConfigError
from controller.training.random_episodes import CollectSettings, gather
from hardware.clock import VirtualClock
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import parse
from tests.sim import tripod


@pytest.fixture
def spec(tmp_path: Path) -> RobotSpec:
    tripod.write(tmp_path)
    return robots.spec(shutil.copy(str(Path(__file__).with_name("tripod.yaml")), str(tmp_path)))


def stand(spec: RobotSpec, *perturbations: str, sway: float = 0.1) -> SimRobot:
    """Let the servo stand it up and sway; return the robot."""
    clock, rest = VirtualClock(), np.array([[action.rest for action in spec.actions]])
    robot = SimRobot(spec, clock, np.random.default_rng(0), perturbations=[parse(text) for text in perturbations])
    with Servo(robot) as servo:
        servo.arm()
        while clock.now() < 3.0:
            actions = rest + sway * np.sin(8.0 * clock.now() + np.arange(rest.size))
            servo.publish(ActionSchedule(clock.now(), 0.04, actions, clock.now() + 0.5))
            servo.observe()
            servo.act(clock.now())
            clock.sleep_until(clock.now() + 1.0 / spec.servo_hz)
    return robot


def test_its_file_gives_the_body_what_it_knows(spec: RobotSpec) -> None:
    assert spec.anatomy.stand == (0.5, -1.0) * 3
    assert Path(spec.anatomy.body).is_file()
    assert spec.anatomy.families == ("none", "leg_loss", "payload", "mixture")


def test_it_stands_under_the_guard(spec: RobotSpec) -> None:
    robot = stand(spec, sway=0.0)
    assert robot.physics.position[2] == pytest.approx(0.21, abs=0.03)
    assert robot.physics.reading().foot_force.sum() == pytest.approx(9.81 * tripod.MASS, rel=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "leg_loss:leg=left@1",
        "payload:mass=1,x=0.05@1",
        "motor:front_knee=0.05@1",
        "dead_motor:name=front_knee@1",
        "friction:mu=0.02@1",
        "slope:deg=15@1",
    ],
)
def test_what_happens_to_it_is_felt(spec: RobotSpec, text: str) -> None:
    intact, hurt = stand(spec), stand(spec, text)
    assert np.isfinite(hurt.qpos).all()
    assert np.abs(intact.qpos - hurt.qpos).max() > 0.005


def test_episodes_can_be_recorded_of_it(spec: RobotSpec) -> None:
    episodes = gather(spec, CollectSettings(episodes=4, heldout_episodes=1, seconds=1.0, workers=1), 25.0, 0, "train")
    assert episodes.states.shape == (4, 26, len(spec.channels))
    assert np.isfinite(episodes.states).all()


@pytest.mark.parametrize(
    "change, message",
    [
        (("body: tripod.xml", "body: tripot.xml"), r"my\.yaml: anatomy: body: .*tripot\.xml: "),
        (("trunk: body", "trunk: boody"), "trunk: expected one of body, .* got 'boody'; did you mean 'body'"),
        (("front_shin,", "frontshin,"), "limbs: expected one of .*, got 'frontshin'; did you mean 'front_shin'"),
        (("  trunk: body", "  trunk: body\n  root: planar"), "root: expected slides along x and z, then a hinge"),
    ],
)
def test_a_file_that_does_not_fit_its_body_is_bad_usage(
    spec: RobotSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: tuple[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (tmp_path / "tripod.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    Path("my.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        robots.spec("./my.yaml")
    assert main(["run", "--fast", "--robot", "./my.yaml"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
