"""Any robot whose motors are joints, in motion: they follow angles, speeds or torques, each by its own servo law."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import mujoco
import numpy as np

from sim.bodies.base import Physics, Pose, Setpoints
from sim.bodies.sensors import Reading, Sensors
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.robots.builders import build
from sim.robots.equipment import Servos
from sim.terrain import SPREAD, FloatArray, Terrain


class JointedPhysics(Physics):
    """One simulated robot. Without a command its joints are damped."""

    def __init__(self, anatomy: Anatomy, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> None:
        super().__init__(anatomy, build, terrain, perturbations)
        model = self.model
        self._gains = model.actuator_biasprm[:, 1:3]
        self._still = np.zeros(len(anatomy.motors))
        if anatomy.servos is not None:
            model.dof_damping[self.speeds] += anatomy.servos.damping
        self._passive = {int(model.joint(name).qposadr[0]): angle for name, angle in anatomy.passive.items()}
        self._gyro, self._accelerometer = (self.data.sensor(name).data for name in ("gyro", "accelerometer"))
        self._touch = [model.sensor(leg).adr[0] for leg in anatomy.legs]
        self._feet = [model.geom(anatomy.foot(leg)).id for leg in anatomy.legs]
        body, motors = ("position", "velocity", "gyro", "accelerometer"), len(anatomy.motors)
        sizes = dict.fromkeys(body, 3) | dict.fromkeys(("motor_position", "motor_velocity", "motor_torque"), motors)
        sizes |= {"foot_force": len(anatomy.legs), "quaternion": 3, "battery": 1}
        self.sensors = Sensors(anatomy.noise, sizes)
        self.reset()

    def reset(self, pose: Pose | None = None, rng: np.random.Generator | None = None) -> None:
        model, data = self.model, self.data
        mujoco.mj_resetData(model, data)
        data.qpos[self.angles] = pose if pose is not None else self.anatomy.stand or self._still
        for address, angle in self._passive.items():
            data.qpos[address] = angle
        self.root.place(data.qpos, 0.0)
        mujoco.mj_kinematics(model, data)
        self.root.place(data.qpos, 0.5 * SPREAD * self.condition.terrain.roughness - self._lowest())
        battery = self.anatomy.battery
        self.charge = 1.0 if battery is not None and battery.energy > 0.0 else math.nan
        """State of charge [0..1]; NaN where it is not known."""
        self.power = self._drawn()
        """Electrical power drawn from the battery [W]."""
        self._restart()
        mujoco.mj_forward(model, data)

    def reading(self) -> Reading:
        body = self.position, self.level_quaternion, self.velocity, self.gyro
        return Reading(
            *body,
            *(self.motor_position, self.motor_velocity, self.battery, self.charge),
            motor_torque=self.motor_torque,
            accelerometer=self.accelerometer,
            foot_force=self.foot_force,
            pitch=self.pitch,
        )

    @property
    def gyro(self) -> FloatArray:
        """Angular velocity at the IMU in body axes (3,) [rad/s]; an IMU's is that before the last physics step."""
        return super().gyro if self.anatomy.verbatim else np.array(self._gyro)

    @property
    def accelerometer(self) -> FloatArray:
        """Specific force at the IMU in body axes (3,) [m/s^2]: 9.81 upwards at rest."""
        return np.array(self._accelerometer)

    @property
    def foot_force(self) -> FloatArray:
        """Normal force of the ground on the foot of each leg (n_legs,) [N]."""
        return np.array(self.data.sensordata[self._touch])

    @property
    def motor_torque(self) -> FloatArray:
        """Torques of the motors in the last step (n_motors,) [N m]."""
        torque, servos = np.array(self.data.actuator_force), self.anatomy.servos
        return torque if servos is None else torque - servos.damping * self.motor_velocity

    @property
    def battery(self) -> float:
        """Voltage at the battery's terminals [V]; NaN where nothing is known of it."""
        battery = self.anatomy.battery
        if battery is None:
            return math.nan
        voltage = battery.voltage * self.condition.supply
        return voltage - battery.resistance * self.power / voltage

    def measure(self, rng: np.random.Generator) -> Reading:
        reading = super().measure(rng)
        if self.condition.zeros:
            return replace(reading, motor_position=reading.motor_position - self._each(self.condition.zeros, 0.0))
        return reading

    def step(self, count: int = 1) -> None:
        """Advance by `count` physics steps; the battery gives what is drawn at their end."""
        super().step(count)
        battery = self.anatomy.battery
        if battery is not None:
            seconds = count * self._timeline.timestep
            self.power += (1.0 - math.exp(-seconds / battery.settling)) * (self._drawn() - self.power)
            if battery.energy > 0.0:
                self.charge = max(0.0, self.charge - self.power * seconds / battery.energy)

    def _drawn(self) -> float:
        """Return the electrical power that motors and electronics draw now [W]."""
        battery = self.anatomy.battery
        if battery is None:
            return 0.0
        torque = self.motor_torque
        mechanical = float(torque @ self.data.qvel[self.speeds])
        return battery.electronics + max(0.0, mechanical + battery.copper_loss * float(torque @ torque))

    def _advance(self, steps: int) -> None:
        mujoco.mj_step(self.model, self.data, steps)

    def _follow(self) -> None:
        """Write the servo law of the present command into the model."""
        self.data.ctrl[:], kp, kd = self.law(self._timeline.command)
        self._gains[:, 0] = -kp
        self._gains[:, 1] = -kd

    def law(self, command: Setpoints | None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what motors under set-points (..., n_motors) are given: torques, and the gains kp and kd on top."""
        condition, speeds = self.condition, self.anatomy.servo == "velocity"
        if command is None:
            signal, kp, kd = self._still, self._still, self._still + self.anatomy.damping
        elif speeds:
            kp, kd = self._still, self._still + self.anatomy.damping
            signal = kd * (self._each(condition.gain, 1.0) * command.velocity + self._each(condition.bias, 0.0))
        else:
            kp, kd = command.kp, command.kd
            position = command.position + self._each(condition.zeros, 0.0) if condition.zeros else command.position
            signal = command.torque + kp * position + kd * command.velocity
        if self.anatomy.servos is not None:
            signal, kp, kd = self._supplied(self.anatomy.servos, signal, kp, kd)
        idle = self._writer.idle(condition)
        if idle or (condition.gain and not speeds):
            share = self._each({} if speeds else condition.gain, 1.0)
            share[[motor in idle for motor in self.anatomy.motors]] = 0.0
            signal, kp, kd = share * signal, share * kp, share * kd
        return signal, kp, kd

    def _supplied(self, servos: Servos, *law: FloatArray) -> Iterator[FloatArray]:
        """Return what hobby servos make of signal and gains at the voltage that there is, which bounds them too."""
        share = self.battery / servos.voltage
        self.model.actuator_forcerange[:] = -share * servos.stall, share * servos.stall
        return (share * each for each in law)

    def _each(self, values: Mapping[str, float], usual: float) -> FloatArray:
        """Return a number for each motor (n_motors,)."""
        return np.array([values.get(motor, usual) for motor in self.anatomy.motors])

    def _lowest(self) -> float:
        """Return how low the feet reach, or without feet whatever touches the ground [m]."""
        model, data = self.model, self.data
        bottoms = []
        touching = (model.geom_bodyid > 0) & ((model.geom_contype | model.geom_conaffinity) > 0)
        for geom in self._feet or np.flatnonzero(touching).tolist():
            height, down = data.geom_xpos[geom, 2], data.geom_xmat[geom, 6:]
            if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_SPHERE:
                bottoms.append(height - model.geom_size[geom, 0])
            else:
                centre, half = model.geom_aabb[geom, :3], model.geom_aabb[geom, 3:]
                bottoms.append(height + down @ centre - np.abs(down) @ half)
        return float(min(bottoms))
