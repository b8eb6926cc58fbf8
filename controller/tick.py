"""What goes in and out of a tick of the controller, and what it remembers in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from controller.courses.paths import START, Progress
from dynamics.adapters.base import Adapted
from dynamics.transitions import FloatArray, History
from hardware.embodiment import rest_action
from hardware.schedule import ActionSchedule
from hardware.spec import RobotSpec
from hardware.steering import Velocity
from planners.plan import Plan


@dataclass(frozen=True)
class Actions:
    """What the actions of a robot may be.

    Attributes:
        low: smallest actions (A,).
        high: largest actions (A,).
        rest: actions of the safe pose (A,), under way before the first plan.
    """

    low: FloatArray
    high: FloatArray
    rest: FloatArray

    @classmethod
    def of(cls, spec: RobotSpec) -> Self:
        """Return those of a robot."""
        low, high = (np.array([getattr(action, end) for action in spec.actions]) for end in ("low", "high"))
        return cls(low, high, rest_action(spec))

    @property
    def range(self) -> FloatArray:
        """From the smallest to the largest (A,)."""
        return self.high - self.low


@dataclass(frozen=True)
class Observation:
    """What the plan loop learns at a tick boundary.

    Attributes:
        time: host clock [s].
        state: (S,) state vector.
        applied: (A,) the action that was held over the tick that just ended; None at the first tick, after a gap, or
            when the servo played something else.
        wanted: how the robot should move, where it is steered.
    """

    time: float
    state: FloatArray
    applied: FloatArray | None
    wanted: Velocity | None = None


@dataclass(frozen=True)
class TickResult:
    """What one tick decided, and why.

    Attributes:
        schedule: what the servo plays from now on.
        plan: the planner's answer.
        action: (A,) the first action that this plan decided.
        status: `ok` or what went differently, for counting.
        error_prior: normalised one-step error of the un-adapted model on the newest transition, None without one.
        error_adapted: the same of the model as adapted before that transition was seen.
        rejected: the adapted weights had been worse than the prior lately, so the prior was used.
        adaptation: `ok`, or why the adapted weights owe nothing to the newest window.
        belief: what the adapter takes the condition to be, where it says.
        progress: where on the course the robot is.
        cost: the course's cost of the step that just ended.
    """

    schedule: ActionSchedule
    plan: Plan
    action: FloatArray
    status: str
    error_prior: float | None
    error_adapted: float | None
    rejected: bool
    progress: Progress
    cost: float
    adapt_ms: float
    plan_ms: float
    tick_ms: float
    adaptation: str = "ok"
    belief: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """All that a controller carries from tick to tick; starting again from the initial one is a reset."""

    history: History
    adapted: Adapted
    state: FloatArray | None = None
    plan: Plan | None = None
    schedule: ActionSchedule | None = None
    progress: Progress = START
    errors: tuple[tuple[float, float], ...] = ()
