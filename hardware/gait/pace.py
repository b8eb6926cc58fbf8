"""A trunk that is slower than it was told is pushed, by the feet that stand: what drags it is learned.

The integral part of a controller of velocity. Its output is a force, which the feet share as they share the weight, so
that what slopes and loads take away comes back without longer steps.
"""

from __future__ import annotations

from hardware.legs import Triple

_GAIN, _SPIN = 2.0, 2.0
"""How fast a force grows, as a share of the weight, for an error of velocity [1/m], and of turning [1/m]."""
_FORGET = 20.0
"""Time constant of the way back to nothing learned [s]."""
_MOST, _MOST_SPIN = 0.3, 0.5
"""Largest force as a share of the weight, less than slippery ground bears, and of a turn, a metre aside [1/m]."""


class Pace:
    """Stateful in the forces that the feet give to the ground."""

    def __init__(self) -> None:
        """Push nothing."""
        self.reset()

    def reset(self) -> None:
        """Nothing is learned."""
        self.forward = self.lateral = self.turn = 0.0

    def update(self, forward: float, lateral: float, turn: float, seconds: float) -> None:
        """Take how much slower the trunk is than told [m/s], [m/s], [rad/s], for so long [s]."""
        keep = 1.0 - seconds / _FORGET
        self.forward = min(max(keep * self.forward + _GAIN * seconds * forward, -_MOST), _MOST)
        self.lateral = min(max(keep * self.lateral + _GAIN * seconds * lateral, -_MOST), _MOST)
        self.turn = min(max(keep * self.turn + _SPIN * seconds * turn, -_MOST_SPIN), _MOST_SPIN)

    def force(self, foot: Triple, weight: float) -> tuple[float, float]:
        """Return what a foot at a place [m] that bears so much [N] pushes forward and to the left [N]."""
        x, y, _ = foot
        return weight * (self.turn * y - self.forward), -weight * (self.turn * x + self.lateral)
