"""The joints of a trunk in a plane, however its file turns and places them."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest

from sim.bodies.root import Root

_FILE = """
<mujoco><worldbody><body name="trunk" pos="0.2 0 1.1">
  <joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1" ref="1.1"/>
  <joint type="hinge" axis="0 {axis} 0"/><geom size="0.1"/>
</body></worldbody></mujoco>"""


@pytest.mark.parametrize("axis", [1, -1])
def test_a_trunk_in_a_plane_is_where_mujoco_says_and_counts_full_turns(axis: int) -> None:
    model = mujoco.MjModel.from_xml_string(_FILE.format(axis=axis))
    data, root = mujoco.MjData(model), Root(model, "trunk", "planar")
    root.place(data.qpos, 0.7)
    mujoco.mj_kinematics(model, data)
    assert root.position(data.qpos) == pytest.approx([0.0, 0.0, 0.7]) == data.body("trunk").xpos
    data.qpos += [0.3, 0.1, axis * 7.0]
    mujoco.mj_kinematics(model, data)
    assert root.position(data.qpos) == pytest.approx(data.body("trunk").xpos)
    assert root.pitch(data.qpos) == pytest.approx(7.0)
    assert abs(root.quaternion(data.qpos) @ data.body("trunk").xquat) == pytest.approx(1.0)
    assert root.gyro(np.array([0.0, 0.0, axis * 2.0])).tolist() == [0.0, 2.0, 0.0]


def test_a_trunk_that_moves_freely_has_no_such_angle() -> None:
    text = '<mujoco><worldbody><body name="trunk"><freejoint/><geom size="0.1"/></body></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(text)
    assert math.isnan(Root(model, "trunk", "free").pitch(model.qpos0))
