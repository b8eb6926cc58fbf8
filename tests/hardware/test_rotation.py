"""Rotations: the group's axioms, and every conversion against another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import rotation
from hardware.robot import FloatArray
from hardware.rotation import roll_pitch_yaw
from tests.hardware.turns import from_angles, log, matrix

VECTORS = st.tuples(*[st.floats(-1.7, 1.7)] * 3).map(np.array)


@given(vector=VECTORS)
def test_log_undoes_exp(vector: FloatArray) -> None:
    assert log(rotation.exp(vector)) == pytest.approx(vector, abs=1e-9)


@given(vector=VECTORS)
def test_a_rotation_keeps_lengths_and_its_axis(vector: FloatArray) -> None:
    turned = rotation.exp(vector)
    assert turned @ turned.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turned) == pytest.approx(1.0)
    assert turned @ vector == pytest.approx(vector, abs=1e-12)


@given(vector=VECTORS)
def test_quaternion_and_matrix_say_the_same(vector: FloatArray) -> None:
    turned = rotation.exp(vector)
    quaternion = rotation.quaternion(turned)
    assert quaternion[0] >= 0.0
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)
    assert matrix(quaternion) == pytest.approx(turned, abs=1e-12)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_have_a_quaternion(axis: FloatArray) -> None:
    assert abs(rotation.quaternion(rotation.exp(math.pi * axis))[1:]) == pytest.approx(axis, abs=1e-12)


def test_a_turn_about_z_is_a_yaw_to_the_left() -> None:
    turned = rotation.exp(np.array([0.0, 0.0, 0.5]))
    assert turned @ np.array([1.0, 0.0, 0.0]) == pytest.approx([math.cos(0.5), math.sin(0.5), 0.0])
    assert roll_pitch_yaw(rotation.quaternion(turned)) == pytest.approx((0.0, 0.0, 0.5))


@given(vector=VECTORS)
def test_left_jacobian_is_the_integral_of_exp(vector: FloatArray) -> None:
    shares = (np.arange(400) + 0.5) / 400
    integral = np.mean([rotation.exp(share * vector) for share in shares], axis=0)
    assert rotation.left_jacobian(vector) == pytest.approx(integral, abs=1e-5)


@given(vector=VECTORS, other=VECTORS)
def test_skew_multiplies_as_a_cross_product(vector: FloatArray, other: FloatArray) -> None:
    assert rotation.skew(vector) @ other == pytest.approx(np.cross(vector, other))


@given(roll=st.floats(-3.1, 3.1), pitch=st.floats(-1.5, 1.5), yaw=st.floats(-3.1, 3.1))
def test_angles_survive_the_way_through_a_quaternion(roll: float, pitch: float, yaw: float) -> None:
    assert roll_pitch_yaw(from_angles(roll, pitch, yaw)) == pytest.approx((roll, pitch, yaw), abs=1e-6)
    back = rotation.of_roll_pitch_yaw(roll, pitch, yaw)
    assert roll_pitch_yaw(back) == pytest.approx((roll, pitch, yaw), abs=1e-6)


def test_pitch_straight_up_and_unknown_attitude_do_not_raise() -> None:
    up = from_angles(0.0, math.pi / 2, 0.0) * (1.0 + 1e-9)
    assert roll_pitch_yaw(up)[1] == pytest.approx(math.pi / 2)
    assert all(math.isnan(angle) for angle in roll_pitch_yaw(np.full(4, np.nan)))


@pytest.mark.parametrize("tilt, yaw", [(0.0, 1.0), (0.7, 0.0), (3.0, 0.0)])
def test_tilt_angle_ignores_the_heading(tilt: float, yaw: float) -> None:
    half_tilt, half_yaw = tilt / 2, yaw / 2
    quaternion = np.array(
        [
            math.cos(half_yaw) * math.cos(half_tilt),
            math.cos(half_yaw) * math.sin(half_tilt),
            math.sin(half_yaw) * math.sin(half_tilt),
            math.sin(half_yaw) * math.cos(half_tilt),
        ]
    )
    assert rotation.tilt(quaternion) == pytest.approx(tilt, abs=1e-7)
