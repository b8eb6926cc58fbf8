"""Any simulated robot as a dm_env environment, for agents that are not ours.

One group of observations for each kind of sensor, every one with its spec; the reward is forward speed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields

import dm_env
import numpy as np
from dm_control.rl import control
from dm_env import specs

from sim.bodies.base import Physics, Setpoints, SimulationError
from sim.bodies.factory import simulate
from sim.bodies.sensors import Reading
from sim.perturbations import Perturbation
from sim.robots.anatomy import Anatomy
from sim.strict import require
from sim.terrain import FloatArray, preset

_FALLEN = math.cos(math.radians(70.0))
_ROUNDING = 1e-6
"""Share of its range by which an action may miss its bounds: agents compute in single precision."""


@dataclass(frozen=True)
class Actions:
    """What an agent may ask of each motor, in the unit of what the motors follow: rad/s, rad or N m."""

    low: Sequence[float]
    high: Sequence[float]
    kp: float = 0.0
    """Of motors that follow angles [N m/rad]."""
    kd: float = 0.0
    """[N m s/rad]"""


class RunForward(control.Task):  # type: ignore[misc]
    """Run along the ground's x axis: reward is the speed along it [m/s]; a fall ends the episode with discount 0.

    Observations are the fields of `sim.bodies.sensors.Reading` that the robot measures.
    """

    def __init__(self, actions: Actions, rng: np.random.Generator) -> None:
        """Take the bounds of the actions; start poses and sensor noise come from `rng`."""
        self._actions, self._rng = actions, rng
        self._low, self._high = np.array(actions.low, np.float64), np.array(actions.high, np.float64)

    def initialize_episode(self, physics: Physics) -> None:
        physics.reset(rng=self._rng)

    def before_step(self, action: FloatArray, physics: Physics) -> None:
        """Send the set-points of the motors (n_motors,); raises ValueError unless they are within the bounds."""
        given, slack = np.asarray(action), _ROUNDING * (self._high - self._low)
        real = given.dtype.kind in "fiu" and not isinstance(action, np.ma.MaskedArray)
        action = given.astype(np.float64) if real else np.empty(0)
        if action.shape != slack.shape or not ((action >= self._low - slack) & (action <= self._high + slack)).all():
            raise ValueError(f"action: expected {slack.shape} within {self._low} and {self._high}, got {given}")
        none = np.zeros(len(action))
        match physics.anatomy.servo:
            case "velocity":
                physics.command(Setpoints.speeds(action))
            case "position":
                gains = (none + self._actions.kp, none + self._actions.kd)
                physics.command(Setpoints(action, none, none, *gains))
            case "torque":
                physics.command(Setpoints(none, none, action, none, none))

    def action_spec(self, physics: Physics) -> specs.BoundedArray:
        motors = "\t".join(physics.anatomy.motors)
        return specs.BoundedArray(self._low.shape, np.float64, self._actions.low, self._actions.high, name=motors)

    def get_observation(self, physics: Physics) -> OrderedDict[str, FloatArray]:
        return _groups(physics.measure(self._rng))

    def observation_spec(self, physics: Physics) -> OrderedDict[str, specs.Array]:
        groups = _groups(physics.reading())
        return OrderedDict((name, specs.Array(value.shape, np.float64, name=name)) for name, value in groups.items())

    def get_reward(self, physics: Physics) -> float:
        return float(physics.velocity[0])

    def get_termination(self, physics: Physics) -> float | None:
        """Return 0 when the robot lies on its side or back, else None."""
        _, x, y, _ = physics.quaternion.tolist()
        return 0.0 if 1.0 - 2.0 * (x * x + y * y) < _FALLEN else None


class Episodes(control.Environment):  # type: ignore[misc]
    """An environment whose physics fails with the error that dm_control's agents catch."""

    def step(self, action: FloatArray) -> dm_env.TimeStep:
        try:
            return super().step(action)
        except SimulationError as error:
            raise control.PhysicsError(str(error)) from error


def make(
    anatomy: Anatomy,
    actions: Actions,
    rng: np.random.Generator,
    terrain: str = "flat",
    perturbations: Sequence[Perturbation] = (),
    seconds: float = 20.0,
    rate_hz: float = 20.0,
) -> control.Environment:
    """Return an environment that runs episodes of `seconds` with actions at `rate_hz`.

    Raises:
        ValueError: no such terrain, a perturbation that cannot happen to this robot, or bounds, a rate or a length that
            cannot be.
    """
    count = len(anatomy.motors)
    for name, bounds in (("low", actions.low), ("high", actions.high)):
        require(np.shape(bounds) == (count,), f"actions.{name}", f"{count} numbers, one a motor", np.shape(bounds))
    for low, high in zip(actions.low, actions.high, strict=True):
        require(-math.inf < low < high < math.inf, "actions", "finite bounds, low below high", f"{low} and {high}")
    known = all(isinstance(item, Perturbation) for item in perturbations)
    require(known, "perturbations", "what sim.perturbations.parse returns", perturbations)
    require(isinstance(rng, np.random.Generator), "rng", "a generator, as numpy.random.default_rng returns", rng)
    require(0.0 < rate_hz < math.inf, "rate_hz", "a positive number", rate_hz)
    require(1.0 / rate_hz <= seconds < math.inf, "seconds", "at least one action", seconds)
    physics = simulate(anatomy, preset(terrain), perturbations)
    return Episodes(physics, RunForward(actions, rng), time_limit=seconds, control_timestep=1.0 / rate_hz)


def _groups(reading: Reading) -> OrderedDict[str, FloatArray]:
    """Return what is measured, by field."""
    groups = ((item.name, np.atleast_1d(getattr(reading, item.name))) for item in fields(reading))
    return OrderedDict((name, value) for name, value in groups if np.isfinite(value).all())
