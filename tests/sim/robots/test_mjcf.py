from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from sim.bodies.base import Setpoints
from sim.bodies.crawler import CrawlerPhysics
from sim.bodies.factory import simulate
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import parse
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.terrain import BUMPS_BIT, FLOOR_BIT, TERRAINS
from tests.sim import tripod
from tests.sim.anatomies import ANATOMIES

FLAT = TERRAINS["flat"]


def physics(anatomy: Anatomy, *perturbations: str, terrain: str = "flat") -> JointedPhysics:
    made = simulate(anatomy, TERRAINS[terrain], [parse(text) for text in perturbations])
    assert isinstance(made, JointedPhysics)
    return made


def standing(anatomy: Anatomy) -> Setpoints:
    none = np.zeros(len(anatomy.motors))
    return Setpoints(np.array(anatomy.stand), none, none, none + 40.0, none + 1.0)


def test_its_own_ground_motors_sensors_poses_and_lost_meshes_give_way(tmp_path: Path) -> None:
    model = build(tripod.write(tmp_path), FLAT).compile()
    assert [model.actuator(index).name for index in range(model.nu)] == list(tripod.MOTORS)
    assert [model.sensor(index).name for index in range(model.nsensor)] == ["gyro", "accelerometer", *tripod.LEGS]
    assert (model.nmesh, model.ntex, model.nmat, model.nkey) == (0, 0, 0, 0)
    assert [geom for geom in range(model.ngeom) if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_PLANE] == [0]
    assert np.array_equal(model.actuator_forcerange, [[-6.0, 6.0]] * 6)
    assert not model.actuator_ctrllimited.any()
    assert model.opt.timestep == 0.002
    assert float(model.body_mass.sum()) == pytest.approx(tripod.MASS)


def test_it_touches_the_ground_and_not_itself(tmp_path: Path) -> None:
    model = build(tripod.write(tmp_path), FLAT, rough=True).compile()
    robot = model.geom_bodyid > 0
    assert not model.geom_contype[robot].any()
    touching = {model.geom(index).name for index in np.flatnonzero(robot & (model.geom_conaffinity > 0))}
    assert touching == {"shell", "front_foot", "left_foot", "right_foot"}
    assert (model.geom("floor").contype[0], model.geom("bumps").contype[0]) == (FLOOR_BIT, BUMPS_BIT)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("root", ["free", "planar"])
def test_it_stands_on_its_feet(tmp_path: Path, root: str, own: bool) -> None:
    anatomy = tripod.write(tmp_path, root, own=own)
    robot = physics(anatomy)
    assert min(robot.data.geom(foot).xpos[2] for foot in anatomy.feet) > 0.0
    robot.command(standing(anatomy))
    robot.step(1000)
    assert robot.position == pytest.approx([0.0, 0.0, 0.21], abs=0.03)
    assert robot.motor_position == pytest.approx(anatomy.stand, abs=0.2)
    assert robot.foot_force.sum() == pytest.approx(9.81 * tripod.MASS, rel=0.05)
    assert min(robot.foot_force) > 1.0
    assert robot.accelerometer[2] == pytest.approx(9.81, abs=0.3)
    assert robot.quaternion == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=0.1)


def test_in_a_plane_it_is_pushed_along_x_alone(tmp_path: Path) -> None:
    anatomy = tripod.write(tmp_path, "planar")
    robot = physics(anatomy, "push:x=3,y=3@0.1")
    robot.command(standing(anatomy))
    robot.step(65)
    assert robot.velocity[0] > 0.5
    assert robot.velocity[1] == robot.position[1] == 0.0
    robot.step(935)
    assert robot.position[0] > 0.01
    assert np.isfinite(robot.qpos).all()


