"""The rhythm of the plan loop, and how far and how carefully a plan looks ahead."""

from __future__ import annotations

from dataclasses import dataclass, field

from planners.problem import CHUNK, LARGEST, Risk
from sim.strict import at_least, require, within

_MOST_STEPS = 200
"""Ten seconds of a crawler; a search over more fills memory and time."""
_GRACE = 0.4
"""Share of the period that a search may be late by where other work, or the host, held it up; a plan is due after 1."""


@dataclass(frozen=True)
class ControlSettings:
    """The rhythm of the plan loop.

    Attributes:
        rate_hz: ticks per second; the model's step is one tick.
        horizon: steps the planner looks ahead H.
        delay_ticks: ticks between observing and the first action that the new plan decides D; may be a part of one.
        budget: share of the period into which searches are fitted by making them smaller; real time only.
        change: what it costs to move one action over its whole range from one step to the next; paths, and `forward`,
            where it is no part of the reward.
        distance: what distance to a path costs, as a share of the course's own price; paths only.
        heading: the same of a heading error.
        integral: share of what distance to a path remains by which plans aim further to its other side, a second [1/s].
        tilt: what a squared radian of tilt beyond `upright` costs a step: a plan then sees a fall coming; paths, and
            `forward`, where it is no part of the reward.
        upright: tilt that costs nothing [rad].
        leap: what a squared metre of height above `height` costs a step of a plan; `forward` only, and no part of the
            reward. A leap's landing is often further away than a plan looks.
        height: height of the trunk that costs nothing [m].
        calm: what an action at the end of its range costs a step of a plan beside its price in the reward, squared in
            between [m/s]; `forward` only.
        trust: ticks over which adapted and prior prediction errors are compared; the prior is used while it was better.
        feedback: share of a plan's gains with which the servo follows the state between plans; 0 plays actions as they
            were planned. Of the planners only `rti` and `hybrid` know gains.
        stuck: time without getting on along a path after which a run is stopped [s]; 0 never stops one.
        stop_on: causes, as its diagnosis names them, that a robot cannot walk with: once sure of one, it is stopped.
        expiry: periods after its last action at which a schedule is over and the robot damps.
        risk: how the members of an ensemble make one cost.
        chunk: most candidates that are evaluated between two looks at the clock.
    """

    rate_hz: float = 20.0
    horizon: int = 12
    delay_ticks: float = 1
    budget: float = 0.4
    change: float = 0.0
    distance: float = 1.0
    heading: float = 1.0
    integral: float = 0.0
    tilt: float = 0.0
    upright: float = 0.35
    leap: float = 0.0
    height: float = 1.0
    calm: float = 0.0
    trust: int = 8
    feedback: float = 0.0
    stuck: float = 0.0
    stop_on: tuple[str, ...] = ()
    expiry: float = 4.0
    risk: Risk = field(default_factory=Risk)
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        for key, least in (("horizon", 1), ("trust", 1), ("delay_ticks", 0)):
            within(key, least, getattr(self, key), _MOST_STEPS)
        within("chunk", 1, self.chunk, LARGEST)
        at_least(
            self, 0, "calm", "change", "distance", "heading", "height", "integral", "leap", "stuck", "tilt", "upright"
        )
        require(0 < self.rate_hz <= 500, "rate_hz", "more than 0 and at most 500", self.rate_hz)
        require(0 < self.budget <= 1, "budget", "a share in (0, 1]", self.budget)
        require(0 <= self.feedback <= 1, "feedback", "a share in [0, 1]", self.feedback)
        require(self.expiry > 0, "expiry", "a positive number of periods", self.expiry)

    @property
    def latest(self) -> float:
        """Share of the period after which a search that takes longer than expected is cut off; real time only."""
        return min(self.budget + _GRACE, 1.0)
