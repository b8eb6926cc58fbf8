"""A robot as the page draws it: the geoms of its own MuJoCo model, moved and changed as the simulation does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import mujoco
import numpy as np
import trimesh
import viser
from numpy.typing import NDArray

from controller.telemetry.run_log import FloatArray
from sim.conditions.condition import Condition
from sim.conditions.writer import ConditionWriter, ground_to_level
from sim.perturbations import compose, parse
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.robots.parts import compiled
from sim.terrain import TERRAINS

_HIDDEN_GROUPS = 3
"""Geoms of this group and beyond are not drawn, as in MuJoCo's own viewer."""
_GROUNDS = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)
_ROOM = 3.0
"""Of a robot, in how far it reaches."""
_STUMP = (208, 40, 40)
_ROUND = 24
"""Corners of a circle."""

Clicked = Callable[[str, int], None]
"""Told the name of a leg and the page on which it was clicked."""
Pushed = Callable[[FloatArray, int], None]
"""Told how far the trunk was dragged (3,) [m], in the axes of the scene, and the page on which it was."""


class DrawnBody:
    """One robot in a scene, under the node `root`, whose axes are those of the ground."""

    def __init__(
        self, server: viser.ViserServer, root: str, anatomy: Anatomy, terrain: str, clicked: Clicked, pushed: Pushed
    ) -> None:
        self._pushed = pushed
        self._anatomy, self._terrain, self._clicked = anatomy, TERRAINS.get(terrain, TERRAINS["flat"]), clicked
        self.model = compiled(build(anatomy, self._terrain, rough=not anatomy.verbatim))
        self.data = mujoco.MjData(self.model)
        self._writer = ConditionWriter(self.model, anatomy)
        self._frames: dict[int, viser.FrameHandle] = {}
        self._geoms: dict[int, viser.SceneNodeHandle] = {}
        self._stumps: dict[str, viser.SceneNodeHandle] = {}
        self._acting: Sequence[str] | None = None
        self.condition = Condition(terrain=self._terrain)
        for geom in range(self.model.ngeom):
            ground = self.model.geom_type[geom] in _GROUNDS
            if not ground and self.model.geom_group[geom] < _HIDDEN_GROUPS:
                self._draw(server, root, int(self.model.geom_bodyid[geom]), geom)
        self.trunk = f"{root}/{anatomy.trunk}"
        """Name of its node."""
        self.scale = _ROOM * self._reach()
        """Of what is around it in the scene [m]."""
        for leg in anatomy.legs:
            self._stump(server, root, leg)

    def _reach(self) -> float:
        """Return how far the robot reaches from the middle of its trunk [m]."""
        mujoco.mj_kinematics(self.model, self.data)
        trunk = self.data.xpos[self.model.body(self._anatomy.trunk).id]
        own = [geom for geom in self._geoms if self.model.geom_bodyid[geom]]
        away = np.linalg.norm(self.data.geom_xpos[own] - trunk, axis=1) + self.model.geom_rbound[own]
        return float(away.max())

    @property
    def place(self) -> FloatArray:
        """Return where the trunk is on the ground (2,) [m]."""
        return np.array(self.data.xpos[self.model.body(self._anatomy.trunk).id, :2])

    def pose(self, qpos: Sequence[float]) -> None:
        """Put the robot into a pose: generalised positions (nq,)."""
        self.data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, self.data)
        for body, frame in self._frames.items():
            frame.position, frame.wxyz = self.data.xpos[body].copy(), self.data.xquat[body].copy()

    def happen(self, perturbations: Sequence[str]) -> None:
        """Show what acts, as on the command line."""
        if perturbations == self._acting:
            return
        self._acting = perturbations
        self.condition = compose(Condition(terrain=self._terrain), map(parse, perturbations))
        self._writer.write(self.condition, self.data)
        for geom, node in self._geoms.items():
            node.visible = bool(self.model.geom_rgba[geom, 3] > 0.0)
        for leg, stump in self._stumps.items():
            stump.visible = leg in self.condition.lost_legs

    @property
    def level(self) -> FloatArray:
        """Return the turn wxyz (4,) from ground axes to axes with z along true up."""
        return ground_to_level(self.condition)

    def _draw(self, server: viser.ViserServer, root: str, body: int, geom: int) -> None:
        model = self.model
        if body not in self._frames:
            name = f"{root}/{model.body(body).name or body}"
            self._frames[body] = server.scene.add_frame(name, show_axes=False)
        vertices, faces = _surface(model, geom)
        red, green, blue = (int(255 * part) for part in model.geom_rgba[geom, :3])
        node = server.scene.add_mesh_simple(
            f"{self._frames[body].name}/{geom}",
            vertices,
            faces,
            color=(red, green, blue),
            position=model.geom_pos[geom].copy(),
            wxyz=model.geom_quat[geom].copy(),
            flat_shading=model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX,
            visible=bool(model.geom_rgba[geom, 3] > 0.0),
        )
        self._geoms[geom] = node
        if (leg := self._leg(body)) is not None:
            self._listen(node, leg)
        elif body == model.body(self._anatomy.trunk).id:
            node.on_drag("left", modifier="shift")(self._dragged)

    def _dragged(self, event: viser.SceneNodeDragEvent[viser.MeshHandle]) -> None:
        """Push the trunk when it is let go."""
        if event.phase == "end":
            self._pushed(np.subtract(event.end_position, event.start_position), event.client_id)

    def _stump(self, server: viser.ViserServer, root: str, leg: str) -> None:
        """Mark where a leg is missing; a click on the mark heals it."""
        limb = self.model.body(self._anatomy.limb(leg))
        parent = int(limb.parentid[0])
        if parent not in self._frames:
            self._frames[parent] = server.scene.add_frame(f"{root}/{self.model.body(parent).name}", show_axes=False)
        radius = 0.02 * self.scale
        node = server.scene.add_icosphere(
            f"{self._frames[parent].name}/{leg}_stump", radius, _STUMP, position=limb.pos.copy(), visible=False
        )
        self._stumps[leg] = node
        self._listen(node, leg)

    def _listen(self, node: viser.MeshHandle | viser.IcosphereHandle, leg: str) -> None:
        node.on_click(lambda event: self._clicked(leg, event.client_id))

    def _leg(self, body: int) -> str | None:
        """Return the leg that a body is a part of: what hangs on its limb, or what carries that alone."""
        up = self.model.body_parentid
        for leg in self._anatomy.legs:
            limb = self.model.body(self._anatomy.limb(leg)).id
            if limb in _line(up, body) or body in _carriers(up, limb):
                return leg
        return None


