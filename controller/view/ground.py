"""The ground of a run in its scene: a plane, and around the robot the height field that its feet touch."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import viser
from numpy.typing import NDArray

from controller.telemetry.run_log import FloatArray
from sim.terrain import Terrain

_CELLS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Sides that a square of the plane may have [m]."""
_CELL, _SECTION, _FADE = 0.08, 5.0, 3.0
"""What it should be [m], squares to a bold line, and where the plane fades [m], all at scale 1."""
_AROUND = 0.9
"""Half the side of what is drawn of a height field [m], at scale 1."""


class DrawnGround:
    """Flat, or as uneven as the height field of a model, of which only a piece around the robot is drawn.

    Args:
        root: name of the node whose axes are those of the ground.
        model: that conditions are written into.
        data: of the model, where things are.
        scale: how large the robot is.
    """

    def __init__(
        self, server: viser.ViserServer, root: str, model: mujoco.MjModel, data: mujoco.MjData, scale: float
    ) -> None:
        self._server, self._name, self._around = server, f"{root}/bumps", _AROUND * scale
        self._model, self._data = model, data
        self._middle, self._terrain = np.zeros(2), Terrain("none", 0.0, 0.0, 0.0, 0.0, (1.0, 1.0, 1.0, 1.0))
        self._field: viser.MeshHandle | None = None
        self.cell = min(_CELLS, key=lambda side: abs(math.log(side / (_CELL * scale))))
        """Side of a square [m]."""
        self._plane = server.scene.add_grid(
            f"{root}/ground",
            width=40.0 * _FADE * scale,
            height=40.0 * _FADE * scale,
            cell_size=self.cell,
            section_size=_SECTION * self.cell,
            cell_color=(186, 190, 196),
            section_color=(150, 156, 164),
            plane_opacity=1.0,
            infinite_grid=True,
            fade_distance=_FADE * scale,
        )
        self.highest = 0.0
        """Of what is drawn, above the axes' origin [m]."""

    def show(self, terrain: Terrain, place: FloatArray) -> None:
        """Show ground of a terrain, which is in the model, around a robot at a place (2,) [m]."""
        uneven = terrain.uneven and self._model.nhfield > 0
        near = not uneven or np.abs(place - self._middle).max() < 0.5 * self._around
        if terrain == self._terrain and near:
            return
        self._terrain, self._middle = terrain, place
        red, green, blue = (int(255 * part) for part in terrain.rgba[:3])
        colour = red, green, blue
        self.highest = self._data.geom("floor").xpos[2]
        self._plane.plane_color, self._plane.position = colour, (0.0, 0.0, self.highest)
        if uneven:
            self._draw(colour)
        elif self._field is not None:
            self._field.visible = False

    def _draw(self, colour: tuple[int, int, int]) -> None:
        vertices, faces = around(self._model, self._data, self._middle, self._around)
        if self._field is None:
            self._field = self._server.scene.add_mesh_simple(
                self._name, vertices, faces, flat_shading=True, cast_shadow=False
            )
        self._field.vertices, self._field.faces, self._field.color = vertices, faces, colour
        self._field.visible = len(faces) > 0  # a robot may leave the field
        self.highest = float(vertices[:, 2].max(initial=self.highest))


def around(
    model: mujoco.MjModel, data: mujoco.MjData, place: FloatArray, far: float
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return a model's height field as far as it is near a place (2,) [m]: vertices (V, 3) [m], triangles (F, 3)."""
    rows, columns, size = int(model.hfield_nrow[0]), int(model.hfield_ncol[0]), model.hfield_size[0]
    heights = data.geom("bumps").xpos[2] + size[2] * model.hfield_data.reshape(rows, columns)
    x, y = np.linspace(-size[0], size[0], columns), np.linspace(-size[1], size[1], rows)
    here, there = (_near(line, middle, far) for line, middle in zip((x, y), place, strict=True))
    vertices = np.stack([*np.meshgrid(x[here], y[there]), heights[there, here]], axis=-1)
    index = np.arange(vertices.size // 3, dtype=np.uint32).reshape(vertices.shape[:2])
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack([a, b, d], axis=-1).reshape(-1, 3), np.stack([a, d, c], axis=-1).reshape(-1, 3)])
    return vertices.reshape(-1, 3).astype(np.float32), faces


def _near(line: FloatArray, middle: float, far: float) -> slice:
    """Return which of some ascending numbers (N,) are no further than that from another one."""
    first, last = np.searchsorted(line, [middle - far, middle + far])
    return slice(int(first), int(last))
