"""The quadruped in motion: joints that follow position set-points, a battery, and perturbations on a time line.

The servo law of the motors, kp (q - angle) + kd (dq - speed) + tau within the torque limits, is part of the MuJoCo
model, so that between two commands a whole stretch of time is one call.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.bodies.floating_base import FloatingBase, SimulationError, is_rough
from sim.perturbations import Perturbation
from sim.robots import go2
from sim.terrain import SPREAD, Terrain

FloatArray = NDArray[np.float64]

_NOTHING = object()
"""In place of the command that the model follows: it has to be written again."""
_BATTERY_VOLTAGE, _BATTERY_RESISTANCE, _BATTERY_ENERGY = 29.6, 0.06, 8.0 * 28.8 * 3600.0
"""Open circuit [V] and inner resistance [ohm] of an eight-cell pack, our estimates; 8 Ah at 28.8 V, published [J]."""
_SETTLING = 0.1
"""Time constant of the battery's current behind the motors' power: what their capacitors hold [s]."""
_COPPER_LOSS = 0.3
"""Heat per squared torque of a joint, an estimate of this class of motor [W/(N m)^2]."""
_ELECTRONICS = 30.0
"""[W]"""


@dataclass(frozen=True)
class JointCommand:
    """Set-points of the servo law, each (12,) in the order of `sim.robots.go2.MOTORS`, SI units."""

    position: FloatArray
    velocity: FloatArray
    torque: FloatArray
    kp: FloatArray
    kd: FloatArray


class QuadrupedPhysics(FloatingBase[JointCommand]):
    """One simulated quadruped. Without a command its joints are damped."""

    damping = 5.0
    """Velocity gain of the joints without a command [N m s/rad]."""

    def __init__(self, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> None:
        """Put an intact quadruped on `terrain`, standing; `perturbations` act at their own times.

        Raises:
            PerturbationError: one of them cannot happen to this robot.
        """
        model = copy.copy(_compiled(terrain, is_rough(terrain, perturbations)))
        super().__init__(go2.ANATOMY, model, mujoco.MjData(model), terrain, perturbations)
        self._joints = slice(7, 7 + len(go2.MOTORS))
        self._dofs = slice(6, 6 + len(go2.MOTORS))
        sensors = {name: model.sensor(name) for name in ("gyro", "accelerometer", *go2.LEGS)}
        self._gyro, self._accelerometer = (slice(sensors[n].adr[0], sensors[n].adr[0] + 3) for n in list(sensors)[:2])
        self._feet = [sensors[leg].adr[0] for leg in go2.LEGS]
        self._still = np.zeros(len(go2.MOTORS))
        self._gains = model.actuator_biasprm[:, 1:3]
        self._followed: JointCommand | object | None = _NOTHING
        self.reset()

    def reset(self, pose: Sequence[float] = go2.STAND, yaw: float = 0.0) -> None:
        """Go back to time zero at the origin, in a pose (12,) [rad], its lowest foot just on the ground."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._joints] = pose
        self.data.qpos[:7] = 0.0, 0.0, 0.0, math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)
        mujoco.mj_kinematics(self.model, self.data)
        lowest = min(float(self.data.geom(leg).xpos[2]) for leg in go2.LEGS)
        bumps = 0.5 * SPREAD * self.condition.terrain.roughness
        self.data.qpos[2] = go2.FOOT_RADIUS - lowest + bumps
        self.charge = 1.0
        """State of charge [0..1]."""
        self.power = _ELECTRONICS
        """Electrical power drawn from the battery [W]."""
        self._timeline.restart()
        self._writer.write(self.condition, self.data)
        self._follow()
        mujoco.mj_forward(self.model, self.data)

    def command(self, command: JointCommand | None, expires: float = math.inf) -> None:
        """Follow set-points until a time [s], then be damped; None damps at once.

        The condition's delay applies, to the end of the command as well.
        """
        if self._timeline.send(command, expires):
            self._follow()

    def step(self, count: int = 1) -> None:
        """Advance by `count` physics steps.

        Raises:
            SimulationError: the state became non-finite or MuJoCo reported a bad state.
        """
        timeline, data, began = self._timeline, self.data, self.data.time
        target = timeline.steps + count
        while timeline.steps < target:
            stretch = timeline.next_event(target) - timeline.steps
            mujoco.mj_step(self.model, data, stretch)
            timeline.steps += stretch
            if timeline.meet():
                self._writer.write(self.condition, data)
                self._followed = _NOTHING
            if timeline.command is not self._followed:
                self._follow()
        passed = data.time - began  # MuJoCo starts afresh when a state is not finite or far too large
        if not abs(passed - count * timeline.timestep) < 0.5 * timeline.timestep:
            raise SimulationError(f"physics at {self.time():.3f} s: the state is not finite or far too large")
        seconds = count * timeline.timestep
        self.power += (1.0 - math.exp(-seconds / _SETTLING)) * (self._drawn() - self.power)
        self.charge = max(0.0, self.charge - self.power * seconds / _BATTERY_ENERGY)

    @property
    def gyro(self) -> FloatArray:
        """Angular velocity in body axes (3,) [rad/s]."""
        return np.array(self.data.sensordata[self._gyro])

    @property
    def accelerometer(self) -> FloatArray:
        """Specific force at the IMU in body axes (3,) [m/s^2]: 9.81 upwards at rest."""
        return np.array(self.data.sensordata[self._accelerometer])

    @property
    def foot_force(self) -> FloatArray:
        """Normal force of the ground on each foot (4,) [N], in the order of `sim.robots.go2.LEGS`."""
        return np.array(self.data.sensordata[self._feet])

    @property
    def motor_position(self) -> FloatArray:
        """Joint angles (12,) [rad]."""
        return np.array(self.data.qpos[self._joints])

    @property
    def motor_velocity(self) -> FloatArray:
        """Joint speeds (12,) [rad/s]."""
        return np.array(self.data.qvel[self._dofs])

    @property
    def motor_torque(self) -> FloatArray:
        """Torques of the motors in the last step (12,) [N m]."""
        return np.array(self.data.actuator_force)

    @property
    def battery(self) -> float:
        """Voltage at the battery's terminals [V]."""
        return _BATTERY_VOLTAGE - _BATTERY_RESISTANCE * self.power / _BATTERY_VOLTAGE

    def _drawn(self) -> float:
        """Return the electrical power that motors and electronics draw now [W]."""
        torque = self.data.actuator_force
        mechanical = float(torque @ self.data.qvel[self._dofs])
        return _ELECTRONICS + max(0.0, mechanical + _COPPER_LOSS * float(torque @ torque))

    def _follow(self) -> None:
        """Write the servo law of the present command into the model."""
        command, condition = self._timeline.command, self.condition
        self._followed = command
        if command is None:
            signal, kp, kd = self._still, self._still, self._still + self.damping
        else:
            kp, kd = command.kp, command.kd
            signal = command.torque + kp * command.position + kd * command.velocity
        if condition.gain or condition.dead_motors or condition.stuck_motors:
            share = self._strength()
            signal, kp, kd = share * signal, share * kp, share * kd
        self.data.ctrl[:] = signal
        self._gains[:, 0] = -kp
        self._gains[:, 1] = -kd

    def _strength(self) -> FloatArray:
        """Return the share of its torque that each motor gives (12,)."""
        condition = self.condition
        idle = condition.dead_motors | condition.stuck_motors
        return np.array([0.0 if name in idle else condition.gain.get(name, 1.0) for name in go2.MOTORS])


@functools.lru_cache(maxsize=8)
def _compiled(terrain: Terrain, rough: bool) -> mujoco.MjModel:
    return go2.build(terrain, rough).compile()
