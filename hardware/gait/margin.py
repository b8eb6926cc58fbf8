"""Slower before it falls: how far the trunk is from falling scales the stride, down to steps on the spot.

What is left is measured on the ground: by how much the capture point (Pratt et al., "Capture point", Humanoids 2006) is
off the place that steps are meant for. A trunk that tips or is pushed slows down at once, and speeds up again slowly.
"""

from __future__ import annotations

import math

from hardware.drives import Stride

_FREE, _FULL = 0.05, 0.13
"""How far the capture point may be off at full speed, and from where it stays on the spot [m]."""
_USUAL = 0.5
"""Time constant with which a slope becomes the usual [s]."""
_SLOWER, _FASTER = 0.04, 1.0
"""Time constants of slowing down and of speeding up [s]."""


class Margin:
    """Stateful in what is usual, and in what is left.

    Attributes:
        left: share of the speed that is told, 0 to 1.
        usual: where the centre of mass falls on the ground of the feet, on average [m].
    """

    def __init__(self) -> None:
        """Go at full speed."""
        self.reset()

    def reset(self) -> None:
        """Go at full speed."""
        self.left, self.usual, self._begun = 1.0, (0.0, 0.0), False

    def update(self, step: tuple[float, float], below: tuple[float, float], seconds: float) -> None:
        """Take where steps land for the trunk's speed, and where its centre of mass falls [m], so long after the last.

        Args:
            step: forward and to the left [m].
            below: likewise [m].
            seconds: since the last call.
        """
        x, y = self.usual if self._begun else below
        self._begun, share = True, 1.0 - math.exp(-seconds / _USUAL)
        self.usual = x + share * (below[0] - x), y + share * (below[1] - y)
        off = math.hypot(step[0] + below[0] - x, step[1] + below[1] - y)
        wish = max(0.0, min(1.0, (_FULL - off) / (_FULL - _FREE)))
        self.left += (1.0 - math.exp(-seconds / (_SLOWER if wish < self.left else _FASTER))) * (wish - self.left)

    def slowed(self, stride: Stride) -> Stride:
        """Return the stride that is safe now."""
        left = self.left
        return stride._replace(forward=left * stride.forward, lateral=left * stride.lateral, turn=left * stride.turn)
