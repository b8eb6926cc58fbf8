from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.settings import robots
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.embodiment import embody, observe
from hardware.guard.state_machine import Mode
from hardware.robot import CommandMode
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo, ServoReport
from hardware.simulated.robot import SimRobot
from hardware.walkers.drive import WalkerDrive
from hardware.walkers.policy import PolicyError
from tests.hardware.walkers.policies import Counter, counting, linear, script
from tests.hardware.walkers.walking import POSE, answering, gym, state, walking

REST = np.zeros(3)
RIGHT_FIRST = [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]
"""Where the robot's joints are in the policy's order, and the other way round."""


def test_answers_reach_the_joints_that_the_policy_means(tmp_path: Path) -> None:
    drive = WalkerDrive(walking(gym(answering(tmp_path, np.arange(12.0) / 10.0))))
    command = drive.command(REST, state(), 0.0, 1.0)
    expected = np.array(POSE) + 0.25 * np.arange(12.0) / 10.0
    np.testing.assert_allclose(command.position, expected[RIGHT_FIRST], atol=1e-6)
    assert command.mode is CommandMode.SERVO
    assert set(command.kp) == {20.0}
    assert set(command.kd) == {0.5}
    assert not command.velocity.any()
    assert not command.torque.any()


def test_signs_offsets_and_three_numbers_a_leg_go_by_the_joint(tmp_path: Path) -> None:
    contract = gym(answering(tmp_path, 1.0))
    signs = (-1.0, 1.0, 1.0)
    contract = replace(contract, sign=signs, offset=(0.0, 0.0, 0.1), pose=(0.2, 0.8, -1.5), grouped="joint")
    contract = replace(
        contract, joints=("FR", "FL", "RR", "RL"), action=replace(contract.action, scale=(0.1, 0.2, 0.3))
    )
    command = WalkerDrive(walking(contract)).command(REST, state(), 0.0, 1.0)
    np.testing.assert_allclose(command.position, np.tile([-0.3, 1.0, -1.3], 4), atol=1e-6)


def test_no_set_point_is_where_a_joint_cannot_go(tmp_path: Path) -> None:
    """A guard would bring it there anyway; episodes for training are gathered without one."""
    spec = walking(gym(answering(tmp_path, np.repeat([8.0, -8.0], 6))))
    command, margin = WalkerDrive(spec).command(REST, state(), 0.0, 1.0), spec.checks.range.limit
    assert (command.position >= np.array(spec.limits.position_low) + margin).all()
    assert (command.position <= np.array(spec.limits.position_high) - margin).all()
    assert command.position[2] == pytest.approx(spec.limits.position_high[2] - margin)


def test_the_policy_sees_the_joints_in_its_own_order(tmp_path: Path) -> None:
    weights = np.zeros((12, 45))
    weights[:, 9:21] = np.eye(12)
    contract = replace(gym(answering(tmp_path, 0.0, weights), scale=1.0), pose=(0.0,))
    angles = np.tile([0.1, 0.8, -1.6], 4) + np.arange(12.0) / 100.0
    command = WalkerDrive(walking(contract)).command(REST, state(motor_position=angles), 0.0, 1.0)
    np.testing.assert_allclose(command.position, angles, atol=1e-6)


def test_it_steps_at_its_own_rate_and_holds_in_between(tmp_path: Path) -> None:
    contract = gym(counting(tmp_path / "policy.onnx", 45), scale=1.0)
    drive = WalkerDrive(walking(replace(contract, pose=(0.0,))))
    firsts = [drive.command(REST, state(), 0.002 * n, 9.0).position[0] for n in range(40)]
    np.testing.assert_allclose(firsts, np.repeat([0.1, 0.2, 0.3, 0.4], 10), atol=1e-6)
    drive.reset()
    assert drive.command(REST, state(), 1.0, 9.0).position[0] == pytest.approx(0.1)


@pytest.mark.parametrize("resets", [True, False])
def test_torchscript_keeps_its_state_inside_and_is_reset(tmp_path: Path, resets: bool) -> None:
    contract = replace(gym(script(tmp_path / "policy.pt", Counter(resets)), scale=1.0), pose=(0.0,))
    drive = WalkerDrive(walking(contract))
    for _ in range(2):
        firsts = [drive.command(REST, state(), 0.02 * n, 9.0).position[0] for n in range(3)]
        np.testing.assert_allclose(firsts, [0.1, 0.2, 0.3], atol=1e-6)
        drive.reset()