def test_motors_that_follow_speeds_turn_worn_and_braked(tmp_path: Path) -> None:
    anatomy = replace(tripod.write(tmp_path), servo="velocity", motor_bias=5.0)
    robot = physics(anatomy, "motor:left_hip=0.5,right_hip_bias=-1", "dead_motor:name=left_knee")
    robot.data.qpos[2] = 5.0
    for command, expected in ((Setpoints.speeds(np.ones(6)), [1.0, 0.5, 0.0]), (None, [0.0, 0.0, 0.0])):
        robot.command(command)
        robot.step(100)
        assert robot.motor_velocity[::2] == pytest.approx(expected, abs=0.1)


def test_motors_that_are_given_torques_give_them(tmp_path: Path) -> None:
    anatomy = replace(tripod.write(tmp_path), servo="torque")
    robot = physics(anatomy, "motor:left_hip=0.5")
    none = np.zeros(6)
    robot.command(Setpoints(none, none, none + 2.0, none, none))
    robot.step()
    assert dict(zip(anatomy.motors, robot.motor_torque, strict=True)) == pytest.approx(
        dict.fromkeys(anatomy.motors, 2.0) | {"left_hip": 1.0}
    )


def test_a_crawler_out_of_a_file_walks_as_the_built_one(tmp_path: Path) -> None:
    built = ANATOMIES["roach"]
    spec = build(built, FLAT)
    spec.compile()
    (tmp_path / "crawler.xml").write_text(spec.to_xml())
    ways = []
    for anatomy in (built, replace(built, body=str(tmp_path / "crawler.xml"))):
        robot = simulate(anatomy, FLAT)
        assert isinstance(robot, CrawlerPhysics)
        robot.command(Setpoints.speeds(np.full(2, 40.0)))
        robot.step(2000)
        ways.append(robot.position[0])
    assert ways[0] > 0.3
    assert ways[1] == pytest.approx(ways[0], rel=0.1)


def test_without_legs_it_lies_on_what_it_has(tmp_path: Path) -> None:
    robot = physics(tripod.without_legs(tmp_path), terrain="turf")
    robot.step(1000)
    assert robot.foot_force.shape == (0,)
    assert 0.0 < robot.position[2] < 0.3
    assert np.isfinite(robot.measure(np.random.default_rng(0)).motor_position).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"trunk": "bode"}, "tripod.xml: trunk: expected one of body, .*, got 'bode'; did you mean 'body'"),
        ({"trunk": "left_shin"}, "trunk: expected a body in the world itself, got one in left_thigh"),
        (
            {"motors": ("front_hip", "left_knie")},
            "motors: expected one of .*, got 'left_knie'; did you mean 'left_knee'",
        ),
        ({"limbs": ("front_shin", "left_shin", "shin")}, "limbs: expected one of .*, got 'shin'"),
        ({"feet": ()}, "feet: expected one of .*, got 'front'; did you mean 'front_foot'"),
        ({"root": "planar"}, "root: expected slides along x and z, then a hinge around y on body body, got"),
        ({"body": "/nowhere/tripod.xml"}, "body: /nowhere/tripod.xml: .*"),
        (
            {"body": "tripod"},
            "body: expected one of .*, the path of an MJCF or URDF file, ending in .xml or .urdf, got 'tripod'",
        ),
        ({"body": "tri\npod"}, r"\Abody: expected one of [^\n]*, got 'tri\\npod'\Z"),
    ],
)
def test_what_a_file_has_not_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    anatomy = tripod.write(tmp_path)
    if "motors" in change:
        change = {**change, "stand": ()}
    with pytest.raises(ValueError, match=message):
        simulate(replace(anatomy, **change), FLAT)


def test_a_file_that_is_no_robot_is_refused(tmp_path: Path) -> None:
    anatomy = tripod.write(tmp_path)
    Path(anatomy.body).write_text("<mujoco><worldbody><body></worldbody></mujoco>")
    with pytest.raises(ValueError, match=r"body: .*tripod\.xml: "):
        simulate(anatomy, FLAT)
