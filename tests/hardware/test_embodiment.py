"""From measured states to the state vector, from actions to commands."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import embodiment
from hardware.robot import Action, Channel, CommandMode, FloatArray, RobotCommand
from tests.hardware.loopback import make_spec, make_state


def quaternion(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Product of the three elementary turns, z then y then x."""
    w, x, y, z = 1.0, 0.0, 0.0, 0.0
    for axis, angle in ((2, yaw), (1, pitch), (0, roll)):
        b = [math.cos(angle / 2), 0.0, 0.0, 0.0]
        b[axis + 1] = math.sin(angle / 2)
        w, x, y, z = (
            w * b[0] - x * b[1] - y * b[2] - z * b[3],
            w * b[1] + x * b[0] + y * b[3] - z * b[2],
            w * b[2] - x * b[3] + y * b[0] + z * b[1],
            w * b[3] + x * b[2] - y * b[1] + z * b[0],
        )
    return np.array([w, x, y, z])


@given(roll=st.floats(-3.1, 3.1), pitch=st.floats(-1.5, 1.5), yaw=st.floats(-3.1, 3.1))
def test_angles_survive_the_way_through_a_quaternion(roll: float, pitch: float, yaw: float) -> None:
    assert embodiment.roll_pitch_yaw(quaternion(roll, pitch, yaw)) == pytest.approx((roll, pitch, yaw), abs=1e-6)


def test_pitch_straight_up_and_unknown_attitude_do_not_raise() -> None:
    up = quaternion(0.0, math.pi / 2, 0.0) * (1.0 + 1e-9)
    assert embodiment.roll_pitch_yaw(up)[1] == pytest.approx(math.pi / 2)
    assert all(math.isnan(angle) for angle in embodiment.roll_pitch_yaw(np.full(4, np.nan)))


def test_every_channel_holds_its_own_quantity() -> None:
    spec = make_spec()
    state = replace(
        make_state(),
        position=np.array([1.0, 2.0, 3.0]),
        quaternion=quaternion(0.1, -0.2, math.pi / 2),
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
    state = replace(make_state(), quaternion=quaternion(0, 0, yaw), velocity=turn @ np.array([vx, vy, 0.3]))
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
    spec = replace(make_spec(), actions=(Action("a", "rad/s", 0, 9, 1.5), Action("b", "rad/s", 0, 9, -2.5)))
    assert embodiment.rest_action(spec).tolist() == [1.5, -2.5]


def test_spec_that_this_embodiment_cannot_serve_is_refused() -> None:
    spec = make_spec()
    embodiment.check(spec)
    with pytest.raises(ValueError, match="unknown channel 'tail'.*battery"):
        embodiment.check(replace(spec, channels=(*spec.channels, Channel("tail", "rad", "angle"))))
    with pytest.raises(ValueError, match=r"one action per motor \(2\), got 1"):
        embodiment.embody(replace(spec, actions=spec.actions[:1]))
