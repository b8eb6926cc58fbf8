"""The oracle in a controller's place for the adapted model: lock-step runs only, as the upper bound of planning."""

from __future__ import annotations

from functools import partial

import numpy as np

from controller.controller import Foresight
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray
from hardware.embodiment import DirectDrive
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from planners.problem import Model
from sim.bodies.base import Setpoints
from sim.bodies.crawler import CrawlerPhysics
from sim.bodies.jointed import JointedPhysics
from sim.jointed_oracle import JointedOracle
from sim.oracle import Motion, Oracle


def can_predict(spec: RobotSpec) -> bool:
    """Whether the oracle knows all that a robot's future depends on: crawlers, and joints without a battery."""
    anatomy = spec.anatomy
    direct = spec.drive.kind == "direct" and not spec.own
    return anatomy.cranks is not None or (direct and anatomy.battery is None and not anatomy.latency)


def oracle(robot: SimRobot, period: float) -> Foresight:
    """Return what plans with the truth about a simulated robot; an action is held for `period` [s]."""
    spec, physics = robot.spec, robot.physics
    if not can_predict(spec):
        raise TypeError(f"oracle: expected a robot whose actions are set-points, without a battery, got {spec.name}")
    observe = partial(state_vectors, spec)
    truth: Oracle | JointedOracle
    if isinstance(physics, CrawlerPhysics):
        truth = Oracle(physics, observe, period, cycle=1.0 / spec.servo_hz)
    else:
        assert isinstance(physics, JointedPhysics)
        drive = DirectDrive(spec)
        truth = JointedOracle(physics, observe, lambda actions: Setpoints(*drive.setpoints(actions)), period)

    def foresee(_learned: Kernel, _state: FloatArray, under_way: FloatArray, _share: float) -> tuple[FloatArray, Model]:
        return truth.ahead(under_way), truth

    return foresee


def state_vectors(spec: RobotSpec, motion: Motion) -> FloatArray:
    """Return the state vectors (..., S) of many instants: `hardware.embodiment.observe` in one batch."""
    w, i, j, k = np.moveaxis(motion.quaternion, -1, 0)
    roll = np.arctan2(2.0 * (w * i + j * k), 1.0 - 2.0 * (i * i + j * j))
    pitch = np.arcsin(np.clip(2.0 * (w * j - k * i), -1.0, 1.0))
    yaw = np.arctan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
    if spec.anatomy.root == "planar":
        roll, pitch, yaw = np.zeros_like(roll), motion.pitch, np.zeros_like(yaw)
    x, y, z = np.moveaxis(motion.position, -1, 0)
    east, north, up = np.moveaxis(motion.velocity, -1, 0)
    cos, sin = np.cos(yaw), np.sin(yaw)
    values = {"x": x, "y": y, "z": z, "roll": roll, "pitch": pitch, "yaw": yaw, "battery": motion.battery}
    values |= {"vx": cos * east + sin * north, "vy": cos * north - sin * east, "vz": up}
    values |= zip(("gyro_x", "gyro_y", "gyro_z"), np.moveaxis(motion.gyro, -1, 0), strict=True)
    for index, motor in enumerate(spec.motors):
        values[f"phase_{motor}"] = motion.motor_position[..., index]
        values[f"speed_{motor}"] = motion.motor_velocity[..., index]
        values[f"emf_{motor}"] = motion.back_emf[..., index]
    return np.stack([values[channel.name] for channel in spec.channels], axis=-1)
