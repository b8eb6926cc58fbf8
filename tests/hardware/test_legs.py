"""Leg kinematics against each other, by finite differences, and against simulated bodies and their Jacobians."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.settings.robots import spec
from hardware.legs import Leg, RollLeg, YawLeg
from hardware.robot import FloatArray
from sim.robots import go2
from sim.terrain import TERRAINS
from tests.hardware import legs

KINDS = ("roll", "yaw")
STEP = 1e-6
each_kind = pytest.mark.parametrize("kind", KINDS)


def bent(leg: Leg, rng: np.random.Generator) -> FloatArray:
    """Draw angles of the motors at which the foot is below the hip and the knee on its own side (3,) [rad]."""
    side = 1.0 if leg.knee_ahead else -1.0
    first, fold = rng.uniform(-0.7, 0.7), side * rng.uniform(0.4, 2.0)
    second = -0.5 * fold + rng.uniform(-0.3, 0.3)
    links = np.array([first, second, fold + math.atan2(leg.heel, leg.calf)])
    joints: FloatArray = np.array(leg.signs) * links + leg.zeros
    return joints


@each_kind
def test_feet_and_knees_are_where_a_simulated_body_has_them(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        leg = legs.drawn(kind, rng)
        model, data = legs.simulated(leg)
        joints = rng.uniform(-3.0, 3.0, 3)
        place, _ = legs.foot(model, data, joints)
        assert leg.foot(*joints) == pytest.approx(place, abs=1e-9)
        assert leg.knee(*joints[:2]) == pytest.approx(data.body("2").xpos, abs=1e-9)


@each_kind
def test_velocities_and_torques_are_those_of_mujocos_jacobian(kind: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        leg = legs.drawn(kind, rng)
        model, data = legs.simulated(leg)
        joints, speeds, force = rng.uniform(-3.0, 3.0, 3), rng.normal(size=3), rng.normal(scale=30.0, size=3)
        _, jacobian = legs.foot(model, data, joints)
        assert leg.foot_velocity(joints.tolist(), speeds.tolist()) == pytest.approx(jacobian @ speeds, abs=1e-9)
        first, second, third = joints.tolist()
        assert leg.press(first, second, third, tuple(force.tolist())) == pytest.approx(jacobian.T @ force, abs=1e-8)


@each_kind
def test_velocity_is_the_finite_difference_of_the_position(kind: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        leg, joints = legs.drawn(kind, rng), rng.uniform(-3.0, 3.0, 3)
        columns = [
            (np.array(leg.foot(*(joints + step))) - leg.foot(*(joints - step))) / (2.0 * STEP)
            for step in STEP * np.eye(3)
        ]
        speeds = np.array([0.7, -1.1, 2.3])
        expected = np.stack(columns, axis=-1) @ speeds
        assert leg.foot_velocity(joints.tolist(), speeds.tolist()) == pytest.approx(expected, abs=1e-7)


@each_kind
def test_inverse_kinematics_undoes_forward_kinematics_with_the_knee_on_its_side(kind: str) -> None:
    rng, within = np.random.default_rng(3), 0
    for _ in range(300):
        leg = legs.drawn(kind, rng)
        joints = bent(leg, rng)
        links = np.array(leg.signs) * (joints - leg.zeros)
        ahead, down = leg._reached(*links[1:])
        out = leg.offset + ahead if isinstance(leg, YawLeg) else 1.0
        if down < 0.06 or out < 0.02 or math.hypot(ahead, down) < 0.06:
            continue  # not below the hip, as a foot is in any gait
        within += 1
        found = np.array(leg.angles(*leg.foot(*joints)))
        assert (found - joints + math.pi) % math.tau - math.pi == pytest.approx(np.zeros(3), abs=1e-7)
    assert within > 150


@given(hip=st.floats(-0.8, 0.8), thigh=st.floats(-0.6, 1.5), calf=st.floats(-2.3, -0.9))
def test_the_quadrupeds_legs_reach_every_place_that_they_had(hip: float, thigh: float, calf: float) -> None:
    for leg in spec("go2").legs:
        foot = leg.foot(hip, thigh, calf)
        if foot[2] < -0.1 and -thigh < calf + 1.6:
            assert leg.foot(*leg.angles(*foot)) == pytest.approx(foot, abs=1e-9)


@pytest.mark.parametrize(
    "leg",
    [
        RollLeg(x=0.2, y=0.05, offset=0.1, thigh=0.2, calf=0.2),
        YawLeg(x=0.1, y=0.05, offset=0.05, thigh=0.07, calf=0.13, knee_ahead=True, heading=0.8, reach=0.1),
    ],
    ids=KINDS,
)
def test_a_place_out_of_reach_gives_a_straight_leg_towards_it(leg: Leg) -> None:
    x, y = leg.place if isinstance(leg, RollLeg) else (leg.x + 0.05 * math.cos(0.8), leg.y + 0.05 * math.sin(0.8))
    far = leg.foot(*leg.angles(x, y, -2.0))
    assert far == pytest.approx((x, y, -0.995 * (leg.thigh + leg.calf)), abs=1e-3)


@each_kind
def test_a_foot_that_rolls_moves_as_far_as_its_ball_turns(kind: str) -> None:
    """The centre of the ball over its place of contact: what is taken off is what turning about x and y moves it."""
    leg = legs.drawn(kind, np.random.default_rng(5))
    model, data = legs.simulated(leg)
    joints, step = np.array(leg.zeros), 1e-4  # where the plane of a leg that yaws is that of its heading
    for joint in (0, 1, 2):
        moved = joints.copy()
        moved[joint] += step
        data.qpos[:], data.qvel[:] = joints, (moved - joints) / step
        mujoco.mj_forward(model, data)
        _, turn = np.zeros(3), np.zeros((3, 3))
        mujoco.mj_jac(model, data, None, turn, data.geom("foot").xpos, model.geom("foot").bodyid[0])
        spin = turn[:, joint]
        found = (np.array(leg.rolled(*moved)) - leg.rolled(*joints)) / step
        assert found == pytest.approx((spin[1], -spin[0]), abs=1e-6)


def test_the_quadrupeds_file_has_the_legs_of_its_body() -> None:
    model = go2.build(TERRAINS["flat"]).compile()
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    for _ in range(20):
        data.qpos[7:] = rng.uniform((-0.8, -0.5, -2.5) * 4, (0.8, 1.5, -0.9) * 4)
        mujoco.mj_kinematics(model, data)
        for index, (leg, name) in enumerate(zip(spec("go2").legs, go2.LEGS, strict=True)):
            foot = data.geom(name).xpos - data.body("trunk").xpos
            assert leg.foot(*data.qpos[7 + 3 * index : 10 + 3 * index]) == pytest.approx(foot, abs=1e-9)
