"""A crawler in motion: geared DC motors with velocity loops, on one battery, turn the cranks of its sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from sim.bodies.base import Physics, Pose
from sim.bodies.sensors import Reading, Sensors
from sim.conditions.condition import Condition
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.robots.equipment import Battery, Cranks
from sim.terrain import SPREAD, FloatArray, Terrain

_NO_ACTUATION = mujoco.mjtDisableBit.mjDSBL_ACTUATION


@dataclass(frozen=True)
class DriveTrain:
    """The motors of a crawler in the order of its anatomy, their cranks and what feeds them."""

    motors: tuple[str, ...]
    cranks: Cranks
    battery: Battery

    @classmethod
    def of(cls, anatomy: Anatomy) -> DriveTrain:
        """Return that of a robot; raises ValueError where it has none."""
        if anatomy.cranks is None or anatomy.battery is None:
            raise ValueError(f"cranks: expected a crawler with cranks and a battery, got robot {anatomy.name}")
        return cls(anatomy.motors, anatomy.cranks, anatomy.battery)

    def install(self, spec: mujoco.MjSpec) -> None:
        """Add the velocity loops: torque = clip(gain * (signal - speed)) with the clip set by the battery voltage.

        Back-EMF is the crank joint's damping, so the torque left at a voltage falls with speed as in the motor.
        """
        stall = float(self.stall(self.battery.voltage))
        for name in self.motors:
            joint = spec.joint(name)
            joint.armature, joint.damping[0] = self.cranks.inertia, self.cranks.damping
            motor = spec.add_actuator(name=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=name)
            motor.set_to_velocity(kv=self.cranks.loop_gain)
            motor.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
            motor.forcerange = [-stall, stall]

    def signal(self, condition: Condition, speeds: FloatArray) -> FloatArray:
        """Return what the velocity loops are given (..., n) for wanted speeds (..., n), both [rad/s]; NaN brakes."""
        gain = np.array([condition.gain.get(motor, 1.0) for motor in self.motors])
        bias = np.array([condition.bias.get(motor, 0.0) for motor in self.motors])
        feedforward = 1.0 + self.cranks.damping / self.cranks.loop_gain  # makes up for back-EMF
        return np.where(np.isnan(speeds), 0.0, feedforward * (speeds * gain + bias))

    def stall(self, voltage: FloatArray | float) -> FloatArray:
        """Return the largest torque of a motor [N m] at a voltage (...) [V]."""
        return np.asarray(self.cranks.constant * voltage / self.cranks.resistance)

    def sagged(self, voltage: FloatArray | float, torque: FloatArray, speed: FloatArray, seconds: float) -> FloatArray:
        """Return the battery voltage (...) [V] after motors gave torques (..., n) [N m] at speeds (..., n) [rad/s]."""
        cranks, battery = self.cranks, self.battery
        current = (torque - cranks.damping * speed) / cranks.constant
        share = torque * cranks.resistance / (cranks.constant * battery.voltage)
        loaded = battery.voltage - battery.resistance * np.maximum(current * share, 0.0).sum(axis=-1)
        return np.asarray(voltage + (1.0 - math.exp(-seconds / battery.settling)) * (loaded - voltage))


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
