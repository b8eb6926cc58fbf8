"""What each leg has to bear, learned from how far it gives: loads and weak motors need no names.

A leg that is shorter in stance than it was told bears more than it was given torque for. Its share of the weight is
integrated until it is as long as told. What the legs bear then tells where the centre of mass is: the feet are placed
around it until all bear alike. A gait is periodic, so both are learned over many steps (Moore 1993, "Iterative learning
control for deterministic systems").
"""

from __future__ import annotations

from collections.abc import Sequence

from hardware.legs import Leg, Triple

_GAIN = 60.0
"""How fast a share grows, for a leg that is short by so much [1/(m s)]."""
_FORGET = 20.0
"""Time constant of the way back to nothing learned [s]."""
_LEAST, _MOST = 0.4, 2.5
"""Shares of its part of the weight for which a leg may be given torque."""
_CENTRE = 1.0
"""Time constant with which feet are placed around the centre of mass [s]."""
_LOADED = 0.4
"""Share of a fair part from which a foot is taken to stand."""


class Bearing:
    """Stateful in what was learned.

    Attributes:
        shares: what every leg bears, as a share of its part of the robot's weight (n_legs,).
        centre: how far the feet are placed forward and to the left of where they would be [m].
    """

    def __init__(self, legs: Sequence[Leg], reach: float) -> None:
        """Bear the robot alone; feet are moved by at most `reach` [m]."""
        self._homes = [leg.place for leg in legs]
        self._reach = reach
        self.reset()

    def reset(self) -> None:
        """Nothing is learned."""
        self.shares = [1.0] * len(self._homes)
        self.centre = (0.0, 0.0)

    def update(
        self, told: Sequence[Triple], feet: Sequence[Triple | None], loads: Sequence[float], seconds: float
    ) -> None:
        """Take one reading.

        Args:
            told: where the feet should be, in the trunk's axes (n_legs, 3) [m].
            feet: where they are; None where that is not known (n_legs, 3) [m].
            loads: share of the weight that each foot should bear (n_legs,).
            seconds: since the last reading.
        """
        back, fair = seconds / _FORGET, _LOADED / len(loads)
        forward = left = total = 0.0
        for index, (x, y) in enumerate(self._homes):
            share, foot = self.shares[index], feet[index]
            if foot is not None and loads[index] > fair:
                share += _GAIN * seconds * (foot[2] - told[index][2])
            self.shares[index] = share = min(max(share + back * (1.0 - share), _LEAST), _MOST)
            forward, left, total = forward + share * x, left + share * y, total + share
        pace, reach = seconds / (_CENTRE * total), self._reach
        x, y = self.centre
        self.centre = (
            min(max(x + pace * forward, -reach), reach),
            min(max(y + pace * left, -reach), reach),
        )
