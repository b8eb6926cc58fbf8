"""The course without a path: earn the reward that a hidden goal gives, and nothing else."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from controller.courses.goals import HiddenGoal
from controller.courses.lead import Wanted
from controller.courses.paths import START, Executed, Progress
from dynamics.transitions import FloatArray
from hardware import rotation
from hardware.robot import RobotState
from planners.costs.reward import RewardCost

_SLACK = 1e-6
"""What a comparison of two times forgives [s]."""


@dataclass(frozen=True)
class Pursuit:
    """What a controller knows of a run with a hidden goal: the channel of its state vector that holds the reward."""

    channel: int
    outline = ()
    end = math.inf

    def locate(self, pose: FloatArray, previous: Progress = START, wanted: Wanted | None = None) -> Progress:
        """Return the distance from the start as progress; there is no path to be off."""
        return Progress(math.hypot(*pose[:2].tolist()), math.nan, math.nan, math.nan)

    def cost(
        self, progress: Progress, step: float, pose: tuple[int, int, int], previous_action: FloatArray | None = None
    ) -> RewardCost:
        """Return the cost of candidates: their predicted reward, negative, whatever the action before."""
        return RewardCost(self.channel)

    def executed_cost(self, done: Executed) -> float:
        """Return the cost of the step that led to a state."""
        return -float(done.state[self.channel])


class Reading(NamedTuple):
    """One look at the true motion."""

    time: float
    """Host clock [s]."""
    x: float
    y: float
    yaw: float
    speed: float = 0.0
    """Mean over the period before, forwards [m/s]."""
    yaw_rate: float = 0.0
    """Mean over the period before, to the left [rad/s]."""


class Referee:
    """Watches the true motion and gives rewards; the only one who knows the goal.

    Speeds are means over a control period, because a crawler swings within its stride.

    Args:
        goal: what is wanted.
        period: control period [s].
    """

    def __init__(self, goal: HiddenGoal, period: float) -> None:
        self._goal, self._period = goal, period
        self._seen: deque[Reading] = deque()
        self._start: float | None = None
        self.goal = goal.value
        """What is wanted at the last reading; for models that are told."""

    def __call__(self, truth: RobotState) -> tuple[float, float, float]:
        """Return mean speed and yaw rate over the last period, and the reward for those of the period before."""
        self._start = truth.time if self._start is None else self._start
        self.goal = self._wanted(truth.time)
        while self._seen and truth.time - self._seen[0].time > self._period + _SLACK:
            self._seen.popleft()
        x, y, _ = truth.position.tolist()
        now = Reading(truth.time, x, y, rotation.roll_pitch_yaw(truth.quaternion)[2])
        before = self._seen[0] if self._seen else now
        if now.time - before.time > self._period / 2:
            now = _moved(before, now)
        self._seen.append(now)
        reward = self._goal.family.reward(self._wanted(before.time), before.speed, before.yaw_rate)
        return now.speed, now.yaw_rate, reward

    def _wanted(self, time: float) -> float:
        return self._goal.now(time - (self._start or 0.0) + _SLACK)


def _moved(before: Reading, now: Reading) -> Reading:
    """Return a reading with the mean motion since one about a period ago."""
    elapsed = now.time - before.time
    east, north = now.x - before.x, now.y - before.y
    forward = math.cos(before.yaw) * east + math.sin(before.yaw) * north
    turned = math.remainder(now.yaw - before.yaw, math.tau)
    return now._replace(speed=forward / elapsed, yaw_rate=turned / elapsed)
