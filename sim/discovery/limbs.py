"""Chains of driven joints that end in something that can touch the ground, and where they are in any pose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from sim.discovery.outline import Outline
from sim.terrain import FloatArray

_SPHERE, _CAPSULE = mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CAPSULE


@dataclass(frozen=True)
class Limb:
    """A chain of driven joints, from the trunk outwards."""

    motors: tuple[str, ...]
    link: str
    """The body that its last joint moves: with it goes all that hangs on it."""
    tips: tuple[int, ...]
    """Geoms of the last link that can touch the ground."""


class Frame:
    """A robot whose pose can be asked for: angles in, places in the trunk's axes out."""

    def __init__(self, model: mujoco.MjModel, outline: Outline) -> None:
        """Take a model whose geoms touch the ground or nothing."""
        self.model, self._data = model, mujoco.MjData(model)
        self._trunk = model.body(outline.trunk).id
        self._joints = [model.joint(motor.name).id for motor in outline.motors]
        self.places = [int(model.jnt_qposadr[joint]) for joint in self._joints]
        self._follow = [_Tie.of(model, tie) for tie in outline.ties]
        mujoco.mj_setConst(model, self._data)
        self.mass = float(model.body_subtreemass[self._trunk])
        self.height = float(self._data.xpos[self._trunk][2])
        """Of the trunk's origin as the file has it [m]."""
        mujoco.mj_forward(model, self._data)
        full = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, self._data, full)
        self.inertia: FloatArray = np.diag(full)[[int(model.jnt_dofadr[joint]) for joint in self._joints]]
        """Of each joint with all that it moves, in the file's own pose (n_motors,) [kg m^2]."""
        self.zero: FloatArray = model.qpos0[self.places].copy()

    def put(self, angles: FloatArray) -> None:
        """Take a pose (n_motors,) [rad]; what is tied to the motors follows."""
        data = self._data
        data.qpos[:] = self.model.qpos0
        data.qpos[self.places] = angles
        for tie in self._follow:
            data.qpos[tie.place] = tie.angle(data.qpos, self.model.qpos0)
        mujoco.mj_kinematics(self.model, data)

    @property
    def qpos(self) -> FloatArray:
        """The pose that was put (nq,), the trunk where the file has it."""
        return np.array(self._data.qpos)

    def passive(self) -> dict[str, float]:
        """Return the angles of the joints that follow the motors, in the pose that was put [rad]."""
        return {tie.name: float(self._data.qpos[tie.place]) for tie in self._follow}

    def inside(self, places: FloatArray) -> FloatArray:
        """Return places (..., 3) [m] in the axes of the trunk."""
        found: FloatArray = (places - self._data.xpos[self._trunk]) @ self._data.xmat[self._trunk].reshape(3, 3)
        return found

    def anchors(self, motors: Iterable[int]) -> FloatArray:
        """Return where joints are (n, 3) [m]."""
        return self.inside(self._data.xanchor[[self._joints[motor] for motor in motors]])

    def axes(self, motors: Iterable[int]) -> FloatArray:
        """Return the axes of joints (n, 3)."""
        turned = self._data.xaxis[[self._joints[motor] for motor in motors]]
        seen: FloatArray = turned @ self._data.xmat[self._trunk].reshape(3, 3)
        return seen

    def masses(self, motors: Iterable[int]) -> FloatArray:
        """Return the masses of the links that joints move (n,) [kg]."""
        return np.array(self.model.body_mass[self._moved(motors)])

    def links(self, motors: Iterable[int]) -> FloatArray:
        """Return the centres of mass of the links that joints move (n, 3) [m]."""
        return self.inside(self._data.xipos[self._moved(motors)])

    @property
    def centre(self) -> FloatArray:
        """The centre of mass of all of it (3,) [m]."""
        mujoco.mj_comPos(self.model, self._data)
        return self.inside(self._data.subtree_com[self._trunk])

    def _moved(self, motors: Iterable[int]) -> list[int]:
        return [int(self.model.jnt_bodyid[self._joints[motor]]) for motor in motors]

    def end(self, geom: int, anchor: FloatArray) -> FloatArray:
        """Return the end of a geom that is furthest from an anchor, in its own axes (3,): of a capsule or a box."""
        model, data = self.model, self._data
        kind, size = model.geom_type[geom], model.geom_size[geom]
        if kind == _SPHERE:
            return np.zeros(3)
        ends = model.geom_aabb[geom, :3] + model.geom_aabb[geom, 3:] * _END_CENTRES
        if kind == _CAPSULE:
            ends = np.outer((-size[1], size[1]), (0.0, 0.0, 1.0))
        seen = self.inside(data.geom_xpos[geom] + ends @ data.geom_xmat[geom].reshape(3, 3).T)
        return np.array(ends[int(np.argmax(((seen - anchor) ** 2).sum(axis=-1)))])

    def at(self, geom: int, end: FloatArray) -> FloatArray:
        """Return a place that is given in a geom's axes (3,) [m]."""
        return self.inside(self._data.geom_xpos[geom] + self._data.geom_xmat[geom].reshape(3, 3) @ end)

    def touches(self, motors: Sequence[str]) -> bool:
        """Whether the links that these motors move can touch the ground."""
        bodies = [int(self.model.joint(motor).bodyid[0]) for motor in motors]
        return bool((np.isin(self.model.geom_bodyid, bodies) & (self.model.geom_conaffinity > 0)).any())

    def ends(self, body: str) -> FloatArray:
        """Return the corners of what a body and all that is fixed to it are made of (n, 3) [m]; its origin else."""
        model, data = self.model, self._data
        own = np.flatnonzero(model.body_weldid == model.body(body).id)
        places = [data.xpos[model.body(body).id][None]]
        for geom in np.flatnonzero(np.isin(model.geom_bodyid, own)).tolist():
            if model.geom(geom).name != "payload":
                centre, half = model.geom_aabb[geom, :3], model.geom_aabb[geom, 3:]
                places.append(data.geom_xpos[geom] + (centre + half * _CORNERS) @ data.geom_xmat[geom].reshape(3, 3).T)
        return self.inside(np.vstack(places))

    def lowest(self, geom: int) -> float:
        """Return how low a geom reaches in the axes of the trunk [m]."""
        model, data = self.model, self._data
        down = data.xmat[self._trunk].reshape(3, 3)[:, 2]
        middle = self.inside(data.geom_xpos[geom])[2]
        turned = data.geom_xmat[geom].reshape(3, 3)
        if model.geom_type[geom] in (_SPHERE, _CAPSULE):
            length = model.geom_size[geom, 1] if model.geom_type[geom] == _CAPSULE else 0.0
            return float(middle - abs(turned[:, 2] @ down) * length - model.geom_size[geom, 0])
        along = turned.T @ down
        return float(middle + along @ model.geom_aabb[geom, :3] - np.abs(along) @ model.geom_aabb[geom, 3:])


