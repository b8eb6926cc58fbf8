from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.bodies.base import Setpoints, SimulationError
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import PerturbationError, parse
from sim.robots import go2
from sim.terrain import TERRAINS
from tests.sim.anatomies import ANATOMIES

NONE = np.zeros(12)
STAND = np.array(go2.STAND)


def quadruped(*perturbations: str) -> JointedPhysics:
    return JointedPhysics(ANATOMIES["go2"], TERRAINS["flat"], [parse(text) for text in perturbations])


def pose() -> Setpoints:
    return Setpoints(STAND, NONE, NONE, NONE + 60.0, NONE + 5.0)


def test_it_stands_on_four_feet_that_carry_its_weight() -> None:
    robot = quadruped()
    robot.command(pose())
    robot.step(1000)
    assert robot.position[2] == pytest.approx(0.30, abs=0.02)
    assert robot.foot_force.sum() == pytest.approx(15.206 * 9.81, rel=0.02)
    assert robot.accelerometer == pytest.approx([0.0, 0.0, 9.81], abs=0.3)
    assert np.abs(robot.gyro).max() < 0.02


def test_the_servo_law_is_that_of_the_motors() -> None:
    """In free fall, before anything moves, the torque is kp dq + kd dv + tau, cut at the limit."""
    robot = quadruped()
    robot.data.qpos[2] = 1.0
    q, dq, tau = NONE + 0.1, NONE + 0.5, np.linspace(-2.0, 2.0, 12)
    command = Setpoints(robot.motor_position + q, dq, tau, NONE + 30.0, NONE + 2.0)
    robot.command(command)
    robot.step()
    assert robot.motor_torque == pytest.approx(30.0 * 0.1 + 2.0 * 0.5 + tau, abs=1e-6)
    robot.command(Setpoints(robot.motor_position + 3.0, NONE, NONE, NONE + 60.0, NONE))
    robot.step()
    assert robot.motor_torque == pytest.approx([go2.TORQUE[part] for _ in go2.LEGS for part in go2.PARTS])


def test_a_command_expires_into_damping() -> None:
    robot = quadruped()
    robot.command(pose(), expires=0.5)
    robot.step(250)
    assert robot.position[2] > 0.28
    robot.step(1500)
    assert robot.position[2] < 0.15


def test_a_weak_motor_gives_less_and_a_dead_one_nothing() -> None:
    robot = quadruped("motor:front_left_calf=0.5", "dead_motor:name=rear_right_hip")
    robot.data.qpos[2] = 1.0
    robot.command(Setpoints(robot.motor_position, NONE, NONE + 4.0, NONE, NONE))
    robot.step()
    torque = dict(zip(go2.MOTORS, robot.motor_torque, strict=True))
    assert torque["front_left_calf"] == pytest.approx(2.0)
    assert torque["rear_right_hip"] == 0.0
    assert torque["front_right_calf"] == pytest.approx(4.0)


def test_a_payload_weighs_on_the_feet_below_it() -> None:
    robot = quadruped("payload:mass=5,x=0.1,y=0.08")
    robot.command(pose())
    robot.step(1000)
    front_left, front_right, rear_left, rear_right = robot.foot_force
    assert robot.foot_force.sum() == pytest.approx(20.206 * 9.81, rel=0.03)
    assert min(front_left, rear_left) > 1.2 * max(front_right, rear_right)


def test_without_its_calf_a_leg_carries_nothing() -> None:
    robot = quadruped("leg_loss:leg=rear_left@0.5")
    robot.command(pose())
    robot.step(240)
    assert robot.foot_force[2] > 20.0
    robot.step(60)
    assert robot.foot_force[2] == 0.0


@pytest.mark.parametrize(
    "text, got",
    [("leg_loss:leg=left_middle", "left_middle"), ("dead_motor:name=left", "left"), ("motor:left=0.5", "left")],
)
def test_what_only_another_robot_has_cannot_happen_to_it(text: str, got: str) -> None:
    with pytest.raises(PerturbationError, match=f"on robot go2, got '{got}'"):
        quadruped(text)


def test_a_state_that_is_not_finite_is_an_error_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    robot = quadruped()
    robot.step(5)
    robot.data.qvel[3] = np.nan
    with pytest.raises(SimulationError):
        robot.step(2)
    assert not list(tmp_path.iterdir())


def test_the_same_commands_give_the_same_bits() -> None:
    one, other = quadruped("push:y=10@0.1"), quadruped("push:y=10@0.1")
    for robot in (one, other):
        robot.command(pose())
        robot.step(200)
    assert np.array_equal(one.qpos, other.qpos)
    assert one.position[1] != 0.0


def test_noise_can_be_switched_off() -> None:
    robot = quadruped("noise:scale=0")
    true, reading = robot.reading(), robot.measure(np.random.default_rng(0))
    assert np.array_equal(reading.accelerometer, true.accelerometer)
    loud = quadruped().measure(np.random.default_rng(0))
    assert not np.array_equal(loud.accelerometer, true.accelerometer)
