"""Leg kinematics against each other, by finite differences, and against the simulated body."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.settings.robots import spec
from hardware.legs import Leg
from sim.robots import go2
from sim.terrain import TERRAINS

LEGS = spec("go2").legs
HIP, THIGH, CALF = st.floats(-0.8, 0.8), st.floats(-0.6, 1.5), st.floats(-2.3, -0.9)
each_leg = pytest.mark.parametrize("leg", LEGS, ids=go2.LEGS)
STEP = 1e-6


@each_leg
@given(hip=HIP, thigh=THIGH, calf=CALF)
def test_inverse_kinematics_undoes_forward_kinematics(leg: Leg, hip: float, thigh: float, calf: float) -> None:
    foot = leg.foot(hip, thigh, calf)
    if foot[2] < -0.1 and -thigh < calf + 1.6:  # the foot is well below the hip, as in any gait
        assert leg.foot(*leg.angles(*foot)) == pytest.approx(foot, abs=1e-9)


def test_a_place_out_of_reach_gives_a_straight_leg_towards_it() -> None:
    leg = LEGS[0]
    far = leg.foot(*leg.angles(leg.x, leg.y + leg.offset, -2.0))
    assert far == pytest.approx((leg.x, leg.y + leg.offset, -0.995 * 0.426), abs=1e-3)


@each_leg
@given(hip=HIP, thigh=THIGH, calf=CALF)
def test_foot_velocity_and_support_follow_from_the_position(leg: Leg, hip: float, thigh: float, calf: float) -> None:
    joints = np.array([hip, thigh, calf])
    columns = [
        (np.array(leg.foot(*(joints + step))) - leg.foot(*(joints - step))) / (2.0 * STEP) for step in STEP * np.eye(3)
    ]
    jacobian, speeds = np.stack(columns, axis=-1), np.array([0.7, -1.1, 2.3])
    assert leg.foot_velocity(joints.tolist(), speeds.tolist()) == pytest.approx(jacobian @ speeds, abs=1e-7)
    assert leg.support(hip, thigh, calf, 40.0) == pytest.approx(jacobian.T @ [0.0, 0.0, -40.0], abs=1e-6)
    force = (12.0, -7.0, -40.0)
    assert leg.press(hip, thigh, calf, force) == pytest.approx(jacobian.T @ force, abs=1e-6)


def test_feet_are_where_the_simulated_body_has_them() -> None:
    model = go2.build(TERRAINS["flat"]).compile()
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    for _ in range(20):
        data.qpos[7:] = rng.uniform((-0.8, -0.5, -2.5) * 4, (0.8, 1.5, -0.9) * 4)
        mujoco.mj_kinematics(model, data)
        for index, (leg, name) in enumerate(zip(LEGS, go2.LEGS, strict=True)):
            foot = data.geom(name).xpos - data.body("trunk").xpos
            assert leg.foot(*data.qpos[7 + 3 * index : 10 + 3 * index]) == pytest.approx(foot, abs=1e-9)
