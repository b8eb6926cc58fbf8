"""The course without a path that the literature runs: forwards along x, as fast as it goes, at a price on effort.

`forward:effort=0.05,alive=0.05` is its text; its reward is what the papers' bodies are paid each step: mean speed since
the last one less effort times the squared actions, as shares of what each may be, and more for being there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from controller.courses.lead import Wanted
from controller.courses.paths import START, Executed, Progress
from controller.settings.layers import nearest
from dynamics.transitions import FloatArray
from planners.costs.forward import ForwardCost
from planners.costs.path import ExcessPrice

NAME = "forward"
DESCRIPTION = "as fast as it goes along x; effort= and alive= are what a squared action costs, and what a step earns"


@dataclass(frozen=True)
class Reward:
    """What a step is worth beside its speed."""

    effort: float = 0.1
    """Price of an action at the end of its range, squared in between [m/s]."""
    alive: float = 0.0
    """What every step earns [m/s]."""


@dataclass(frozen=True)
class Forward:
    """A run along x.

    Attributes:
        largest: what each action may be at most, either way (A,).
        tilt: what leaning costs a plan, and no run; None lets it be free.
        leap: what being high costs a plan, and no run; None lets it be free.
        calm: what squared actions at the ends of their ranges cost a plan beside their price in the reward [m/s].
        change: weights of squared action changes (A,) in plans, and in no run; None lets them be free.
    """

    reward: Reward
    largest: FloatArray
    tilt: ExcessPrice | None = None
    leap: ExcessPrice | None = None
    calm: float = 0.0
    change: FloatArray | None = None
    outline = ()
    end = math.inf

    def locate(self, pose: FloatArray, previous: Progress = START, wanted: Wanted | None = None) -> Progress:
        """Return x as progress; there is no path to be off."""
        return Progress(float(pose[0]), math.nan, math.nan, math.nan)

    def cost(
        self, progress: Progress, step: float, pose: tuple[int, int, int], previous_action: FloatArray | None = None
    ) -> ForwardCost:
        """Return the cost of candidates; without an action before, the first change is free."""
        effort, alive = (self.reward.effort + self.calm) / self.largest**2, self.reward.alive
        return ForwardCost(pose[0], step, effort, alive, self.tilt, self.leap, self.change, previous_action)

    def executed_cost(self, done: Executed) -> float:
        """Return the cost of the step that led from one progress to another; an action that is not known costs none."""
        share = np.zeros(1) if done.action is None else done.action / self.largest
        effort = self.reward.effort * float(np.square(share).sum())
        return effort - self.reward.alive - (done.after.s - done.before.s) / done.step


def parse(text: str) -> Reward:
    """Read `forward[:effort=number,alive=number]`. Raises ValueError."""
    reward, names = Reward(), [field.name for field in fields(Reward)]
    for assignment in filter(None, text.partition(":")[2].split(",")):
        key, _, number = assignment.partition("=")
        if key not in names:
            raise ValueError(f"{NAME}: unknown key '{key}'; {nearest(key, names)}")
        try:
            value = float(number)
        except ValueError:
            raise ValueError(f"{NAME}: {key}: expected a number, got '{number}'") from None
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{NAME}: {key}: expected zero or a positive number, got '{number}'")
        reward = replace(reward, **{key: value})
    return reward
