"""Hidden goals: what a run is worth, while neither model nor planner nor cost is told what is wanted.

Beside hidden dynamics the meta-learning literature has hidden rewards: a planar cheetah that should run at a speed, or
in a direction, which only its reward gives away (Finn et al. 2017, https://arxiv.org/abs/1703.03400, section 5.3). Here
the speed is that of the crawler. It cannot run backwards (its motors turn one way), so the two-sided goal is the side
to turn to. The model has a reward channel, adapts it like any other, and plans on what it predicts there.

A reward is for what the state before the step shows, R(s), so the state vector shows what is judged: the mean speed and
yaw rate over the last period. Rewards for motion that a model has to guess hide the goal behind its own errors: at a
steady pace nothing tells a robot that is too slow from one that is too fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from controller.settings.layers import nearest
from dynamics.transitions import FloatArray
from hardware.channels import Channel
from hardware.spec import RobotSpec

SPEED_UNIT = 0.1
"""Distance from the wanted speed that costs a reward of 1 [m/s]."""
TURN_UNIT = 2.4
"""Yaw rate to the wanted side that is worth 1 [rad/s]: what a fast motor beside a slow one can hold."""
SHOWN = (Channel("mean_speed", "m/s", "vector"), Channel("mean_yaw_rate", "rad/s", "vector"))
"""What is judged, over the period that led to a state: forwards in the heading frame at its start, and to the left."""
AVERAGE = 0.5
"""Time over which rewards are averaged to tell whether a goal is found [s]: a few strides, whose swing evens out."""


@dataclass(frozen=True)
class GoalFamily:
    """Goals that differ in one number.

    Attributes:
        name: of the course that hides such a goal.
        key: what the number is called.
        two_sided: only these two are goals, nothing between them.
        worth: reward of goals (...), forward speeds (...) [m/s] and yaw rates (...) [rad/s].
        best: the largest mean reward that a crawler can hold.
        tolerance: how far below that an average may be where the goal counts as found.
    """

    name: str
    description: str
    key: str
    low: float
    high: float
    two_sided: bool
    worth: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
    best: float
    tolerance: float

    @property
    def channel(self) -> Channel:
        """The channel of the state vector that holds the reward for the state before."""
        return Channel(f"{self.name}_reward", "1", "signal")

    @property
    def enough(self) -> float:
        """The averaged reward from which on a goal counts as found."""
        return self.best - self.tolerance

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Draw goals (count,), each as likely as any other."""
        if self.two_sided:
            return rng.choice([self.low, self.high], count)
        return rng.uniform(self.low, self.high, count)

    def reward(self, goal: float, speed: float, yaw_rate: float) -> float:
        """Return the reward of one period at a mean forward speed [m/s] and yaw rate [rad/s]."""
        return float(self.worth(*(np.array(value) for value in (goal, speed, yaw_rate))))

    def allows(self, value: float) -> bool:
        """Whether a number is a goal of this family."""
        return value in (self.low, self.high) if self.two_sided else self.low <= value <= self.high


GOALS: dict[str, GoalFamily] = {}
"""Every family of hidden goals by name."""


def register(family: GoalFamily) -> None:
    """Add a family of hidden goals; settings and lists then know it. Raises ValueError where its name is not new."""
    if family.name in GOALS or not family.name.isidentifier():
        raise ValueError(f"goal: expected a new name of letters, digits and _, got {family.name!r}")
    GOALS[family.name] = family


@dataclass(frozen=True)
class HiddenGoal:
    """The goal of one run, which may change once on the way. Raises ValueError for one that its family does not have.

    Attributes:
        value: the goal from the start on.
        later: the goal from `at` on; None keeps the first one.
        at: when it changes, since the start of the run [s].
    """

    family: GoalFamily
    value: float
    later: float | None = None
    at: float = math.inf

    def __post_init__(self) -> None:
        family = self.family
        for key, value in ((family.key, self.value), ("later", self.later)):
            if value is not None and not family.allows(value):
                expected = f"{family.low:g} {'or' if family.two_sided else 'to'} {family.high:g}"
                raise ValueError(f"{family.name}: {key}: expected {expected}, got {value:g}")
        if (self.later is None) != (self.at == math.inf) or not self.at > 0:
            raise ValueError(f"{family.name}: expected later and at > 0 together, got {self.later} and {self.at:g}")

    @property
    def channel(self) -> str:
        """Name of the channel of the state vector that holds the reward."""
        return self.family.channel.name

    def now(self, time: float) -> float:
        """Return the goal at a time since the start [s]."""
        return self.value if self.later is None or time < self.at else self.later

    def __str__(self) -> str:
        change = "" if self.later is None else f",later={self.later:.4g},at={self.at:g}"
        return f"{self.family.name}:{self.family.key}={self.value:.4g}{change}"


def judged(spec: RobotSpec, goal: str | None) -> RobotSpec:
    """Return the facts about a robot whose state vector also holds what is judged for a goal, and its reward."""
    if goal is None:
        return spec
    added = (*SHOWN, GOALS[goal].channel)
    return replace(spec, channels=(*spec.channels, *added), judged=tuple(channel.name for channel in added))


def parse(text: str, rng: np.random.Generator) -> HiddenGoal:
    """Read `family[:key=number[,later=number,at=seconds]]`, and draw what is not given. Raises ValueError."""
    name, _, assignments = text.partition(":")
    if name not in GOALS:
        raise ValueError(f"unknown goal '{name}'; {nearest(name, GOALS)}")
    family, values = GOALS[name], dict[str, float]()
    for assignment in filter(None, assignments.split(",")):
        key, _, number = assignment.partition("=")
        if key not in (family.key, "later", "at"):
            raise ValueError(f"{name}: unknown key '{key}'; {nearest(key, (family.key, 'later', 'at'))}")
        try:
            values[key] = float(number)
        except ValueError:
            raise ValueError(f"{name}: {key}: expected a number, got '{number}'") from None
    drawn = float(family.draw(rng, 1)[0])
    return HiddenGoal(family, values.get(family.key, drawn), values.get("later"), values.get("at", math.inf))


def steps_to_goal(goal: HiddenGoal, rewards: FloatArray, period: float) -> int | None:
    """Return the ticks until the averaged reward is within tolerance of the best and stays there; None if it never is.

    Only the time before a change of the goal counts. The rewards are of ticks 1, 2, ... (T,), a period [s] apart.
    """
    rewards = rewards[: math.ceil(min(goal.at / period, len(rewards)))]
    width = max(1, round(AVERAGE / period))
    if len(rewards) < width:
        return None
    averages = np.convolve(rewards, np.full(width, 1.0 / width), mode="valid")
    missed = np.flatnonzero(~(averages >= goal.family.enough))
    since = int(missed[-1]) + 1 if len(missed) else 0
    return None if since == len(averages) else since + width


register(
    GoalFamily(
        name="hidden_speed",
        description="run at a speed that only the reward gives away [m/s]",
        key="speed",
        low=0.08,
        high=0.25,
        two_sided=False,
        worth=lambda goals, speeds, _: -np.abs(speeds - goals) / SPEED_UNIT,
        best=0.0,
        tolerance=0.3,
    )
)
register(
    GoalFamily(
        name="hidden_turn",
        description="turn to the side that only the reward gives away: 1 is left, -1 right",
        key="side",
        low=-1.0,
        high=1.0,
        two_sided=True,
        worth=lambda goals, _, yaw_rates: goals * yaw_rates / TURN_UNIT,
        best=1.0,
        tolerance=0.3,
    )
)