def _line(up: NDArray[np.int32], body: int) -> list[int]:
    """Return a body and all that carry it, but the trunk and the world."""
    line = [body]
    while up[line[-1]]:
        line.append(int(up[line[-1]]))
    return line[:-1] if len(line) > 1 else line


def _carriers(up: NDArray[np.int32], limb: int) -> list[int]:
    """Return what carries a limb and nothing else, the trunk left out."""
    return list(itertools.takewhile(lambda body: int((up == body).sum()) == 1, _line(up, limb)[1:]))


def _surface(model: mujoco.MjModel, geom: int) -> tuple[FloatArray, NDArray[np.uint32]]:
    """Return the surface of a geom in its own axes: vertices (V, 3) [m] and triangles (F, 3)."""
    kind, size = mujoco.mjtGeom(model.geom_type[geom]), model.geom_size[geom]
    match kind:
        case mujoco.mjtGeom.mjGEOM_BOX:
            mesh = trimesh.creation.box(2.0 * size)
        case mujoco.mjtGeom.mjGEOM_CAPSULE:
            mesh = trimesh.creation.capsule(2.0 * size[1], size[0], count=[_ROUND, _ROUND])
            mesh.apply_translation(-mesh.bounds.mean(axis=0))
        case mujoco.mjtGeom.mjGEOM_CYLINDER:
            mesh = trimesh.creation.cylinder(size[0], 2.0 * size[1], sections=_ROUND)
        case mujoco.mjtGeom.mjGEOM_MESH:
            return _mesh(model, int(model.geom_dataid[geom]))
        case _:
            mesh = trimesh.creation.icosphere(2)
            mesh.apply_scale(size if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID else size[0])
    return np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.uint32)


def _mesh(model: mujoco.MjModel, mesh: int) -> tuple[FloatArray, NDArray[np.uint32]]:
    vertex, face = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    vertices = model.mesh_vert[vertex : vertex + int(model.mesh_vertnum[mesh])]
    faces = model.mesh_face[face : face + int(model.mesh_facenum[mesh])]
    return np.asarray(vertices, np.float64), np.asarray(faces, np.uint32)
