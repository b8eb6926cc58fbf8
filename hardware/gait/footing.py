"""Meets what a gait on flat ground does not know of: slopes, loads, weak motors, from its own sensors alone."""

from __future__ import annotations

from collections.abc import Sequence

from hardware.drives import Adaptive, Stride
from hardware.gait import slope
from hardware.gait.bearing import Bearing
from hardware.gait.pace import Pace
from hardware.legs import Foot, Leg, Triple
from hardware.robot import RobotState


class Footing:
    """Stateful in what it has learned of the robot and its ground."""

    def __init__(self, legs: Sequence[Leg], foot: Foot, adaptive: Adaptive) -> None:
        """Know nothing but flat ground."""
        self._bearing, self._pace, self._radius = Bearing(legs, adaptive.reach), Pace(), foot.radius
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._bearing.reset()
        self._pace.reset()
        self._pull = slope.DOWN

    def update(
        self,
        state: RobotState,
        stride: Stride,
        velocity: tuple[float, float],
        told: Sequence[Triple],
        feet: Sequence[Triple | None],
        loads: Sequence[float],
        seconds: float,
    ) -> tuple[float, float]:
        """Take one reading; return where the steps have to go for what was found, forward and to the left [m].

        Args:
            state: newest.
            stride: that the feet follow.
            velocity: of the trunk over the centres of the feet, forward and to the left [m/s].
            told: where the feet should be, in the trunk's axes (n_legs, 3) [m].
            feet: where they are; None where they do not stand (n_legs, 3) [m].
            loads: share of the weight that each foot should bear (n_legs,).
            seconds: since the last reading.
        """
        self._pull = slope.down(*state.quaternion.tolist())
        turn = stride.turn - float(state.gyro[2])
        if turn == turn:  # measured
            self._bearing.update(told, feet, loads, seconds)
            forward, lateral = (speed * (1.0 + self._radius / stride.height) for speed in velocity)  # feet roll
            self._pace.update(stride.forward - forward, stride.lateral - lateral, turn, seconds)
        x, y = slope.below(self._pull, stride)
        return x + self._bearing.centre[0], y + self._bearing.centre[1]

    def force(self, index: int, foot: Triple, weight: float) -> Triple:
        """Return with what force in the trunk's axes a foot at a place [m] presses that is to bear so much [N]."""
        x, y, z = self._pull
        forward, left = self._pace.force(foot, weight)
        along = -weight * self._bearing.shares[index] / z
        return along * x + forward, along * y + left, along * z
