"""Many copies of one jointed robot, each under a condition of its own, stepped together on threads.

What a condition does is written by the same writer as for a single robot, and what a motor follows is the same law, so
a copy moves bit for bit like `sim.bodies.jointed`; only onsets and sensors are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from sim.bodies.jointed import JointedPhysics
from sim.conditions.condition import Condition
from sim.conditions.writer import ConditionWriter, true_up
from sim.robots.anatomy import Anatomy
from sim.terrain import FloatArray, Terrain

IntArray = NDArray[np.intp]

_WRITTEN = (
    *("body_mass", "body_inertia", "body_pos", "geom_conaffinity", "geom_friction", "geom_solref"),
    *("dof_frictionloss", "actuator_gainprm", "jnt_range"),
)
_DERIVED = ("body_conaffinity", "body_subtreemass", "body_invweight0", "dof_invweight0", "dof_M0", "actuator_acc0")
"""What a condition changes in a model: fields that are written, and those that MuJoCo derives from them."""


@dataclass(frozen=True)
class Gains:
    """How motors follow their set-points."""

    kp: float
    """[N m/rad]"""
    kd: float
    """[N m s/rad]"""


class ManyBodies:
    """A number of robots; arrays have one row for each. Axes are those of the ground, as for a single robot."""

    def __init__(
        self, anatomy: Anatomy, terrain: Terrain, count: int, gains: Gains, timestep: float, threads: int
    ) -> None:
        """Put `count` intact robots on `terrain`, standing, with motors that hold that pose.

        Args:
            anatomy: of a robot with a free root whose motors follow angles.
            terrain: the ground of all of them.
            count: number of robots.
            gains: of all motors.
            timestep: of the physics [s].
            threads: that step them.
        """
        single = JointedPhysics(anatomy, terrain)
        self._model, self._still = single.model, mujoco.MjData(single.model)
        self._model.opt.timestep = timestep
        self._writer = ConditionWriter(self._model, anatomy)
        self.anatomy, self.terrain, self.gains, self.timestep = anatomy, terrain, gains, timestep
        self.start = single.qpos
        """Generalised positions (nq,) of a robot that stands."""
        self._angles, self._speeds = single.angles, single.speeds
        self._batch = batch = Batch(self._model, count, threads)
        self._fields = {name: batch.expand(name) for name in (*_WRITTEN, *_DERIVED)}
        self._gravity, self._bias = batch.expand("opt.gravity"), batch.expand("actuator_biasprm")
        self._trunk = self._model.body(anatomy.trunk).id
        self.conditions = [Condition(terrain=terrain)] * count
        self.up = np.tile((0.0, 0.0, 1.0), (count, 1))
        """Away from gravity in ground axes (count, 3)."""
        self.qpos: FloatArray = batch.bind("qpos")
        self.qvel: FloatArray = batch.bind("qvel")
        self.torque: FloatArray = batch.bind("actuator_force")
        self._places: FloatArray = batch.bind("geom_xpos")
        self._sensors: FloatArray = batch.bind("sensordata")
        self._feet = [self._model.geom(anatomy.foot(leg)).id for leg in anatomy.legs]
        self._touch = [self._model.sensor(leg).adr[0] for leg in anatomy.legs]
        self._share = np.ones((count, len(anatomy.motors)))
        self._signal = np.zeros((count, len(anatomy.motors)))
        self._late = np.zeros(count, dtype=np.intp)
        for index in range(count):
            self.perturb(index, self.conditions[index])
        self.place(np.arange(count), np.tile(self.start, (count, 1)))

    @property
    def angles(self) -> FloatArray:
        """Angles of the motors (count, n_motors) [rad]."""
        return self.qpos[:, self._angles]

    @property
    def speeds(self) -> FloatArray:
        """Speeds of the motors (count, n_motors) [rad/s]."""
        return self.qvel[:, self._speeds]

    @property
    def feet(self) -> FloatArray:
        """Centres of the feet, one physics step ago (count, n_legs, 3) [m]."""
        return self._places[:, self._feet]

    @property
    def foot_force(self) -> FloatArray:
        """Normal force of the ground on each foot, one physics step ago (count, n_legs) [N]."""
        return self._sensors[:, self._touch]

    def perturb(self, index: int, condition: Condition) -> None:
        """Put a robot under a condition from now on; its force on the trunk is not used, see `step`."""
        self._still.qpos[:] = self.qpos[index]
        self._writer.write(condition, self._still, begins=True)
        for name, rows in self._fields.items():
            rows[index] = getattr(self._model, name)
        self._gravity[index] = self._model.opt.gravity
        self.up[index] = true_up(condition)
        idle = self._writer.idle(condition)
        share = [0.0 if motor in idle else condition.gain.get(motor, 1.0) for motor in self.anatomy.motors]
        self._share[index] = share
        self._bias[index] = 0.0
        self._bias[index, :, 1] = -self._share[index] * self.gains.kp
        self._bias[index, :, 2] = -self._share[index] * self.gains.kd
        self._late[index] = round(condition.delay / self.timestep)
        self.conditions[index] = condition

    def place(self, which: IntArray, qpos: FloatArray) -> None:
        """Put some robots at rest at generalised positions (n, nq), with motors that hold the angles there."""
        self.qpos[which], self.qvel[which] = qpos, 0.0
        self._batch.bind("qacc_warmstart")[which] = 0.0
        self._batch.bind("time")[which] = 0.0
        self._signal[which] = self._share[which] * (self.gains.kp * qpos[:, self._angles])

    def step(self, targets: FloatArray, steps: int, push: FloatArray | None = None) -> None:
        """Follow set-points (count, n_motors) [rad] for some physics steps, each robot after its delay.

        Args:
            targets: angles.
            steps: number of physics steps.
            push: force on every trunk meanwhile (count, 3) [N]; None: none.
        """
        signal = self._share * (self.gains.kp * targets)
        waiting = np.arange(steps) < self._late[:, None]
        control = np.where(waiting[..., None], self._signal[:, None], signal[:, None])
        self._batch.bind("xfrc_applied")[:, self._trunk, :3] = 0.0 if push is None else push
        self._batch.rollout(steps, control, record=())
        self._signal = signal


def heading_axes(qpos: FloatArray) -> FloatArray:
    """Return cosine and sine of the headings of free roots (n, nq) as (n, 2)."""
    w, x, y, z = qpos[:, 3:7].T
    yaw = np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    return np.stack((np.cos(yaw), np.sin(yaw)), axis=1)


def in_body(qpos: FloatArray, vectors: FloatArray) -> FloatArray:
    """Turn vectors (n, 3) from ground axes into those of the bodies with free roots (n, nq)."""
    w, v = qpos[:, 3:4], -qpos[:, 4:7]
    turned = 2.0 * np.cross(v, vectors)
    return vectors + w * turned + np.cross(v, turned)
