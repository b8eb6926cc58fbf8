"""The simulated quadruped against the published figures."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from controller.settings.robots import spec
from sim.robots import go2
from sim.terrain import TERRAINS
from tests.hardware.four_legs import joints
from tests.sim.robots.tensors import inertia


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return go2.build(TERRAINS["flat"]).compile()


def test_it_weighs_what_the_published_description_says(model: mujoco.MjModel) -> None:
    assert float(model.body_mass.sum()) == pytest.approx(15.206, abs=0.01)


def test_joints_and_motors_have_one_order_and_the_ranges_of_the_file(model: mujoco.MjModel) -> None:
    limits = spec("go2").limits
    assert tuple(model.actuator(i).name for i in range(model.nu)) == go2.MOTORS == spec("go2").motors
    for index, name in enumerate(go2.MOTORS):
        assert model.joint(name).qposadr[0] == 7 + index
        expected = (limits.position_low[index], limits.position_high[index])
        assert tuple(model.joint(name).range) == pytest.approx(expected)
        assert model.actuator(name).forcerange[1] == limits.torque[index]


def test_poses_are_those_of_the_file() -> None:
    assert joints().stand == pytest.approx(go2.STAND)
    assert joints().sit == pytest.approx(go2.SIT)


def test_left_and_right_front_and_rear_are_mirror_images(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[7:] = go2.STAND
    mujoco.mj_kinematics(model, data)
    feet = {leg: data.geom(leg).xpos - data.body("trunk").xpos for leg in go2.LEGS}
    assert feet["front_left"] == pytest.approx(feet["front_right"] * [1, -1, 1], abs=1e-9)
    assert feet["rear_left"] == pytest.approx(feet["rear_right"] * [1, -1, 1], abs=1e-9)
    assert feet["front_left"] - feet["rear_left"] == pytest.approx([2 * go2.HIP_X, 0.0, 0.0], abs=1e-9)
    for part in go2.PARTS:
        left, right = (model.body(f"front_{side}_{part}").id for side in ("left", "right"))
        assert inertia(model, left) == pytest.approx(inertia(model, right) * mirror(), abs=1e-9)


def mirror() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]], dtype=np.float64)
