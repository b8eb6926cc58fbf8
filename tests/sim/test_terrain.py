from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.bodies.base import Setpoints
from sim.bodies.crawler import CrawlerPhysics
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import parse
from sim.robots import roach
from sim.terrain import SPREAD, TERRAINS, TREAD, preset
from tests.sim.anatomies import ANATOMIES
from tests.sim.walking import physics, walk


def test_presets_are_known_by_their_own_names() -> None:
    assert {name: terrain.name for name, terrain in TERRAINS.items()} == {name: name for name in TERRAINS}
    assert {"flat", "carpet", "styrofoam", "turf", "kerbs"} == set(TERRAINS)


def test_the_height_field_has_the_roughness_that_the_terrain_names() -> None:
    model = roach.build(TERRAINS["turf"], rough=True).compile()
    heights = np.array(model.hfield_data)
    assert heights.mean() == pytest.approx(0.5, abs=0.01)
    assert heights.std() * SPREAD == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("along", [0.2, 12.0, -15.2])
def test_kerbs_are_steps_down_and_up_again_as_far_as_a_robot_goes(along: float) -> None:
    anatomy = ANATOMIES["go2"]
    robot = JointedPhysics(anatomy, TERRAINS["flat"], [parse("terrain:kind=kerbs@0.1-1.5")])
    none, before = np.zeros(12), robot.model.hfield_data.copy()
    robot.command(Setpoints(np.array(anatomy.stand), none, none, none + 60.0, none + 3.0))
    robot.step(40)
    robot.data.qpos[:2] = along, 0.3 * along
    robot.step(600)
    feet = robot.data.geom_xpos[[robot.model.geom(anatomy.foot(leg)).id for leg in anatomy.legs]]
    up = np.floor(feet[:, 0] / TREAD + 0.5) % 2.0 == 0.0
    assert feet[:, 2] == pytest.approx(np.where(up, 0.022, -0.008), abs=0.003)
    assert up.sum() == 2
    robot.step(200)
    assert np.array_equal(robot.model.hfield_data, before)


@pytest.mark.parametrize("terrain", sorted(set(TERRAINS) - {"kerbs"}))
def test_the_crawler_walks_on_every_preset(terrain: str) -> None:
    way = walk(physics(terrain=terrain), 2.0, (6.0, 6.0)).since(0.5)
    assert way.distance > 0.1
    assert np.degrees(np.abs([way.roll, way.pitch]).max()) < 20.0


def test_rough_ground_shakes_the_body_more() -> None:
    shaken = []
    for roughness in (0.0, 0.0015):
        walker = CrawlerPhysics(ANATOMIES["roach"], replace(TERRAINS["flat"], roughness=roughness))
        shaken.append(walk(walker, 3.0, (5.0, 5.0)).since(0.3).pitch.std())
    assert shaken[1] > 1.5 * shaken[0]


@pytest.mark.parametrize("rough", ["rough:height=0.01", "terrain:kind=turf"])
def test_ground_that_becomes_rough_is_as_high_on_average_as_before(rough: str) -> None:
    anatomy = ANATOMIES["go2"]
    robot = JointedPhysics(anatomy, TERRAINS["flat"], [parse(f"{rough}@0.5")])
    none, heights = np.zeros(12), list[float]()
    robot.command(Setpoints(np.array(anatomy.stand), none, none, none + 60.0, none + 3.0))
    for _ in range(2):
        robot.step(240)
        heights.append(float(robot.position[2]))
    ground = robot.model.geom("bumps").id
    assert robot.data.geom_xpos[ground, 2] == pytest.approx(-0.5 * SPREAD * robot.condition.terrain.roughness)
    assert heights[1] == pytest.approx(heights[0], abs=0.015)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of flat, carpet, styrofoam, turf, kerbs, got 'lawn'"):
        preset("lawn")
