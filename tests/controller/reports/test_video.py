from __future__ import annotations

from dataclasses import replace

import mujoco
import pytest

from controller.reports.video import _clip
from controller.settings import robots
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.robots.parts import compiled
from sim.terrain import TERRAINS
from tests.controller.logs import make_log


def shown(robot: str, model: mujoco.MjModel, *perturbations: str) -> mujoco.MjModel:
    """Return the model that is drawn in the video of a run with these perturbations."""
    log = make_log("mb", off=0.01)
    header = replace(log.header, robot=robot, source="", perturbations=perturbations)
    records = tuple(replace(record, qpos=tuple(model.qpos0.tolist())) for record in log.records)
    return _clip(replace(log, header=header, records=records), model, "#000000").model


@pytest.mark.parametrize("robot", ["roach", "go2", "hexapod"])
def test_a_payload_is_seen_on_the_back_where_it_was_put(robot: str) -> None:
    """At the trunk's origin, where the model has it as long as it weighs nothing, a trunk would hide it."""
    anatomy: Anatomy = robots.spec(robot).anatomy
    model = compiled(build(anatomy, TERRAINS["flat"]))
    x, y = 0.3 * anatomy.load.drawn[0], -0.2 * anatomy.load.drawn[1]
    heavy = 0.2 * anatomy.load.heaviest
    back = anatomy.load.back + anatomy.load.half[2]
    loaded = shown(robot, model, f"payload:mass={heavy:g},x={x:g},y={y:g}@6", "friction:mu=0.5")
    assert loaded.body("payload").pos == pytest.approx([x, y, back], abs=1e-5)
    assert shown(robot, model).body("payload").pos == pytest.approx([0.0, 0.0, back])
    assert model.body("payload").pos == pytest.approx([0.0, 0.0, 0.0]), "the other run's model is its own"
