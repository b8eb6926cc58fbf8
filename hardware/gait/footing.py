"""Meets what a gait on flat ground does not know of, from its own sensors alone: slopes, loads, joints that fail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardware.drives import Adaptive, Stride
from hardware.gait import slope, tripod
from hardware.gait.bearing import Bearing
from hardware.gait.following import Following
from hardware.gait.margin import Margin
from hardware.gait.pace import Pace
from hardware.gait.pattern import Balance, Gait
from hardware.gait.tripod import Tripod
from hardware.legs import Foot, Triple
from hardware.robot import RobotCommand, RobotState
from hardware.spec import RobotSpec

_LOOK = 0.0079
"""Time between two looks at what joints do [s]: of four cycles, for it takes a quarter of one's time."""


class Footing:
    """Stateful in what it has learned of the robot and its ground."""

    def __init__(self, spec: RobotSpec, foot: Foot, peg: Triple, adaptive: Adaptive) -> None:
        """Know nothing but flat ground."""
        self._bearing, self._pace, self._radius = Bearing(spec.legs, adaptive.reach), Pace(), foot.radius
        self._following, self._tripod, self._margin = Following(spec), Tripod(len(spec.legs), peg), Margin()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        for part in (self._bearing, self._pace, self._following, self._tripod, self._margin):
            part.reset()
        self._pull, self._turning, self._since = slope.DOWN, 0.0, 0.0

    def look(self, sent: RobotCommand | None, state: RobotState, stride: Stride, seconds: float) -> Stride:
        """Take the last command and the state after it; return the stride that is possible now."""
        self._since += seconds
        if sent is not None and self._since >= _LOOK:
            self._following.update(sent, state, self._since)
            self._since = 0.0
        self._pull, self._turning = slope.down(*state.quaternion.tolist()), float(state.gyro[2])
        if self._following.any:
            return stride._replace(forward=0.0, lateral=0.0, turn=0.0, roll=0.0, pitch=0.0, height=tripod.LOW)
        return self._margin.slowed(stride)

    def over_ground(self, speed: tuple[float, float]) -> tuple[float, float]:
        """Return how fast the trunk moves [m/s], given how fast it moves over feet that may move themselves."""
        forward, left = self._tripod.speed
        return speed[0] + forward, speed[1] + left

    def balance(
        self,
        step: Balance,
        speed: tuple[float, float],
        gait: Gait,
        feet: Sequence[Triple | None],
        loads: Sequence[float],
        pegs: bool,
        seconds: float,
    ) -> Balance:
        """Return what keeps the trunk up here.

        Args:
            step: what would on flat ground.
            speed: of the trunk, forward and to the left [m/s].
            gait: as it was before.
            feet: where they are; None where they do not stand (n_legs, 3) [m].
            loads: share of the weight that each foot should bear (n_legs,).
            pegs: whether a leg stands on its knee; then nothing is learned, for it bears unasked.
            seconds: since the last reading.
        """
        stride = gait.stride
        x, y = slope.below(self._pull, stride)
        self._margin.update((step.forward, step.lateral), (x, y), seconds)
        if pegs:  # it falls from peg to foot all the time: only the slope counts
            x, y = self._margin.usual
        below = x + self._bearing.centre[0], y + self._bearing.centre[1]
        lost = np.flatnonzero(self._following.lost).tolist() if self._following.any else []
        self._tripod.update(lost, gait, below, step, self._margin.left, seconds)
        turn = stride.turn - self._turning
        if not lost and not pegs and turn == turn:  # measured
            self._bearing.update(gait.told, feet, loads, seconds)
            forward, lateral = (each * (1.0 + self._radius / stride.height) for each in speed)  # feet roll
            self._pace.update(stride.forward - forward, stride.lateral - lateral, turn, seconds)
        return Balance(step.forward + below[0], step.lateral + below[1], self._tripod.drift)

    def kneel(self, angles: list[float], loads: list[float]) -> tuple[list[float], list[float]]:
        """Return joint angles [rad] and shares of the weight, given that a leg may stand on its knee."""
        return self._tripod.bend(angles), self._tripod.unload(loads)

    def force(self, index: int, foot: Triple, weight: float) -> Triple:
        """Return with what force in the trunk's axes a foot at a place [m] presses that is to bear so much [N]."""
        x, y, z = self._pull
        forward, left = self._pace.force(foot, weight)
        along = -weight * self._bearing.shares[index] / z
        return along * x + forward, along * y + left, along * z
