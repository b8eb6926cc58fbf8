"""Bounds on a robot servoed by position: what is clipped, slewed and softened, and how it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardware.guard.bounds import Bounds, implied_torque
from hardware.limits import Check, Severity
from hardware.robot import CommandMode, FloatArray, RobotCommand
from tests.hardware.four_legs import COUNT, GO2, assert_safe, command, pose, state

REACH = GO2.checks.slew.limit / GO2.servo_hz


def shifted(index: int, by: float) -> FloatArray:
    angles = pose("stand")
    angles[index] += by
    return angles


def test_a_good_command_passes_untouched() -> None:
    bounded, trips = Bounds(GO2).apply(command(), state())
    assert trips == []
    assert bounded.position.tolist() == pose("stand").tolist()
    assert bounded.kp.tolist() == [60.0] * COUNT


def test_a_set_point_moves_from_the_measured_angle_by_the_slew_of_a_cycle() -> None:
    bounds = Bounds(GO2)
    wanted = command(shifted(1, 0.5))
    angles = [float(bounds.apply(wanted, state())[0].position[1]) for _ in range(3)]
    assert angles == pytest.approx([0.8 + REACH, 0.8 + 2 * REACH, 0.8 + 3 * REACH])
    bounds.forget()
    assert float(bounds.apply(wanted, state())[0].position[1]) == pytest.approx(0.8 + REACH)


def test_ranges_are_kept_with_their_margin_and_named() -> None:
    bounds = Bounds(replace(GO2, checks=replace(GO2.checks, slew=Check(Severity.WARN, 1e6))))
    bounded, trips = bounds.apply(command(shifted(0, 2.0), kp=200.0), state(angles=shifted(0, 1.0)))
    assert float(bounded.position[0]) == pytest.approx(1.0472 - 0.05)
    assert str(trips[0]) == "range: position of front_left_hip 2 -> 0.997"
    assert [trip.check for trip in trips] == ["range", "range"]
    assert "kp of front_left_hip 200 -> 100" in str(trips[1])


def test_too_much_torque_softens_that_motor_only() -> None:
    angles = pose("stand")
    angles[4] -= 1.0  # a metre of lever and a stiffness of 60 ask for 60 N m
    bounds = Bounds(replace(GO2, checks=replace(GO2.checks, slew=Check(Severity.WARN, 1e6))))
    bounded, trips = bounds.apply(command(), state(angles=angles))
    assert implied_torque(bounded, state(angles=angles))[4] == pytest.approx(23.7)
    assert bounded.kp.tolist() == pytest.approx([60.0] * 4 + [23.7] + [60.0] * 7)
    assert [str(trip) for trip in trips] == ["torque: torque of front_right_thigh 60 -> 23.7"]


NUMBERS = arrays(np.float64, COUNT, elements=st.floats(-1e3, 1e3))


@given(
    q=NUMBERS,
    dq=NUMBERS,
    tau=NUMBERS,
    kp=NUMBERS,
    kd=NUMBERS,
    measured=arrays(np.float64, COUNT, elements=st.floats(-4.0, 5.0)),
    speed=arrays(np.float64, COUNT, elements=st.floats(-40.0, 40.0)),
)
def test_whatever_is_asked_for_stays_within_bounds(
    q: FloatArray,
    dq: FloatArray,
    tau: FloatArray,
    kp: FloatArray,
    kd: FloatArray,
    measured: FloatArray,
    speed: FloatArray,
) -> None:
    bounds, now = Bounds(GO2), replace(state(angles=measured), motor_velocity=speed)
    wanted = RobotCommand(CommandMode.SERVO, q, dq, tau, kp, kd, 0.05)
    first, _ = bounds.apply(wanted, now)
    assert_safe(first, now, None, 0.0)
    second, _ = bounds.apply(wanted, now)
    assert_safe(second, now, first, 0.0)
