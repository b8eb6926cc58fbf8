"""The oracle in a controller's place for the adapted model: lock-step runs only, as the upper bound of planning."""

from __future__ import annotations

from functools import partial

import numpy as np

from controller.controller import Foresight
from dynamics.rollout.kernel import Kernel
from dynamics.transitions import FloatArray
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from planners.problem import Model
from sim.bodies.crawler import CrawlerPhysics
from sim.oracle import Motion, Oracle


def oracle(robot: SimRobot, period: float) -> Foresight:
    """Return what plans with the truth about a simulated robot; an action is held for `period` [s]."""
    if not isinstance(robot.physics, CrawlerPhysics):
        raise TypeError(f"oracle: expected a crawler with cranks, got robot {robot.spec.name}")
    truth = Oracle(robot.physics, partial(state_vectors, robot.spec), period, cycle=1.0 / robot.spec.servo_hz)

    def foresee(_learned: Kernel, _state: FloatArray, under_way: FloatArray, _share: float) -> tuple[FloatArray, Model]:
        return truth.ahead(under_way), truth

    return foresee


def state_vectors(spec: RobotSpec, motion: Motion) -> FloatArray:
    """Return the state vectors (..., S) of many instants: `hardware.embodiment.observe` in one batch."""
    w, i, j, k = np.moveaxis(motion.quaternion, -1, 0)
    roll = np.arctan2(2.0 * (w * i + j * k), 1.0 - 2.0 * (i * i + j * j))
    pitch = np.arcsin(np.clip(2.0 * (w * j - k * i), -1.0, 1.0))
    yaw = np.arctan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
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
