"""From how large and heavy a robot is to what it may be asked for, in proportion to a robot that is known well.

Two robots of one shape and different size move alike where speeds go with the square root of their height (Froude's
similarity; Alexander, "The gaits of bipedal and quadrupedal animals", 1984). The proportions are those of the
quadruped that comes along, which stands 0.3 m high and weighs 15 kg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware.robot import FloatArray
from sim.discovery.discover import Found

_HIGH = 0.297
"""Height of the hips of the robot that the proportions are of [m]."""
_GRAVITY = 9.81
_RATES = (10.0, 12.5, 20.0, 25.0, 40.0, 50.0)
"""Control rates that are looked at [Hz]."""
MARGIN = 0.02
"""What set-points keep from the ends of their range [rad]."""
KEPT = MARGIN + 2e-4
"""The same with room for rounding [rad]."""
_AROUND = 3.14
"""Range of a joint without one, either way of its standing pose [rad]."""
_NARROW = 3.0
"""A range is at least so many margins wide."""
_SERVO, _DIRECT_SERVO = 250.0, 100.0
"""Least rates of the servo loop: of a gait, and of motors that hold what they are told for a tick [Hz]."""


@dataclass(frozen=True)
class Sizes:
    """What follows from a robot's size."""

    mass: float
    """[kg]"""
    length: float
    """Its height over that of the known robot [-]."""
    gait: bool

    @classmethod
    def of(cls, found: Found, *, gait: bool) -> Sizes:
        """Return the sizes of a robot that walks by a gait, or whose motors are told angles."""
        return cls(found.mass, max(found.hips, 0.05 * found.reach) / _HIGH, gait)

    @property
    def weight(self) -> float:
        """What it weighs [N]."""
        return self.mass * _GRAVITY

    @property
    def pace(self) -> float:
        """Speeds over those of the known robot [-]."""
        return math.sqrt(self.length)

    @property
    def control_hz(self) -> float:
        """Of the plan loop: so many ticks to a step as the known robot has [Hz]."""
        wanted = 25.0 / self.pace
        return min(_RATES, key=lambda rate: abs(math.log(rate / wanted)))

    @property
    def servo_hz(self) -> float:
        """Of the servo loop [Hz]."""
        return self.control_hz * math.ceil((_SERVO if self.gait else _DIRECT_SERVO) / self.control_hz)

    @property
    def speed(self) -> float:
        """How fast it may run [m/s]: by a gait as the known robot, else half as fast."""
        return self.pace * (0.7 if self.gait else 0.35)

    @property
    def fastest(self) -> float:
        """Of a motor that nobody says a speed of [rad/s]."""
        return 30.0 / self.pace


def ranges(found: Found) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the ranges of the motors (n_motors,) [rad]; one that is none has room for its margins."""
    low, high = np.array([
        (stand - _AROUND, stand + _AROUND) if motor.span is None else motor.span
        for motor, stand in zip(found.motors, found.stand, strict=True)
    ]).T  # fmt: skip
    room = np.maximum(0.0, 0.5 * (_NARROW * MARGIN - (high - low)))
    return low - room, high + room