_END_CENTRES = np.array(
    [[x, y, z] for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if abs(x) + abs(y) + abs(z) == 1]
)
"""Middles of the six faces of a box of half sizes one."""


_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])


@dataclass(frozen=True)
class _Tie:
    """A joint that follows others."""

    name: str
    place: int
    polynomial: tuple[float, ...]
    """Of the joint that it follows."""
    leader: int
    shares: Mapping[int, float]
    """Where a tendon ties them: places and coefficients of all its joints; the sum stays."""

    @classmethod
    def of(cls, model: mujoco.MjModel, joints: Sequence[str]) -> _Tie:
        place, leader = (int(model.joint(name).qposadr[0]) for name in joints[:2])
        joint = model.joint(joints[0]).id
        for tie in range(model.neq):
            if model.eq_type[tie] == mujoco.mjtEq.mjEQ_JOINT and model.eq_obj1id[tie] == joint:
                return cls(joints[0], place, tuple(model.eq_data[tie, :5].tolist()), leader, {})
            if model.eq_type[tie] == mujoco.mjtEq.mjEQ_TENDON:
                tendon = model.eq_obj1id[tie]
                wraps = range(model.tendon_adr[tendon], model.tendon_adr[tendon] + model.tendon_num[tendon])
                shares = {int(model.jnt_qposadr[model.wrap_objid[w]]): float(model.wrap_prm[w]) for w in wraps}
                if shares.get(place):
                    return cls(joints[0], place, (), leader, shares)
        return cls(joints[0], place, (0.0,), leader, {})

    def angle(self, qpos: FloatArray, zero: FloatArray) -> float:
        """Return its angle [rad] where the others are as in `qpos`."""
        if self.shares:
            others = sum(share * (qpos[at] - zero[at]) for at, share in self.shares.items() if at != self.place)
            return float(zero[self.place] - others / self.shares[self.place])
        along = float(qpos[self.leader] - zero[self.leader])
        return float(zero[self.place]) + sum(each * along**power for power, each in enumerate(self.polynomial))


def limbs(model: mujoco.MjModel, outline: Outline) -> tuple[tuple[Limb, ...], tuple[str, ...]]:
    """Return the limbs of a robot, and the motors that are in none: of a spine, or of what cannot touch the ground."""
    moved = {int(model.joint(motor.name).bodyid[0]): motor.name for motor in outline.motors}
    bodies = _below(model, model.body(outline.trunk).id)
    link = {body: _link(model, body, moved) for body in bodies}
    touching = np.flatnonzero((model.geom_conaffinity > 0) & np.isin(model.geom_bodyid, bodies)).tolist()
    tips: dict[int, list[int]] = {}
    for geom in touching:
        tips.setdefault(link[int(model.geom_bodyid[geom])], []).append(geom)
    parents = {body: link[int(model.body_parentid[body])] for body in moved}
    useful = {body for tip in tips for body in _path(tip, parents)}
    outward: dict[int, set[int]] = {}
    for body in useful:
        outward.setdefault(parents[body], set()).add(body)
    found = []
    for end in sorted(body for body in useful if body not in outward):
        path = _path(end, parents)
        branches = [at for at, body in enumerate(path) if len(outward.get(body, ())) > 1]
        own = path[: branches[0]] if branches else path
        motors = tuple(name for body in reversed(own) for name in _named(model, body, outline))
        found.append(Limb(motors, model.body(own[0]).name, tuple(tips[own[0]])))
    inside = {motor for limb in found for motor in limb.motors}
    return tuple(found), tuple(motor.name for motor in outline.motors if motor.name not in inside)


def _named(model: mujoco.MjModel, body: int, outline: Outline) -> list[str]:
    known = [motor.name for motor in outline.motors]
    first = int(model.body_jntadr[body])
    names = [model.joint(joint).name for joint in range(first, first + int(model.body_jntnum[body]))]
    return [name for name in names if name in known]


def _below(model: mujoco.MjModel, trunk: int) -> list[int]:
    found = [trunk]
    for body in range(trunk + 1, model.nbody):
        if model.body_parentid[body] in found:
            found.append(body)
    return found


def _link(model: mujoco.MjModel, body: int, moved: Mapping[int, str]) -> int:
    """Return the body with a motor that carries a body along; 0 for what the trunk carries."""
    while body not in moved and body > 0:
        body = int(model.body_parentid[body])
    return body


def _path(body: int, parents: Mapping[int, int]) -> list[int]:
    """Return the driven bodies from one inwards to the trunk."""
    path = []
    while body > 0:
        path.append(body)
        body = parents[body]
    return path
