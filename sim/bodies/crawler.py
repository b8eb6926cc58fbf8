"""A crawler in motion: two drive trains turn the cranks of its sides."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mujoco
import numpy as np

from sim.bodies.base import Physics, Pose
from sim.bodies.drive_train import DriveTrain
from sim.bodies.sensors import Reading, Sensors
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.terrain import SPREAD, FloatArray, Terrain

_NO_ACTUATION = mujoco.mjtDisableBit.mjDSBL_ACTUATION


class CrawlerPhysics(Physics):
    """One simulated crawler. Without a command its motors brake."""

    def __init__(self, anatomy: Anatomy, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> None:
        super().__init__(anatomy, _driven, terrain, perturbations)
        self.train = DriveTrain.of(anatomy)
        self.battery = self.train.battery.voltage
        """Voltage at its terminals [V]."""
        body, motors = ("position", "quaternion", "velocity", "gyro"), ("motor_position", "motor_velocity", "back_emf")
        sizes = dict.fromkeys(body, 3) | dict.fromkeys(motors, len(anatomy.motors))
        self.sensors = Sensors(anatomy.noise, sizes | {"battery": 2})  # one is drawn for nothing: seeds mean the same
        self.reset()

    def reset(self, pose: Pose | None = None, rng: np.random.Generator | None = None) -> None:
        """Go back to time zero; crank angles are drawn from `rng` where they are not given."""
        mujoco.mj_resetData(self.model, self.data)
        self._forward()
        self.battery = self.train.battery.voltage
        self._restart()
        count = len(self.anatomy.motors)
        if pose is None:
            pose = np.zeros(count) if rng is None else rng.uniform(-math.pi, math.pi, count)
        self._place(pose)
        self._forward()

    def reading(self) -> Reading:
        speed = self.motor_velocity
        body = self.position, self.level_quaternion, self.velocity, self.gyro
        return Reading(*body, self.motor_position, speed, self.battery, back_emf=self.train.cranks.constant * speed)

    @property
    def committed(self) -> FloatArray:
        """Speeds of the coming steps that no further command can change (steps, n_motors) [rad/s]; NaN brakes."""
        timeline = self._timeline
        count = timeline.grid(timeline.time + timeline.condition.delay) - timeline.steps
        speeds, current = np.full((count, len(self.anatomy.motors)), np.nan), timeline.command
        due = {step - timeline.steps: setpoints for step, setpoints in timeline.pending}
        for step in range(count):
            current = due.get(step, current)
            if current is not None:
                speeds[step] = current.velocity
        return speeds

    def _follow(self) -> None:
        command = self._timeline.command
        speeds = np.full(len(self.anatomy.motors), np.nan) if command is None else command.velocity
        self.data.ctrl[:] = self.train.signal(self.condition, speeds)

    def _advance(self, steps: int) -> None:
        """Charge, then step so that positions and velocities end up to date, as dm_control does."""
        torque, speed = self.data.actuator_force, self.data.qvel[self.speeds]
        self.battery = float(self.train.sagged(self.battery, torque, speed, steps * self.timestep()))
        stall = self.train.stall(self.battery)
        self.model.actuator_forcerange[:, 0] = -stall
        self.model.actuator_forcerange[:, 1] = stall
        mujoco.mj_step2(self.model, self.data)
        if steps > 1:
            mujoco.mj_step(self.model, self.data, steps - 1)
        mujoco.mj_step1(self.model, self.data)

    def _place(self, pose: Pose) -> None:
        """Stand at the origin with the cranks at some angles, a crank's radius higher than on level feet."""
        model, qpos, radius = self.model, self.data.qpos, 0.0
        qpos[self.angles] = pose
        for equality in np.flatnonzero(model.eq_type == mujoco.mjtEq.mjEQ_JOINT):
            link, crank = model.eq_obj1id[equality], model.eq_obj2id[equality]
            offset, ratio = model.eq_data[equality, :2]
            qpos[model.jnt_qposadr[link]] = offset + ratio * qpos[model.jnt_qposadr[crank]]
            x, _, z = model.body_pos[model.jnt_bodyid[link]]
            radius = max(radius, math.hypot(x, z))
        qpos[2] = model.qpos0[2] + radius + 0.5 * SPREAD * self.condition.terrain.roughness

    def _forward(self) -> None:
        """Recompute everything while the motors rest."""
        flags = self.model.opt.disableflags
        self.model.opt.disableflags = flags | _NO_ACTUATION
        mujoco.mj_forward(self.model, self.data)
        self.model.opt.disableflags = flags


def _driven(anatomy: Anatomy, terrain: Terrain, rough: bool) -> mujoco.MjSpec:
    spec = build(anatomy, terrain, rough)
    DriveTrain.of(anatomy).install(spec)
    return spec
