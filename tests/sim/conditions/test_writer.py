from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.conditions.condition import Condition
from sim.conditions.writer import ConditionWriter, ground_to_level, true_up
from sim.robots import roach
from sim.terrain import TERRAINS
from tests.sim.anatomies import ANATOMIES

angle = st.floats(-0.6, 0.6)


@given(angle, angle)
def test_the_level_frame_has_true_up_as_its_z_axis(x: float, y: float) -> None:
    condition = Condition(tilt=(x, y))
    up = np.empty(3)
    mujoco.mju_rotVecQuat(up, true_up(condition), ground_to_level(condition))
    assert up == pytest.approx([0.0, 0.0, 1.0], abs=1e-12)


def test_uphill_is_where_up_leans_to() -> None:
    up = true_up(Condition(tilt=(0.2, 0.0)))
    assert up == pytest.approx([np.sin(0.2), 0.0, np.cos(0.2)])


def test_the_derived_masses_follow_the_written_ones() -> None:
    model = roach.build(TERRAINS["flat"]).compile()
    writer, data = ConditionWriter(model, ANATOMIES["roach"]), mujoco.MjData(model)
    before = float(model.body_subtreemass[0])
    writer.write(Condition(payload_mass=0.01), data)
    assert float(model.body_subtreemass[0]) - before == pytest.approx(0.01)
    writer.write(Condition(lost_legs=frozenset({"left_rear"})), data)
    assert before - float(model.body_subtreemass[0]) == pytest.approx(0.98 * roach.LEG_MASS)
    writer.write(Condition(), data)
    assert float(model.body_subtreemass[0]) == before