def test_commands_are_slewed_bounded_shown_and_played(tmp_path: Path) -> None:
    weights = np.zeros((12, 45))
    weights[0, 6] = 0.5
    contract = gym(answering(tmp_path, 0.0, weights), scale=1.0)
    spec = walking(replace(contract, pose=(0.0,), command=replace(contract.command, slew=(0.3, 0.3, 0.3))))
    drive, action = embody(spec), np.array([7.0, 0.0, -0.1])
    seen = []
    for step in range(5):
        command = drive.command(action, state(), 0.02 * step, 9.0)
        seen.append(command.position[3])
    np.testing.assert_allclose(seen, [0.3, 0.6, 0.9, 0.9972, 0.9972], atol=1e-6)  # the hip's end
    np.testing.assert_allclose(drive.annotate(state()).stride, [1.0, 0.0, -0.1])
    assert drive.played(command) is action
    assert drive.played(replace(command, mode=CommandMode.DAMP)) is None


def test_averages_are_over_a_tick_and_what_the_model_sees(tmp_path: Path) -> None:
    spec = walking(gym(answering(tmp_path, 0.0)))
    drive, ticks = embody(spec), round(spec.servo_hz / spec.control_hz)
    for n in range(3 * ticks):
        last = drive.annotate(state(gyro=np.array([float(n), 1.0, 0.0]), velocity=np.array([0.5, 0.0, (-1.0) ** n])))
    found = dict(zip([channel.name for channel in spec.channels], observe(spec, last), strict=True))
    assert found["gyro_x"] == pytest.approx(2.5 * ticks - 0.5)
    assert (found["vx"], found["vz"]) == (0.5, 0.0)


RUBBISH = {
    "not finite": (float("nan"), "its answer is not finite"),
    "endless": (float("inf"), "its answer is not finite"),
    "huge": (1e6, "its answer is rubbish: 1e+06 asks for 25 rad"),
    "wild": (99.0, "its answer is rubbish: 99 asks for 24.8 rad"),
}


def run(spec_path: Path, seconds: float = 0.3) -> list[ServoReport]:
    """Drive the simulated robot by a policy through the guard."""
    clock, spec = VirtualClock(), walking(gym(spec_path))
    robot, reports = SimRobot(spec, clock, np.random.default_rng(0)), []
    with Servo(robot) as servo:
        servo.arm()
        for cycle in range(round((seconds + 3.0) * spec.servo_hz)):
            clock.sleep_until(cycle / spec.servo_hz)
            servo.observe()
            servo.publish(ActionSchedule(clock.now(), 0.08, REST[None], clock.now() + 0.2))
            reports.append(servo.act(clock.now()))
    return reports


@pytest.mark.parametrize("answer, told", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_a_latched_fault_that_is_named(tmp_path: Path, answer: float, told: str) -> None:
    reports = run(linear(tmp_path / "policy.onnx", np.zeros((12, 45)), _late(answer)))
    assert reports[-1].fault is not None
    assert f"policy: {told}" in str(reports[-1].fault)
    assert reports[-1].mode not in {Mode.RUN, Mode.STAND}
    assert all(np.isfinite(r.sent.position).all() for r in reports if r.sent is not None)


def _late(answer: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([0.0] * 11 + [answer])


def test_a_good_policy_stands_and_nothing_is_latched(tmp_path: Path) -> None:
    reports = run(answering(tmp_path, 0.0))
    assert reports[-1].fault is None
    assert reports[-1].mode is Mode.RUN


def test_what_a_contract_wants_and_a_policy_takes_is_told_in_one_line(tmp_path: Path) -> None:
    policy = linear(tmp_path / "policy.onnx", np.zeros((12, 48)), np.zeros(12))
    with pytest.raises(
        PolicyError, match=r"policy\.onnx: takes 1 x 48 numbers, its contract gives 45 numbers \(gyro 3, "
    ):
        WalkerDrive(walking(gym(policy)))
    with pytest.raises(PolicyError, match="expected an answer of 12 numbers, one a joint, got"):
        WalkerDrive(walking(gym(linear(policy, np.zeros((8, 45)), np.zeros(8)))))


def test_the_policy_that_comes_along_walks_as_told() -> None:
    spec = robots.spec("go2-walker")
    clock, drive = VirtualClock(), embodiment.embody(spec)
    robot = SimRobot(spec, clock, np.random.default_rng(0))
    robot.connect()
    robot.activate()
    now, action = drive.annotate(robot.read()), np.array([0.5, 0.0, 0.0])
    for cycle in range(1, 1501):
        robot.write(drive.command(action, now, clock.now(), clock.now() + 0.1))
        clock.sleep_until(cycle / spec.servo_hz)
        now = drive.annotate(robot.read())
    assert 1.0 < now.position[0] < 2.0
    assert now.position[2] > 0.25
