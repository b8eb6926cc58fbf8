"""From measured states to the state vector, from actions to commands."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import embodiment
from hardware.channels import Action
from hardware.guard.bounds import Bounds
from hardware.guard.guard import Guard
from hardware.guard.state_machine import Mode
from hardware.limits import Limits
from hardware.motors import Gains, PositionServo, TorqueServo
from hardware.robot import CommandMode, RobotCommand
from hardware.spec import RobotSpec
from tests.hardware.loopback import MOTORS, make_spec, make_state
from tests.hardware.turns import from_angles


def test_every_channel_holds_its_own_quantity() -> None:
    spec = make_spec()
    state = replace(
        make_state(),
        position=np.array([1.0, 2.0, 3.0]),
        quaternion=from_angles(0.1, -0.2, math.pi / 2),
        velocity=np.array([0.0, 5.0, 0.5]),
        gyro=np.array([6.0, 7.0, 8.0]),
        motor_position=np.array([9.0, 10.0]),
        motor_velocity=np.array([11.0, 12.0]),
        back_emf=np.array([13.0, 14.0]),
        battery=15.0,
    )
    got = dict(zip([channel.name for channel in spec.channels], embodiment.observe(spec, state), strict=True))
    expected = {"x": 1, "y": 2, "z": 3, "roll": 0.1, "pitch": -0.2, "yaw": math.pi / 2}
    expected |= {"vx": 5, "vy": 0, "vz": 0.5}  # heading along +y: the body moves forwards
    expected |= {"gyro_x": 6, "gyro_y": 7, "gyro_z": 8, "phase_left": 9, "phase_right": 10}
    expected |= {"speed_left": 11, "speed_right": 12, "emf_left": 13, "emf_right": 14, "battery": 15}
    assert got == pytest.approx(expected)


def test_order_of_the_vector_is_the_spec_s() -> None:
    spec = make_spec()
    turned = replace(spec, channels=tuple(reversed(spec.channels)))
    state = replace(make_state(), position=np.array([1.0, 2.0, 3.0]), battery=4.0)
    assert np.array_equal(embodiment.observe(turned, state), embodiment.observe(spec, state)[::-1])


@given(yaw=st.floats(-3.1, 3.1), vx=st.floats(-1, 1), vy=st.floats(-1, 1))
def test_heading_frame_velocity_does_not_depend_on_where_the_robot_points(yaw: float, vx: float, vy: float) -> None:
    spec = replace(make_spec(), channels=tuple(c for c in make_spec().channels if c.name in ("vx", "vy")))
    turn = np.array([[math.cos(yaw), -math.sin(yaw), 0.0], [math.sin(yaw), math.cos(yaw), 0.0], [0.0, 0.0, 1.0]])
    state = replace(make_state(), quaternion=from_angles(0, 0, yaw), velocity=turn @ np.array([vx, vy, 0.3]))
    assert embodiment.observe(spec, state) == pytest.approx([vx, vy], abs=1e-9)


def test_command_and_action_are_inverse() -> None:
    action, drive = np.array([20.0, 30.0]), embodiment.embody(make_spec())
    command = drive.command(action, make_state(), now=1.0, expires=1.5)
    assert command.mode is CommandMode.SERVO
    assert command.expires == 1.5
    back = drive.played(command)
    assert back is not None
    assert np.array_equal(back, action)
    action[:] = 0.0
    assert command.velocity.tolist() == [20.0, 30.0]
    assert drive.played(RobotCommand.passive(CommandMode.DAMP, 2, 0.0)) is None


def test_action_of_another_robot_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected an action of shape \(2,\), got \(3,\)"):
        embodiment.embody(make_spec()).command(np.zeros(3), make_state(), 0.0, 1.0)


def test_rest_action_comes_from_the_spec() -> None:
    spec = replace(make_spec(), actions=(Action("a", "rad/s", 0, 9, 1.5), Action("b", "rad/s", 0, 9, 2.5)))
    assert embodiment.rest_action(spec).tolist() == [1.5, 2.5]


def jointed(servo: PositionServo | TorqueServo) -> RobotSpec:
    """Two joints with an action each."""
    wide = Limits((-9.0, -9.0), (9.0, 9.0), (-1.0, -1.0), (1.0, 1.0), (4.0, 4.0), kp=50.0, kd=5.0)
    actions = tuple(Action(name, "", -0.8, 0.8, 0.1) for name in MOTORS)
    anatomy = replace(make_spec().anatomy, servo=servo.kind)
    return replace(make_spec(), servo=servo, limits=wide, actions=actions, anatomy=anatomy)


ANGLES = PositionServo(
    (0.2, 0.2), (0.0, 0.0), 1.0, Gains((9.0, 9.0), (1.0, 1.0)), Gains((8.0, 7.0), (0.5, 0.6)), (2.0, 2.0)
)
TORQUES = TorqueServo((0.2, 0.2), (2.0, 2.0))


@pytest.mark.parametrize("servo, what", [(ANGLES, "position"), (TORQUES, "torque")])
def test_a_direct_action_is_an_angle_or_a_torque_where_the_motors_follow_that(
    servo: PositionServo | TorqueServo, what: str
) -> None:
    spec, action = jointed(servo), np.array([0.3, -0.4])
    drive = embodiment.embody(spec)
    command = drive.command(action, make_state(), now=1.0, expires=1.05)
    assert {name for name in ("position", "velocity", "torque") if getattr(command, name).any()} == {what}
    assert np.array_equal(getattr(command, what), action)
    assert (command.kp.tolist(), command.kd.tolist()) == (
        ([8.0, 7.0], [0.5, 0.6]) if what == "position" else ([0.0, 0.0], [0.0, 0.0])
    )
    played = drive.played(command)
    assert played is not None
    assert np.array_equal(played, action)
    # and so it passes the guard, wherever the joints are
    state = replace(make_state(time=1.0), motor_position=np.array([0.3, -2.0]))
    sent, changes = Bounds(spec).apply(command, replace(state, motor_position=np.array([0.3, -0.4])))
    assert not changes
    assert np.array_equal(getattr(sent, what), action)
    hasty, _ = Bounds(spec).apply(replace(command, torque=np.array([99.0, -99.0])), state)
    assert np.abs(hasty.torque).max() <= 4.0


def test_a_robot_that_is_given_torques_has_no_poses_and_is_damped_without_commands() -> None:
    guard, spec = Guard(jointed(TORQUES)), jointed(TORQUES)
    guard.request(Mode.RUN)
    command = embodiment.embody(spec).command(np.array([0.3, -0.4]), make_state(), 0.0, 0.05)
    assert guard.check(command, make_state(), 0.0).command.torque.tolist() == [0.3, -0.4]
    late = guard.check(None, make_state(time=0.2), 0.2).command
    assert (late.mode, late.kd.tolist()) == (CommandMode.DAMP, [2.0, 2.0])
