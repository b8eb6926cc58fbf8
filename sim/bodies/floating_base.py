"""A body that floats above the ground, with a condition and a time line: what every simulated robot is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.conditions.condition import Condition
from sim.conditions.writer import ConditionWriter, ground_to_level
from sim.perturbations import Perturbation, check
from sim.perturbations.timeline import Timeline
from sim.robots.anatomy import Anatomy
from sim.terrain import Terrain

FloatArray = NDArray[np.float64]
C = TypeVar("C")


class SimulationError(RuntimeError):
    """The physics left the range in which it means anything."""


class FloatingBase(Generic[C]):
    """One simulated robot that follows commands of type C. Times count from the last reset.

    A slope tilts gravity: axes x, y, z are those of the *ground*, as if the capture system were calibrated by a square
    laid on the floor, so courses stay in the plane z = 0 whatever the slope.
    """

    def __init__(
        self,
        anatomy: Anatomy,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        terrain: Terrain,
        perturbations: Sequence[Perturbation],
    ) -> None:
        """Take a model of its own, whose trunk is the first body with a free joint; it is changed from now on.

        Raises:
            PerturbationError: one of the perturbations cannot happen to this robot.
        """
        check(perturbations, anatomy)
        self.anatomy, self.model, self.data = anatomy, model, data
        self._writer = ConditionWriter(model, anatomy)
        self._timeline = Timeline[C](Condition(terrain=terrain), perturbations, float(model.opt.timestep))

    def timestep(self) -> float:
        """Return the physics step [s]."""
        return self._timeline.timestep

    def time(self) -> float:
        """Return the time since the last reset [s]."""
        return self._timeline.time

    @property
    def steps(self) -> int:
        """Physics steps since the last reset."""
        return self._timeline.steps

    @property
    def condition(self) -> Condition:
        """What is perturbed now."""
        return self._timeline.condition

    @property
    def qpos(self) -> FloatArray:
        """Generalised positions (nq,), a copy: what a renderer needs."""
        return np.array(self.data.qpos)

    @property
    def position(self) -> FloatArray:
        """Trunk origin in ground axes (3,) [m]."""
        return np.array(self.data.qpos[:3])

    @property
    def quaternion(self) -> FloatArray:
        """Trunk attitude relative to the ground, wxyz (4,)."""
        return np.array(self.data.qpos[3:7])

    @property
    def level_quaternion(self) -> FloatArray:
        """Trunk attitude relative to true vertical, wxyz (4,): what an IMU can know."""
        if self.condition.slope == 0.0:
            return self.quaternion
        turned = np.empty(4)
        mujoco.mju_mulQuat(turned, ground_to_level(self.condition), self.data.qpos[3:7])
        return turned

    @property
    def velocity(self) -> FloatArray:
        """Velocity of the trunk origin in ground axes (3,) [m/s]."""
        return np.array(self.data.qvel[:3])

    @property
    def gyro(self) -> FloatArray:
        """Angular velocity in body axes (3,) [rad/s]."""
        return np.array(self.data.qvel[3:6])


def is_rough(terrain: Terrain, perturbations: Sequence[Perturbation]) -> bool:
    """Whether a model needs a height field."""
    intact = Condition(terrain=terrain)
    return any(condition.terrain.roughness > 0.0 for condition in (intact, *(p.change(intact) for p in perturbations)))
