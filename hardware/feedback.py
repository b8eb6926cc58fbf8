"""Following a plan between plans: what the robot is off the states that were predicted corrects the actions played.

    u = u_planned + K d,  within bounds          d = s - s_predicted, smoothed

A plan begins later than the state that it was made for; its gains K say how it would have decided had it known more.
What is measured is noisy, so deviations are smoothed: without that nothing is gained, see docs/results.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.robot import FloatArray
from hardware.spec import RobotSpec

SMOOTHING = 0.5
"""Time constant over which deviations are smoothed, in knots."""


class Guide(NamedTuple):
    """What an action follows at one time."""

    predicted: FloatArray
    """(S,)."""
    gain: FloatArray
    """(A, S)."""


@dataclass(frozen=True)
class Feedback:
    """How K knots of a schedule follow the robot's state. Raises ValueError where shapes do not belong together."""

    states: FloatArray
    """Predicted at the beginning and the end of each knot (K, 2, S), SI units in the order of `RobotSpec.channels`."""
    gains: FloatArray
    """(K, A, S)."""
    first: int = 0
    """Which knot of the schedule is the first of them."""

    def __post_init__(self) -> None:
        knots, _, size = self.gains.shape
        if self.states.shape != (knots, 2, size):
            raise ValueError(f"Feedback.states: expected shape {(knots, 2, size)}, got {self.states.shape}")
        if self.first < 0:
            raise ValueError(f"Feedback.first: expected a knot of the schedule, got {self.first}")

    def guide(self, knots: float) -> Guide | None:
        """Return what is followed so many knots after the start of the schedule, if anything is then."""
        since = knots - self.first
        if not 0.0 <= since < len(self.gains):
            return None
        knot = int(since)
        share, (begin, end) = since - knot, self.states[knot]
        return Guide(begin + share * (end - begin), self.gains[knot])


def deviation(state: FloatArray, predicted: FloatArray, turning: NDArray[np.intp]) -> FloatArray:
    """Return how far a state (S,) is off the predicted one; full turns of the turning channels mean nothing."""
    with np.errstate(all="ignore"):
        off = state - predicted
        off[turning] -= 2.0 * np.pi * np.rint(off[turning] / (2.0 * np.pi))
    return off


def corrected(action: FloatArray, gain: FloatArray, off: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return what becomes of an action (A,) within bounds; the action as it was where that is not finite."""
    with np.errstate(all="ignore"):
        found = np.minimum(np.maximum(action + gain @ off, low), high)
    return found if np.isfinite(found).all() else action


class Follower:
    """Corrects the action of every servo cycle; remembers the deviations of those before."""

    def __init__(self, spec: RobotSpec) -> None:
        kinds, turning = [channel.kind for channel in spec.channels], {"angle", "circular", "pose_yaw"}
        self._turning = np.array([i for i, kind in enumerate(kinds) if kind in turning], dtype=np.intp)
        self._low, self._high = (np.array([getattr(a, end) for a in spec.actions]) for end in ("low", "high"))
        self.reset()

    def reset(self) -> None:
        """Forget what was seen."""
        self._smooth: FloatArray | None = None
        self._time = -math.inf

    def follow(self, action: FloatArray, guide: Guide, state: FloatArray, now: float, step: float) -> FloatArray:
        """Return the action (A,) to play.

        Args:
            action: as planned (A,).
            guide: what it follows.
            state: as measured (S,); one that is not finite changes nothing.
            now: host clock [s].
            step: length of a knot [s].
        """
        off = deviation(state, guide.predicted, self._turning)
        if not np.isfinite(off).all():
            return action
        if self._smooth is not None:
            share = 1.0 - math.exp(-max(0.0, now - self._time) / (SMOOTHING * step))
            off = self._smooth + share * (off - self._smooth)
        self._smooth, self._time = off, now
        return corrected(action, guide.gain, off, self._low, self._high)
