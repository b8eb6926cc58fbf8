"""The course without a path or a reward: do as told. Commands come in while the robot runs (`controller.steering`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controller.courses.lead import Pose, Wanted, begun, moved
from controller.courses.paths import START, Executed, Progress
from dynamics.transitions import FloatArray
from hardware.steering import STILL, Steering, Velocity
from planners.costs.path import ExcessPrice, wrapped
from planners.costs.pose import PoseCost, PoseWeights

NAME = "velocity"
"""Of the course."""
DESCRIPTION = "follow commands (v_x, v_y, turn): velocity:FILE.csv, or velocity with --steer SOURCE"
AVERAGE = 0.5
"""Time over which velocities are compared with commands [s]: a few strides, whose swing evens out."""


@dataclass(frozen=True)
class Steered:
    """Follow the leader that does as told.

    Attributes:
        limits: of what the robot can be told.
        delay: ticks between an observation and the first action that its plan decides.
        horizon: steps that a plan looks ahead.
        weights: what being away from the leader costs.
        change: weights of squared action changes (A,), a matter of planning alone; None lets them be free.
        tilt: what leaning costs; None lets it be free.
    """

    limits: Steering
    delay: float
    horizon: int
    weights: PoseWeights = field(default_factory=PoseWeights)
    change: FloatArray | None = None
    tilt: ExcessPrice | None = None
    outline = ()
    end = math.inf

    def locate(self, pose: FloatArray, previous: Progress = START, wanted: Wanted | None = None) -> Progress:
        """Move the leader on; progress is the distance covered forwards, and there is no path to be off."""
        x, y, yaw = pose.tolist()
        at, told = Pose(x, y, yaw), wanted or Wanted(0.0, STILL)
        if previous.lead is None:
            return Progress(0.0, math.nan, math.nan, yaw, begun(at, told))
        before = previous.lead.at
        covered = math.cos(before.yaw) * (x - before.x) + math.sin(before.yaw) * (y - before.y)
        lead = previous.lead.followed(at, told, self.limits)
        return Progress(previous.s + covered, math.nan, math.nan, float(wrapped(lead.expected.yaw)), lead)

    def cost(
        self, progress: Progress, step: float, pose: tuple[int, int, int], previous_action: FloatArray | None = None
    ) -> PoseCost:
        """Return the cost of candidates: of being away from where the leader will be."""
        lead = progress.lead or begun(Pose(0.0, 0.0, 0.0), Wanted(0.0, STILL))
        reference = lead.ahead(self.limits, step, self.delay, self.horizon)
        return PoseCost(reference, self.weights, pose, self.change, previous_action, tilt=self.tilt)

    def executed_cost(self, done: Executed) -> float:
        """Return the cost of one executed step."""
        if done.after.lead is None:
            return 0.0
        at = done.state[[*done.pose]]
        x, y, yaw = (float(is_at - wanted) for is_at, wanted in zip(at, done.after.lead.expected, strict=True))
        leaning = 0.0 if self.tilt is None else float(self.tilt(done.state))
        return self.weights.position * math.hypot(x, y) + self.weights.heading * abs(wrapped(yaw)) + leaning


def velocity_errors(poses: FloatArray, commands: Sequence[Velocity], period: float) -> FloatArray:
    """Return how far a robot at poses (T, 3), a period [s] apart, was from doing as it was told at each (T, 3).

    What is compared is the motion over the half second before a tick, in the frame of its beginning, and what the
    commands of that time come to: the distance per second [m/s] and the angle per second [rad/s], (T, 2). Ticks of the
    first half second have none: NaN.
    """
    width, errors = max(1, round(AVERAGE / period)), np.full((len(poses), 2), np.nan)
    for end in range(width, len(poses)):
        x, y, yaw = poses[end - width]
        wanted = Pose(float(x), float(y), float(yaw))
        for command in commands[end - width : end]:
            wanted = moved(wanted, command, period)
        missed = poses[end] - wanted
        errors[end] = math.hypot(missed[0], missed[1]), abs(wrapped(float(missed[2])))
    return errors / (width * period)
