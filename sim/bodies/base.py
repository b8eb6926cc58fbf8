"""A simulated robot: a body with a condition, and a time line of what happens to it and what it is told.

Between two events a whole stretch of time is one call into MuJoCo: what servoes the motors is part of the model.
"""

from __future__ import annotations

import abc
import contextlib
import copy
import functools
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Never, Self

import mujoco
import numpy as np

from sim.bodies.root import Root
from sim.bodies.sensors import Reading, Sensors
from sim.conditions.condition import Condition
from sim.conditions.writer import ConditionWriter, ground_to_level
from sim.perturbations import Perturbation, check
from sim.perturbations.timeline import Timeline
from sim.robots.anatomy import Anatomy
from sim.robots.mjcf import version
from sim.robots.parts import compiled
from sim.terrain import FloatArray, Terrain

# Else MuJoCo writes to a file of its own; what matters of it comes as a SimulationError.
mujoco.set_mju_user_warning(logging.getLogger(__name__).debug)

Pose = Sequence[float] | FloatArray
"""Angles of the motors (n_motors,) [rad]."""
Build = Callable[[Anatomy, Terrain, bool], mujoco.MjSpec]
"""What puts a robot above a ground, which can be rough if asked."""
_NOTHING = object()
"""In place of the command that the model follows: it has to be written again."""


class SimulationError(RuntimeError):
    """The physics left the range in which it means anything."""


@dataclass(frozen=True)
class Setpoints:
    """What motors follow, each (n_motors,): kp (position - angle) + kd (velocity - speed) + torque, SI units.

    Motors that follow speeds read `velocity` alone.
    """

    position: FloatArray
    velocity: FloatArray
    torque: FloatArray
    kp: FloatArray
    kd: FloatArray

    @classmethod
    def speeds(cls, velocity: FloatArray) -> Setpoints:
        """Return set-points for motors that follow speeds (n_motors,) [rad/s]; the array is copied."""
        none = np.zeros(len(velocity))
        return cls(none, np.array(velocity, dtype=np.float64), none, none, none)


