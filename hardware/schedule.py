"""What the servo plays while the planner thinks: actions at absolute times, with an end.

A schedule is safe to keep playing: past its last knot it holds, then fades to rest, and at `expires` it is over.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np

from hardware.feedback import Feedback, Guide
from hardware.robot import FloatArray

HOLD_SHARE = 0.5
"""Share of the time between the last knot's end and `expires` in which the last action is held; then it fades."""
_KNOT_TOLERANCE = 1e-6
"""Share of a step by which a time may fall short of a knot and still count as reached (rounding of t0 + k*period)."""


class Rung(enum.Enum):
    """Where on the way from a good plan to damping the robot is, best first."""

    PLAN = "plan"
    HOLD = "hold"
    FADE = "fade"
    POSE = "pose"
    """No plan is wanted: the robot stands up, stands or sits down."""
    DAMP = "damp"


@dataclass(frozen=True)
class ActionSchedule:
    """Actions at absolute times: knot h is played over [start + h*step, start + (h+1)*step).

    Raises:
        ValueError: the times are not finite, the step is not positive, or the actions are not (H >= 1, A).
    """

    start: float
    """Host clock at the first knot [s]."""
    step: float
    """Length of a knot [s]."""
    actions: FloatArray
    """(H, A), in the units of `RobotSpec.actions`."""
    expires: float
    """Host clock after which nothing of this schedule is played [s]."""
    feedback: Feedback | None = None
    """How its first knots follow the robot's state; None plays them as they are."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.expires)):
            raise ValueError(f"ActionSchedule: expected finite times, got start {self.start}, expires {self.expires}")
        if not (math.isfinite(self.step) and self.step > 0.0):
            raise ValueError(f"ActionSchedule.step: expected a positive number of seconds, got {self.step}")
        if self.actions.ndim != 2 or len(self.actions) == 0:
            raise ValueError(f"ActionSchedule.actions: expected shape (H >= 1, A), got {self.actions.shape}")

    @property
    def end(self) -> float:
        """Host clock at which the last knot is over [s]."""
        return self.start + len(self.actions) * self.step

    def rung(self, time: float) -> Rung:
        """Return what this schedule amounts to at a time [s]."""
        if not time < self.expires:
            return Rung.DAMP
        if self._knots(time) < len(self.actions):
            return Rung.PLAN
        return Rung.HOLD if time < self._fade_start else Rung.FADE

    def action(self, time: float, rest: FloatArray) -> FloatArray | None:
        """Return the action (A,) to play at a time [s]; None means damping.

        Before its start a schedule plays its first knot.

        Args:
            time: Host clock [s].
            rest: Action of the safe pose (A,), the end of the fade.
        """
        match self.rung(time):
            case Rung.PLAN:
                return np.array(self.actions[int(max(0.0, self._knots(time)))], dtype=np.float64)
            case Rung.HOLD:
                return np.array(self.actions[-1], dtype=np.float64)
            case Rung.FADE:
                left = (self.expires - time) / (self.expires - self._fade_start)
                with np.errstate(all="ignore"):  # the guard refuses what is not finite
                    return np.asarray(rest + left * (self.actions[-1] - rest), dtype=np.float64)
            case Rung.DAMP | Rung.POSE:
                return None

    def guide(self, time: float) -> Guide | None:
        """Return what the action at a time [s] follows; None where it is played as it is."""
        if self.feedback is None or self.rung(time) is not Rung.PLAN:
            return None
        return self.feedback.guide(self._knots(time))

    def _knots(self, time: float) -> float:
        """Return the time since the start in steps."""
        return (time - self.start) / self.step + _KNOT_TOLERANCE

    @property
    def _fade_start(self) -> float:
        return self.end + HOLD_SHARE * (self.expires - self.end)
