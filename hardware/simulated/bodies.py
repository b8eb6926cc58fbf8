"""The simulated bodies in the terms of the Robot protocol: commands to physics, readings to states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import mujoco
import numpy as np

from hardware.motors import VelocityServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec
from sim.bodies import crawler_sensors, jointed_sensors
from sim.bodies.crawler import RoachPhysics
from sim.bodies.jointed import JointCommand, QuadrupedPhysics
from sim.conditions.condition import Condition
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain


class Physics(Protocol):
    """What every simulation offers."""

    anatomy: Anatomy
    model: mujoco.MjModel
    data: mujoco.MjData

    @property
    def steps(self) -> int:
        """Physics steps since the start."""
        ...

    @property
    def condition(self) -> Condition:
        """What is perturbed now."""
        ...

    @property
    def qpos(self) -> FloatArray:
        """Generalised positions (nq,)."""
        ...

    def timestep(self) -> float:
        """Return the physics step [s]."""
        ...

    def time(self) -> float:
        """Return the time since the start [s]."""
        ...

    def step(self, count: int = 1) -> None:
        """Advance by some steps; raises SimulationError."""
        ...


class SimBody(Protocol):
    """One simulated body."""

    @property
    def physics(self) -> Physics:
        """Its simulation."""
        ...

    def follow(self, command: RobotCommand | None, expires: float) -> None:
        """Follow a command until a time of the simulation [s]; None brakes or damps."""
        ...

    def state(self, seq: int, time: float, rng: np.random.Generator | None) -> RobotState:
        """Return what the sensors say, with noise from `rng`; the truth without it."""
        ...


class Crawler:
    """The six-legged crawler: its motors follow speeds, and brake without them."""

    def __init__(self, terrain: Terrain, perturbations: Sequence[Perturbation], rng: np.random.Generator) -> None:
        """Stand still with the cranks at random angles."""
        self.physics = RoachPhysics(terrain, perturbations)
        self.physics.reset(rng)

    def follow(self, command: RobotCommand | None, expires: float) -> None:
        """Follow speeds until a time [s]; everything else brakes."""
        if command is not None and command.mode is CommandMode.SERVO:
            self.physics.command(command.velocity, expires)
        else:
            self.physics.command(None)

    def state(self, seq: int, time: float, rng: np.random.Generator | None) -> RobotState:
        """Return a reading."""
        reading = crawler_sensors.truth(self.physics)
        if rng is not None:
            reading = crawler_sensors.measure(reading, self.physics.condition, rng)
        return RobotState(
            seq=seq,
            time=time,
            position=reading.position,
            quaternion=reading.quaternion,
            velocity=reading.velocity,
            gyro=reading.gyro,
            motor_position=reading.motor_position,
            motor_velocity=reading.motor_velocity,
            back_emf=reading.back_emf,
            battery=reading.battery,
        )


class Quadruped:
    """The quadruped: its joints follow the servo law, are damped without a command, and limp when off."""

    def __init__(self, terrain: Terrain, perturbations: Sequence[Perturbation], pose: Sequence[float]) -> None:
        """Stand or lie still in a pose (12,) [rad]."""
        self.physics = QuadrupedPhysics(terrain, perturbations)
        self.physics.reset(pose)

    def follow(self, command: RobotCommand | None, expires: float) -> None:
        """Follow set-points until a time [s]."""
        if command is None or command.mode is CommandMode.DAMP:
            self.physics.command(None)
        elif command.mode is CommandMode.OFF:
            none = np.zeros(len(command.position))
            self.physics.command(JointCommand(none, none, none, none, none))
        else:
            law = JointCommand(command.position, command.velocity, command.torque, command.kp, command.kd)
            self.physics.command(law, expires)

    def state(self, seq: int, time: float, rng: np.random.Generator | None) -> RobotState:
        """Return a reading."""
        reading = jointed_sensors.truth(self.physics)
        if rng is not None:
            reading = jointed_sensors.measure(reading, self.physics.condition, rng)
        return RobotState(
            seq=seq,
            time=time,
            position=reading.position,
            quaternion=reading.quaternion,
            velocity=reading.velocity,
            gyro=reading.gyro,
            motor_position=reading.motor_position,
            motor_velocity=reading.motor_velocity,
            motor_torque=reading.motor_torque,
            accelerometer=reading.accelerometer,
            foot_force=reading.foot_force,
            battery=reading.battery,
            charge=reading.charge,
            lost=np.zeros(len(reading.motor_position)),
            tick=self.physics.time(),
        )


def simulate(
    spec: RobotSpec,
    terrain: Terrain,
    perturbations: Sequence[Perturbation],
    rng: np.random.Generator,
    pose: Sequence[float] | None,
) -> SimBody:
    """Return the body of a robot, at rest; `pose` (n_motors,) is where a quadruped starts, standing when None."""
    if isinstance(spec.servo, VelocityServo):
        return Crawler(terrain, perturbations, rng)
    return Quadruped(terrain, perturbations, spec.servo.stand if pose is None else pose)