class Physics(abc.ABC):
    """One simulated robot. Times count from the last reset.

    A slope tilts gravity: axes x, y, z are those of the *ground*, as if the capture system were calibrated by a square
    laid on the floor, so courses stay in the plane z = 0 whatever the slope.
    """

    sensors: Sensors

    def __init__(self, anatomy: Anatomy, build: Build, terrain: Terrain, perturbations: Sequence[Perturbation]) -> None:
        """Let `build` make the intact robot on `terrain`; perturbations act at their own times. To be reset first.

        Raises:
            PerturbationError: one of the perturbations cannot happen to this robot.
            ValueError: what is built is not this robot.
        """
        check(perturbations, anatomy)
        rough = _is_rough(terrain, perturbations)
        model = copy.copy(_intact(anatomy, build, terrain, rough, version(anatomy.body)))
        self.anatomy, self.model, self.data = anatomy, model, mujoco.MjData(model)
        self.root = Root(model, anatomy.trunk, anatomy.root)
        """How its trunk moves."""
        joints = [model.joint(motor) for motor in anatomy.motors]
        self.angles = np.array([joint.qposadr[0] for joint in joints])
        """Where the motors' angles are in `qpos`."""
        self.speeds = np.array([joint.dofadr[0] for joint in joints])
        """Where their speeds are in `qvel`."""
        self._writer = ConditionWriter(model, anatomy)
        intact = Condition(terrain=terrain, delay=anatomy.latency)
        self._timeline = Timeline[Setpoints](intact, perturbations, float(model.opt.timestep))
        self._followed: object = _NOTHING

    def __getstate__(self) -> Never:
        """Refuse to be copied or pickled: a copy's condition would be written to another model than the copy's."""
        name = type(self).__name__
        raise TypeError(f"{name}: cannot be copied or pickled, for its conditions write to this model; make another")

    @abc.abstractmethod
    def reset(self, pose: Pose | None = None, rng: np.random.Generator | None = None) -> None:
        """Go back to time zero, at rest at the origin, heading along x, no foot below the ground.

        Args:
            pose: angles of the motors (n_motors,) [rad]; None takes those that the robot usually starts in.
            rng: source of a pose that is not given, for robots that start in any.
        """

    @abc.abstractmethod
    def reading(self) -> Reading:
        """Return what perfect sensors would read."""

    @abc.abstractmethod
    def _follow(self) -> None:
        """Write what the motors follow now into the model."""

    @abc.abstractmethod
    def _advance(self, steps: int) -> None:
        """Let MuJoCo take some steps in which nothing happens."""

    def measure(self, rng: np.random.Generator) -> Reading:
        """Return what its sensors read; always draws the same number of values."""
        return self.sensors.measure(self.reading(), self.condition, rng)

    @contextlib.contextmanager
    def reset_context(self) -> Iterator[Self]:
        """Let dm_control's environment reset the robot inside the context."""
        yield self

    def command(self, setpoints: Setpoints | None, expires: float = math.inf) -> None:
        """Follow set-points until a time [s], then brake or be damped; None does so at once.

        The condition's delay applies, to the end of the command as well.
        """
        if self._timeline.send(setpoints, expires):
            self._obey()

    def expect(self, perturbations: Sequence[Perturbation]) -> None:
        """Let these act in place of those before; what would have begun or ended by now does so at the next step.

        Raises:
            PerturbationError: one of them cannot happen to this robot.
            ValueError: one makes the ground uneven, and the model has no height field for that.
        """
        check(perturbations, self.anatomy)
        if not self.model.nhfield and _is_rough(self.condition.terrain, perturbations):
            raise ValueError("perturbations: expected even ground, as the model was built for, got one that is not")
        self._timeline.expect(perturbations)

    def step(self, count: int = 1) -> None:
        """Advance by some physics steps. Raises SimulationError when the state is not finite or MuJoCo calls it bad."""
        timeline, began = self._timeline, self.data.time
        target = timeline.steps + count
        while timeline.steps < target:
            stretch = timeline.next_event(target) - timeline.steps
            self._advance(stretch)
            timeline.steps += stretch
            if timeline.meet():
                self._writer.write(timeline.condition, self.data)
                self._followed = _NOTHING
            if timeline.command is not self._followed:
                self._obey()
        passed = self.data.time - began  # MuJoCo starts afresh when a state is not finite or far too large
        if not abs(passed - count * timeline.timestep) < 0.5 * timeline.timestep:
            raise SimulationError(f"physics at {self.time():.3f} s: the state is not finite or far too large")

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
        return self.root.position(self.data.qpos)

    @property
    def quaternion(self) -> FloatArray:
        """Trunk attitude relative to the ground, wxyz (4,)."""
        return self.root.quaternion(self.data.qpos)

    @property
    def pitch(self) -> float:
        """How far a trunk in a plane has turned, full turns and all [rad]; NaN where it moves freely."""
        return self.root.pitch(self.data.qpos)

    @property
    def level_quaternion(self) -> FloatArray:
        """Trunk attitude relative to true vertical, wxyz (4,): what an IMU can know."""
        if self.condition.slope == 0.0:
            return self.quaternion
        turned = np.empty(4)
        mujoco.mju_mulQuat(turned, ground_to_level(self.condition), self.quaternion)
        return turned

    @property
    def velocity(self) -> FloatArray:
        """Velocity of the trunk origin in ground axes (3,) [m/s]."""
        return self.root.velocity(self.data.qvel)

    @property
    def gyro(self) -> FloatArray:
        """Angular velocity in body axes (3,) [rad/s]."""
        return self.root.gyro(self.data.qvel)

    @property
    def motor_position(self) -> FloatArray:
        """Unwrapped angles of the motors (n_motors,) [rad]."""
        return np.asarray(self.data.qpos[self.angles])

    @property
    def motor_velocity(self) -> FloatArray:
        """Speeds of the motors (n_motors,) [rad/s]."""
        return np.asarray(self.data.qvel[self.speeds])

    def _restart(self) -> None:
        """Go back to time zero on the time line, and write what holds there."""
        self._timeline.restart()
        self._writer.write(self.condition, self.data, begins=True)
        self._obey()

    def _obey(self) -> None:
        self._followed = self._timeline.command
        self._follow()


@functools.lru_cache(maxsize=8)
def _intact(
    anatomy: Anatomy, build: Build, terrain: Terrain, rough: bool, _: tuple[Path, int] | None
) -> mujoco.MjModel:
    """Return the model of a robot; one whose file is of another version (the last) is read again."""
    return compiled(build(anatomy, terrain, rough))


def _is_rough(terrain: Terrain, perturbations: Sequence[Perturbation]) -> bool:
    """Whether a model needs a height field."""
    intact = Condition(terrain=terrain)
    return any(condition.terrain.uneven for condition in (intact, *(p.change(intact) for p in perturbations)))
