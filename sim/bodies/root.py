"""How a trunk moves against the world: freely, or in the plane of x and z. Axes are those of the ground."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from sim.strict import require
from sim.terrain import FloatArray

_SLIDE, _HINGE = mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE


class Root:
    """The joints of a trunk: a free one, or slides along x and z and a hinge around y."""

    def __init__(self, model: mujoco.MjModel, trunk: str, kind: str) -> None:
        """Find them in a model; `kind` is `free` or `planar`. Raises ValueError where they are not what it says."""
        body = model.body(trunk)
        joints = range(body.jntadr[0], body.jntadr[0] + body.jntnum[0])
        kinds, axes = [model.jnt_type[joint] for joint in joints], [model.jnt_axis[joint].tolist() for joint in joints]
        if kind == "free":
            right, expected = kinds == [mujoco.mjtJoint.mjJNT_FREE], "a free joint"
        else:
            right = kinds == [_SLIDE, _SLIDE, _HINGE] and axes[:2] == [[1, 0, 0], [0, 0, 1]]
            right = right and axes[2] in ([0, 1, 0], [0, -1, 0])
            expected = "slides along x and z, then a hinge around y"
        require(right, "root", f"{expected} on body {trunk}", f"{len(kinds)} other joints")
        qpos, qvel = int(model.jnt_qposadr[joints[0]]), int(model.jnt_dofadr[joints[0]])
        self._planar = kind == "planar"
        self._qpos = slice(qpos, qpos + (3 if self._planar else 7))
        self._qvel = slice(qvel, qvel + (3 if self._planar else 6))
        self._x, self._y, self._z = body.pos.tolist()
        self._turns = self._start = 0.0
        if self._planar:
            x, z, self._start = model.qpos0[self._qpos].tolist()
            self._x, self._z, self._turns = self._x - x, self._z - z, axes[2][1]

    def place(self, qpos: FloatArray, height: float) -> None:
        """Put the trunk's origin at a height over the world's origin, heading along x."""
        planar, free = (-self._x, height - self._z, self._start), (0.0, 0.0, height, 1.0, 0.0, 0.0, 0.0)
        qpos[self._qpos] = planar if self._planar else free

    def position(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's origin (3,) [m]."""
        root = qpos[self._qpos]
        return np.array([self._x + root[0], self._y, self._z + root[1]]) if self._planar else np.array(root[:3])

    def quaternion(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's attitude wxyz (4,)."""
        root = qpos[self._qpos]
        if not self._planar:
            return np.array(root[3:])
        pitch = self.pitch(qpos)
        return np.array([math.cos(0.5 * pitch), 0.0, math.sin(0.5 * pitch), 0.0])

    def pitch(self, qpos: FloatArray) -> float:
        """Return how far a trunk in a plane has turned, nose down positive, full turns and all [rad]; else NaN."""
        return self._turns * (float(qpos[self._qpos][2]) - self._start) if self._planar else math.nan

    def velocity(self, qvel: FloatArray) -> FloatArray:
        """Return the velocity of the trunk's origin (3,) [m/s]."""
        root = qvel[self._qvel]
        return np.array([root[0], 0.0, root[1]]) if self._planar else np.array(root[:3])

    def gyro(self, qvel: FloatArray) -> FloatArray:
        """Return the angular velocity in body axes (3,) [rad/s]."""
        root = qvel[self._qvel]
        return np.array([0.0, self._turns * root[2], 0.0]) if self._planar else np.array(root[3:])

    def motion(self, qpos: FloatArray, qvel: FloatArray) -> tuple[FloatArray, ...]:
        """Return position, quaternion, velocity, angular velocity in body axes and pitch at many instants (...,)."""
        place, speed, none = qpos[..., self._qpos], qvel[..., self._qvel], np.zeros(qpos.shape[:-1])
        if not self._planar:
            return place[..., :3], place[..., 3:], speed[..., :3], speed[..., 3:], none + math.nan
        pitch = self._turns * (place[..., 2] - self._start)
        position = np.stack([self._x + place[..., 0], self._y + none, self._z + place[..., 1]], axis=-1)
        quaternion = np.stack([np.cos(0.5 * pitch), none, np.sin(0.5 * pitch), none], axis=-1)
        gyro = np.stack([none, self._turns * speed[..., 2], none], axis=-1)
        return position, quaternion, np.stack([speed[..., 0], none, speed[..., 1]], axis=-1), gyro, pitch
