from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sim.robots import roach
from sim.robots.roach import CRANK_RADIUS, LEGS, SIDES
from sim.terrain import TERRAINS
from tests.sim.walking import REV, physics, walk


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return roach.build(TERRAINS["flat"]).compile()


def test_it_has_the_published_size_and_mass(model: mujoco.MjModel) -> None:
    trunk = model.geom("trunk")
    assert 2.0 * trunk.size[0] == pytest.approx(0.10)
    assert float(model.body_mass.sum()) == pytest.approx(0.030, abs=0.001)
    assert model.nmesh == 0


def test_everything_is_found_by_its_name(model: mujoco.MjModel) -> None:
    assert all(model.joint(side).id for side in SIDES)
    for leg in LEGS:
        assert model.geom(leg).bodyid[0] == model.body(leg).id
    assert model.body("trunk").id > 0


@pytest.mark.parametrize("leg", LEGS)
def test_every_foot_traces_a_circle_of_the_crank_radius_and_the_leg_keeps_its_attitude(
    model: mujoco.MjModel, leg: str
) -> None:
    data = mujoco.MjData(model)
    places, attitudes = [], []
    for phase in np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False):
        for side in SIDES:
            data.qpos[model.joint(side).qposadr[0]] = phase
            for link in ("outer", "middle"):
                data.qpos[model.joint(f"{side}_{link}_link").qposadr[0]] = -phase
        mujoco.mj_kinematics(model, data)
        places.append(data.geom(leg).xpos.copy())
        attitudes.append(data.body(leg).xmat.copy())
    centre = np.mean(places, axis=0)
    radii = np.linalg.norm(np.array(places) - centre, axis=1)
    assert radii == pytest.approx(CRANK_RADIUS, rel=1e-9)
    assert np.ptp(np.array(places)[:, 1]) < 1e-12
    assert np.allclose(attitudes, np.eye(3).ravel())


def test_equal_phases_are_an_alternating_tripod(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    for side in SIDES:
        data.qpos[model.joint(side).qposadr[0]] = np.pi / 2.0
        for link in ("outer", "middle"):
            data.qpos[model.joint(f"{side}_{link}_link").qposadr[0]] = -np.pi / 2.0
    mujoco.mj_kinematics(model, data)
    heights = {leg: float(data.geom(leg).xpos[2]) for leg in LEGS}
    middle = np.mean(list(heights.values()))
    down = {leg for leg, height in heights.items() if height < middle}
    assert down in ({"left_front", "left_rear", "right_middle"}, {"right_front", "right_rear", "left_middle"})


def test_it_walks_straight_in_a_tripod() -> None:
    walker = physics()
    walker.reset(np.zeros(2))
    way = walk(walker, 3.0, (7.0, 7.0)).since(0.5)
    assert way.distance / 2.5 > 0.2
    assert abs(way.turned) / 2.5 < 0.15


@pytest.mark.parametrize("speeds, sign", [((9.0, 2.0), -1.0), ((2.0, 9.0), 1.0)])
def test_it_steers_by_the_difference_of_its_sides(speeds: tuple[float, float], sign: float) -> None:
    way = walk(physics(), 1.5, speeds).since(0.5)
    assert sign * way.turned > 1.5


def test_faster_legs_walk_faster() -> None:
    distances = [walk(physics(), 2.0, (speed, speed)).since(0.5).distance for speed in (2.0, 5.0, 9.0)]
    assert distances == sorted(distances)
    assert distances[2] > 3.0 * distances[0]


def test_the_motor_loop_keeps_its_set_point_and_stalls_at_the_battery_limit() -> None:
    walker = physics()
    way = walk(walker, 1.0, (6.0, 3.0)).since(0.5)
    assert way.speed.mean(axis=0) == pytest.approx([6.0 * REV, 3.0 * REV], rel=0.05)
    cranks = walker.train.cranks
    stall = cranks.constant * walker.battery / cranks.resistance
    assert np.all(walker.model.actuator_forcerange[:, 1] == pytest.approx(stall))
