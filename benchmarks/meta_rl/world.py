"""The half-cheetah of E2 and E4 as model-free methods meet it: our simulated body, stepped without our control loop.

A meta-episode is several episodes in a row under one condition. What RL^2 needs beside the state is part of the
observation: the action and the reward before, and whether an episode has just begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from benchmarks.literature.cells import SETTINGS
from benchmarks.literature.experiments import EXPERIMENTS
from controller.config import RunSettings
from controller.courses import forward
from controller.settings.layers import read_yaml, resolve
from controller.settings.robots import spec
from dynamics.transitions import FloatArray
from sim.bodies.base import Setpoints
from sim.bodies.factory import simulate
from sim.perturbations import Perturbation, sample_condition
from sim.terrain import TERRAINS

Observation = NDArray[np.float32]
FAMILY = "dead_motor"
"""What happens in training, in both experiments."""
_SPEED = 0.1
"""Speeds count as much as angles at 10 m/s and rad/s."""
_MOST = 10.0


@dataclass(frozen=True)
class Task:
    """One experiment, as its runs' settings say it.

    Attributes:
        length: steps of an episode in training.
        episodes: of a meta-episode.
    """

    experiment: str
    length: int = 200
    episodes: int = 2

    @property
    def settings(self) -> RunSettings:
        """Those of our runs: robot, price of effort and rate."""
        file = EXPERIMENTS[self.experiment].settings
        return resolve(RunSettings, [read_yaml(SETTINGS / file)])

    def drawn(self, condition: str, number: int) -> tuple[Perturbation, ...]:
        """Return what happens in one of our test runs: the same draw of the same condition."""
        rng = np.random.default_rng([number, list(EXPERIMENTS).index(self.experiment)])
        return EXPERIMENTS[self.experiment].conditions[condition](rng)


class World(gymnasium.Env[Observation, Observation]):
    """One body. Actions are shares (A,) of the largest torques, rewards those of course `forward`."""

    def __init__(self, task: Task) -> None:
        settings = task.settings
        self.spec_of_robot, self.task = spec(settings.robot), task
        self._reward, self._period = forward.parse(settings.course), 1.0 / settings.control.rate_hz
        self._physics = simulate(self.spec_of_robot.anatomy, TERRAINS["flat"])
        self._steps = round(self._period / self._physics.timestep())
        self._largest, self._none = np.array([action.high for action in self.spec_of_robot.actions]), np.zeros(6)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, self._largest.shape)
        self.observation_space = gymnasium.spaces.Box(-_MOST, _MOST, self._seen(self._none, 0.0, begins=True).shape)

    @property
    def position(self) -> FloatArray:
        """Where its trunk is (3,) [m]."""
        return self._physics.position

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a meta-episode; `options` may say what happens (`perturbations`), else that is drawn as in training."""
        super().reset(seed=seed)
        told: tuple[Perturbation, ...] | None = (options or {}).get("perturbations")
        drawn = sample_condition(self.np_random, FAMILY, "train", self.spec_of_robot.anatomy) if told is None else told
        self.happens = drawn
        """Under which condition it is."""
        self._physics.expect(drawn)
        self._passed = 0
        return self._begun(self._none, 0.0), {}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Hold an action for a step of the experiment."""
        share, before = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0), float(self.position[0])
        self._physics.command(Setpoints(self._none, self._none, share * self._largest, self._none, self._none))
        self._physics.step(self._steps)
        ran = (float(self.position[0]) - before) / self._period
        reward = ran - self._reward.effort * float(np.square(share).sum()) + self._reward.alive
        self._passed += 1
        over = self._passed % self.task.length == 0
        seen = self._begun(share, reward) if over else self._seen(share, reward, begins=False)
        return seen, reward, False, self._passed == self.task.length * self.task.episodes, {}

    def _begun(self, action: FloatArray, reward: float) -> Observation:
        """Put the body back to where it starts, under the same condition."""
        self._physics.reset()
        return self._seen(action, reward, begins=True)

    def _seen(self, action: FloatArray, reward: float, *, begins: bool) -> Observation:
        data = self._physics.data
        height, pitch, speeds = data.qpos[1:2], float(data.qpos[2]), _SPEED * data.qvel
        turned = [np.sin(pitch), np.cos(pitch)]
        parts = [height, turned, data.qpos[3:], speeds, action, [_SPEED * reward, float(begins)]]
        seen: Observation = np.clip(np.concatenate(parts), -_MOST, _MOST).astype(np.float32)
        return seen
