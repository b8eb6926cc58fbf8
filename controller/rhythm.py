"""The rhythm of the plan loop, and how far and how carefully a plan looks ahead."""

from __future__ import annotations

from dataclasses import dataclass, field

from planners.problem import CHUNK
from planners.risk import Risk


@dataclass(frozen=True)
class ControlSettings:
    """The rhythm of the plan loop.

    Attributes:
        rate_hz: ticks per second; the model's step is one tick.
        horizon: steps the planner looks ahead H.
        delay_ticks: ticks between observing and the first action that the new plan decides D.
        budget: share of the period after which the planner must answer with the best so far; real time only.
        change: what it costs to move one action over its whole range from one step to the next; paths only.
        trust: ticks over which adapted and prior prediction errors are compared; the prior is used while it was better.
        expiry: periods after its last action at which a schedule is over and the robot damps.
        risk: how the members of an ensemble make one cost.
        chunk: most candidates that are evaluated between two looks at the clock.
    """

    rate_hz: float = 20.0
    horizon: int = 12
    delay_ticks: int = 1
    budget: float = 0.4
    change: float = 0.0
    trust: int = 8
    expiry: float = 4.0
    risk: Risk = field(default_factory=Risk)
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        for name, least in (("horizon", 1), ("delay_ticks", 0), ("trust", 1), ("chunk", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, got {getattr(self, name)}")
        if not 0 < self.rate_hz <= 500:
            raise ValueError(f"rate_hz: expected more than 0 and at most 500, got {self.rate_hz}")
        if not 0 < self.budget <= 1:
            raise ValueError(f"budget: expected a share in (0, 1], got {self.budget}")
        if not self.change >= 0:
            raise ValueError(f"change: expected a price of 0 or more, got {self.change}")
        if not self.expiry > 0:
            raise ValueError(f"expiry: expected a positive number of periods, got {self.expiry}")
