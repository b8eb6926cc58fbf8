"""The crawler as a dm_env environment, for agents that are not ours.

One group of observations for each kind of sensor, every one with its spec; the reward is forward speed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from dm_control.rl import control
from dm_env import specs
from numpy.typing import NDArray

from sim.bodies.crawler import RoachPhysics
from sim.bodies.crawler_sensors import Measurement, measure, truth
from sim.perturbations import Perturbation
from sim.robots.roach import SIDES
from sim.terrain import preset

FloatArray = NDArray[np.float64]

_TURN = 2.0 * math.pi
_SHAPES = {
    "position": (3,),
    "quaternion": (4,),
    "velocity": (3,),
    "gyro": (3,),
    "motor_position": (2,),
    "motor_velocity": (2,),
    "back_emf": (2,),
    "battery": (1,),
}
_FALLEN = math.cos(math.radians(70.0))


class RunForward(control.Task):  # type: ignore[misc]
    """Run along the ground's x axis: reward is the speed along it [m/s]; a fall ends the episode with discount 0.

    The action is the two leg speeds [rad/s], observations are the fields of `sim.bodies.crawler_sensors.Measurement`.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        """Take the source of start poses and sensor noise."""
        self._rng = rng

    def initialize_episode(self, physics: RoachPhysics) -> None:
        """Stand at the origin with cranks at random angles."""
        physics.place(self._rng.uniform(-math.pi, math.pi, len(SIDES)))

    def before_step(self, action: FloatArray, physics: RoachPhysics) -> None:
        """Send the leg speeds (2,)."""
        physics.command(np.asarray(action, dtype=np.float64))

    def action_spec(self, physics: RoachPhysics) -> specs.BoundedArray:
        """Return the bounds of the leg speeds."""
        name = "\t".join(f"speed_{side}" for side in SIDES)
        return specs.BoundedArray((len(SIDES),), np.float64, 2.0 * _TURN, 9.0 * _TURN, name=name)

    def get_observation(self, physics: RoachPhysics) -> OrderedDict[str, FloatArray]:
        """Return one noisy reading of every sensor, by group."""
        reading = measure(truth(physics), physics.condition, self._rng)
        return OrderedDict((item.name, np.atleast_1d(getattr(reading, item.name))) for item in fields(Measurement))

    def observation_spec(self, physics: RoachPhysics) -> OrderedDict[str, specs.Array]:
        """Return one spec for each group."""
        return OrderedDict((name, specs.Array(shape, np.float64, name=name)) for name, shape in _SHAPES.items())

    def get_reward(self, physics: RoachPhysics) -> float:
        """Return the true speed along the ground's x axis [m/s]."""
        return float(physics.velocity[0])

    def get_termination(self, physics: RoachPhysics) -> float | None:
        """Return 0 when the robot lies on its side or back, else None."""
        _, x, y, _ = physics.quaternion.tolist()
        return 0.0 if 1.0 - 2.0 * (x * x + y * y) < _FALLEN else None


def make(
    rng: np.random.Generator,
    terrain: str = "flat",
    perturbations: Sequence[Perturbation] = (),
    seconds: float = 20.0,
    rate_hz: float = 20.0,
) -> control.Environment:
    """Return an environment that runs episodes of `seconds` with actions at `rate_hz`."""
    physics = RoachPhysics(preset(terrain), perturbations)
    return control.Environment(physics, RunForward(rng), time_limit=seconds, control_timestep=1.0 / rate_hz)
