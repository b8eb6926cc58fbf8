"""A first policy that imitates the gait: learning then begins with a robot that walks, not with one that falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.walker.environment import WalkerEnvironment
from hardware.gait.drive import GaitDrive
from hardware.robot import RobotState
from hardware.spec import RobotSpec

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Demonstration:
    """What a policy saw in a step (n, size), what the critic was told, and what the gait did (n, n_motors)."""

    seen: FloatArray
    told: FloatArray
    action: FloatArray


class GaitTeacher:
    """Walks every robot of an environment by a gait of its own."""

    def __init__(self, spec: RobotSpec, environment: WalkerEnvironment) -> None:
        """Take robots that have a gait."""
        self._environment, self._spec = environment, spec
        self._drives = [GaitDrive(spec) for _ in environment.age]
        self._rest = np.array([action.rest for action in spec.actions])
        self._low, self._high = (np.array([getattr(a, end) for a in spec.actions[:3]]) for end in ("low", "high"))
        self._time = np.zeros(len(self._drives))

    def act(self) -> FloatArray:
        """Return actions (n, n_motors) that give the torques that the gait asks for now."""
        environment = self._environment
        bodies, gains = environment.bodies, environment.bodies.gains
        for fresh in np.flatnonzero(environment.age == 0).tolist():
            self._drives[fresh].reset()
            self._time[fresh] = 0.0
        angles, speeds, forces, gyros = bodies.angles, bodies.speeds, bodies.foot_force, bodies.qvel[:, 3:6]
        targets = np.empty_like(angles)
        for index, drive in enumerate(self._drives):
            state = _state(angles[index], speeds[index], gyros[index], forces[index])
            stride = self._rest.copy()
            stride[:3] = np.clip(environment.command[index], self._low, self._high)
            command = drive.command(stride, state, self._time[index], np.inf)
            targets[index] = command.position + (gains.kd * command.velocity + command.torque) / gains.kp
        self._time += environment.dt
        actions: FloatArray = (targets - environment.pose) / environment.scale
        return actions


def demonstrate(
    teacher: GaitTeacher, environment: WalkerEnvironment, steps: int, noise: float, rng: np.random.Generator
) -> Iterator[Demonstration]:
    """Let the gait walk, jostled by noise on its actions, and yield what it would have done without.

    Robots are jostled from not at all to `noise`, a standard deviation.
    """
    spread = np.linspace(0.0, noise, len(environment.age))[:, None]
    for _ in range(steps):
        action = teacher.act()
        yield Demonstration(*environment.look(), action)
        environment.step(action + spread * rng.standard_normal(action.shape))


def _state(angles: FloatArray, speeds: FloatArray, gyro: FloatArray, force: FloatArray) -> RobotState:
    none, upright = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
    return RobotState(
        *(0, 0.0, none, upright, none, gyro, angles, speeds), accelerometer=np.array([0.0, 0.0, 9.81]), foot_force=force
    )
