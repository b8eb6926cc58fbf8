"""How a trunk moves against the world: freely, or in the plane of x and z. Axes are those of the ground."""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.strict import require

FloatArray = NDArray[np.float64]

_FREE, _SLIDE, _HINGE = mujoco.mjtJoint.mjJNT_FREE, mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE


class FreeRoot:
    """A free joint whose numbers begin at some places."""

    def __init__(self, qpos: int, qvel: int) -> None:
        self._place, self._turn, self._all = slice(qpos, qpos + 3), slice(qpos + 3, qpos + 7), slice(qpos, qpos + 7)
        self._moving, self._turning = slice(qvel, qvel + 3), slice(qvel + 3, qvel + 6)

    def place(self, qpos: FloatArray, height: float) -> None:
        """Put the trunk's origin at a height over the world's origin, heading along x."""
        qpos[self._all] = 0.0, 0.0, height, 1.0, 0.0, 0.0, 0.0

    def position(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's origin (3,) [m]."""
        return np.array(qpos[self._place])

    def quaternion(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's attitude wxyz (4,)."""
        return np.array(qpos[self._turn])

    def velocity(self, qvel: FloatArray) -> FloatArray:
        """Return the velocity of the trunk's origin (3,) [m/s]."""
        return np.array(qvel[self._moving])

    def gyro(self, qvel: FloatArray) -> FloatArray:
        """Return the angular velocity in body axes (3,) [rad/s]."""
        return np.array(qvel[self._turning])


class PlanarRoot:
    """Two slides along x and z, then a hinge around y; `origin` (3,) is where the trunk is when they are zero."""

    def __init__(self, qpos: int, qvel: int, origin: FloatArray) -> None:
        self._x, self._z, self._pitch = range(qpos, qpos + 3)
        self._vx, self._vz, self._turning = range(qvel, qvel + 3)
        self._origin = origin

    def place(self, qpos: FloatArray, height: float) -> None:
        """Put the trunk's origin at a height over the world's origin."""
        qpos[self._x], qpos[self._z], qpos[self._pitch] = -self._origin[0], height - self._origin[2], 0.0

    def position(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's origin (3,) [m]."""
        return np.array([qpos[self._x], 0.0, qpos[self._z]]) + self._origin

    def quaternion(self, qpos: FloatArray) -> FloatArray:
        """Return the trunk's attitude wxyz (4,)."""
        half = 0.5 * float(qpos[self._pitch])
        return np.array([math.cos(half), 0.0, math.sin(half), 0.0])

    def velocity(self, qvel: FloatArray) -> FloatArray:
        """Return the velocity of the trunk's origin (3,) [m/s]."""
        return np.array([qvel[self._vx], 0.0, qvel[self._vz]])

    def gyro(self, qvel: FloatArray) -> FloatArray:
        """Return the angular velocity in body axes (3,) [rad/s]."""
        return np.array([0.0, qvel[self._turning], 0.0])


Root = FreeRoot | PlanarRoot


def root(model: mujoco.MjModel, trunk: str, kind: str) -> Root:
    """Return how the trunk of a model moves; `kind` is `free` or `planar`.

    Raises:
        ValueError: its joints say something else.
    """
    body = model.body(trunk)
    joints = range(body.jntadr[0], body.jntadr[0] + body.jntnum[0])
    kinds = [model.jnt_type[joint] for joint in joints]
    qpos, qvel = (int(address[joints[0]]) if joints else 0 for address in (model.jnt_qposadr, model.jnt_dofadr))
    if kind == "free":
        require(kinds == [_FREE], "root", f"a free joint on body {trunk}", f"{len(kinds)} joints of other kinds")
        return FreeRoot(qpos, qvel)
    axes = np.array([model.jnt_axis[joint] for joint in joints])
    flat = kinds == [_SLIDE, _SLIDE, _HINGE] and np.array_equal(axes, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    require(flat, "root", f"slides along x and z, then a hinge around y on body {trunk}", f"{len(kinds)} joints")
    return PlanarRoot(qpos, qvel, np.array(body.pos))
