"""A gait: a phase clock moves the feet, and inverse kinematics turns them into joint angles.

A foot in stance goes backwards under the trunk as the ground does, at the commanded velocity; a foot in swing goes from
where it left the ground to half a stance ahead of its hip, along a smooth arc. Where a foot is depends on what was
commanded since it last landed, so a change of command is never a jump. Foot placement by half a stance is the neutral
point of Raibert ("Legged Robots That Balance", MIT Press 1986, ch. 2); the timing follows Hildebrand's gait formulas
(duty factor and phase lags, "The quadrupedal gaits of vertebrates", BioScience 1989).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hardware.drives import Pattern, Stride
from hardware.legs import Leg, Triple

_SMOOTHING = 0.12
"""Time constant with which commands reach the feet [s]: about a step, so that no command jolts the trunk."""
_LONGEST = 0.02
"""Longest time by which the clock moves at once [s]: after a pause the gait goes on where it was."""
_TURN = 2.0 * math.pi
_RAMP = 0.1
"""Share of a stance over which a foot takes up its load, and over which it gives it up."""


class Balance(NamedTuple):
    """What keeps the trunk up, on top of a stride."""

    forward: float
    """Added to where the next steps land [m]."""
    lateral: float
    """[m]"""
    drift: tuple[float, float] | None = None
    """How fast the feet move on the ground under the trunk, forward and to the left, while no foot leaves it any more
    [m/s]; None while they step."""


LEVEL = Balance(0.0, 0.0)


class Gait:
    """Stateful in the phase and in where the feet are; `advance` once per servo period, then read `angles`."""

    def __init__(self, legs: Sequence[Leg], pattern: Pattern, rest: Stride) -> None:
        """Stand as a stride at rest says, with every foot straight before or behind its neighbour."""
        self._legs, self._duty, self._rest = tuple(legs), pattern.duty, rest
        self.lags = pattern.lags([leg.place for leg in legs])
        """When each leg's stance begins, as a share of the cycle (n_legs,)."""
        self.reset()

    def reset(self) -> None:
        """Stand still at the beginning of a cycle."""
        self.phase = 0.0
        """Share of the cycle that is over."""
        self.stride = self._rest._replace(lift=0.0)  # steps rise from nothing, because the phase may begin within one
        """The smoothed command that the feet follow."""
        self._left = [self._home(leg) for leg in self._legs]
        self.feet = [(x, y, 0.0) for x, y in self._left]
        """Where the feet are on their ground, below the trunk and up from there [m]."""
        self._balance = LEVEL
        self.stays = [False] * len(self._legs)
        """Which feet stay on the ground until steps begin again."""
        self.told: list[Triple] = [(x, y, -self.stride.height) for x, y, _ in self.feet]
        """Where the feet were last told to be, in the trunk's axes [m]."""

    @property
    def angle(self) -> float:
        """The phase as an angle in [0, 2 pi) [rad]."""
        return _TURN * self.phase

    def advance(self, stride: Stride, seconds: float, balance: Balance = LEVEL) -> None:
        """Let time pass under a command, with what balance asks for on top.

        Args:
            stride: the newest command; the feet follow it smoothly.
            seconds: time since the last call; the clock moves by at most a few servo periods.
            balance: where the next steps land besides, or that there are none.
        """
        self._balance = balance
        seconds = min(max(seconds, 0.0), _LONGEST)
        self._follow(stride, seconds)
        self.phase = (self.phase + stride.frequency * seconds) % 1.0
        now, duty, drift = self.stride, self._duty, balance.drift
        reach = 0.5 * duty / max(now.frequency, 1.0)
        for index, lag in enumerate(self.lags):
            own = (self.phase - lag) % 1.0
            x, y, _ = self.feet[index]
            if own < duty:
                self.stays[index] = drift is not None
            if own < duty or self.stays[index]:
                x -= (now.forward - now.turn * y) * seconds
                y -= (now.lateral + now.turn * x) * seconds
                if drift is not None:
                    x, y = x + drift[0] * seconds, y + drift[1] * seconds
                self.feet[index], self._left[index] = (x, y, 0.0), (x, y)
            else:
                self.feet[index] = self._swing(index, (own - duty) / (1.0 - duty), reach)

    def angles(self) -> list[float]:
        """Return the joint angles, three of one leg after the other, from the trunk outwards [rad]."""
        stride = self.stride
        sin_roll, cos_roll = math.sin(stride.roll), math.cos(stride.roll)
        sin_pitch, cos_pitch = math.sin(stride.pitch), math.cos(stride.pitch)
        angles: list[float] = []
        self.told = []
        for leg, (x, y, up) in zip(self._legs, self.feet, strict=True):
            z = up - stride.height
            x, z = cos_pitch * x - sin_pitch * z, sin_pitch * x + cos_pitch * z
            y, z = cos_roll * y + sin_roll * z, cos_roll * z - sin_roll * y
            self.told.append((x, y, z))
            angles += leg.angles(x, y, z)
        return angles

    def loads(self) -> list[float]:
        """Return the share of the weight on each foot; it comes and goes over the ends of a stance."""
        duty, ramp = self._duty, _RAMP * self._duty
        shares = []
        for lag, stays in zip(self.lags, self.stays, strict=True):
            own = (self.phase - lag) % 1.0
            shares.append(1.0 if stays else max(0.0, min(1.0, own / ramp, (duty - own) / ramp)))
        total = sum(shares)
        return [share / total for share in shares] if total > 0.0 else shares

    def _home(self, leg: Leg) -> tuple[float, float]:
        """Return where a foot is in the middle of a stance."""
        return leg.home(self.stride.width, self._rest.width)

    def _follow(self, stride: Stride, seconds: float) -> None:
        """Move the smoothed command towards the newest one."""
        share = 1.0 - math.exp(-seconds / _SMOOTHING)
        self.stride = Stride(*(old + share * (new - old) for old, new in zip(self.stride, stride, strict=True)))

    def _swing(self, index: int, share: float, reach: float) -> Triple:
        """Return where a foot is after a share of its swing that is to end `reach` seconds ahead of its hip."""
        now, (home_x, home_y), (left_x, left_y) = self.stride, self._home(self._legs[index]), self._left[index]
        target_x = home_x + reach * (now.forward - now.turn * home_y) + self._balance.forward
        target_y = home_y + reach * (now.lateral + now.turn * home_x) + self._balance.lateral
        along = share - math.sin(_TURN * share) / _TURN
        up = now.lift * 0.5 * (1.0 - math.cos(_TURN * share))
        return left_x + along * (target_x - left_x), left_y + along * (target_y - left_y), up
