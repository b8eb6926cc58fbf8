"""The ground and the robot as they are drawn: those of the simulation."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import mujoco
import numpy as np
import pytest

pytest.importorskip("viser", reason="the extra view is not installed")

import viser

from controller.settings import robots
from controller.view.body import DrawnBody
from controller.view.ground import DrawnGround, around
from sim.terrain import FAR, TERRAINS


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
    yield found
    found.stop()


def drawn(server: Any, name: str = "roach") -> DrawnBody:
    return DrawnBody(server, f"/{name}", robots.spec(name).anatomy, "flat", lambda *_: None, lambda *_: None)


@pytest.mark.parametrize("name", robots.names())
def test_every_robot_is_drawn_in_a_scene_of_its_size(server: Any, name: str) -> None:
    try:
        robots.simulated(name)
    except ValueError as missing:
        pytest.skip(str(missing))
    body = drawn(server, name)
    assert 0.1 < body.scale < 10.0
    body.happen(["friction:mu=0.4"])
    body.pose(body.data.qpos.copy())


def height_under(model: mujoco.MjModel, data: mujoco.MjData, x: float, y: float) -> float:
    """Return where a ray from above meets the field."""
    group, met = np.array([0, 0, 0, 0, 1, 0], np.uint8), np.zeros(1, np.int32)
    return 1.0 - float(mujoco.mj_ray(model, data, [x, y, 1.0], [0.0, 0.0, -1.0], group, 1, -1, met))


@pytest.mark.parametrize("what", ["rough:height=0.01", "terrain:kind=kerbs", "terrain:kind=turf"])
def test_what_is_drawn_of_a_field_is_where_feet_touch_it(server: Any, what: str) -> None:
    body = drawn(server)
    body.happen([what])
    body.pose(body.data.qpos.copy())
    vertices, faces = around(body.model, body.data, np.array([0.6, -0.4]), 0.3)
    assert np.abs(vertices[:, :2] - [0.6, -0.4]).max() <= 0.3
    assert faces.max() == len(vertices) - 1
    for x, y, z in vertices[::29].tolist():
        assert height_under(body.model, body.data, x + 1e-6, y + 1e-6) == pytest.approx(z, abs=1e-3)
    one, other, third = (vertices[faces[:, corner]] for corner in range(3))
    assert (np.cross(other - one, third - one)[:, 2] > 0.0).all()  # seen from above


def test_the_plane_lies_under_the_field_and_the_field_follows_the_robot(server: Any) -> None:
    body = drawn(server)
    ground = DrawnGround(server, "/roach", body.model, body.data, 1.0)
    here, far = np.zeros(2), np.array([2.0, 0.0])
    ground.show(body.condition.terrain, here)
    body.happen(["terrain:kind=kerbs"])
    body.pose(body.data.qpos.copy())
    ground.show(body.condition.terrain, here)
    assert ground._field is not None
    assert ground._plane.position[2] == -TERRAINS["kerbs"].step
    assert ground.highest == 0.0
    before = ground._field.vertices
    ground.show(body.condition.terrain, np.array([0.1, 0.0]))
    assert ground._field.vertices is before
    ground.show(body.condition.terrain, far)
    assert ground._field.vertices[:, 0].mean() == pytest.approx(2.0, abs=0.05)
    ground.show(body.condition.terrain, np.array([2.0 * FAR, 0.0]))
    assert not ground._field.visible
    body.happen([])
    body.pose(body.data.qpos.copy())
    ground.show(body.condition.terrain, far)
    assert ground._plane.position[2] == 0.0
