"""Geometry of legs with three joints: foot position from joint angles, and back, in closed form.

Axes of the trunk: x forward, y left, z up. Of every leg the second and third joint bend it in a plane: a thigh and a
calf, which hang straight down at angles zero. The first joint turns that plane: about the x axis (`roll`, the hip of a
quadruped) or about the z axis (`yaw`, the coxa of a spider). Plain floats: for twelve numbers they are several times
faster than arrays.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sim.strict import not_negative, positive, require

Pair = tuple[float, float]
Triple = tuple[float, float, float]

_REACH = 0.995
"""Share of the straight leg's length that inverse kinematics uses at most: beyond it the knee has no direction."""


@dataclass(frozen=True)
class Foot:
    """What the feet of all legs have in common."""

    radius: float
    """Of the ball that rolls on the ground; without its rolling, an estimate drifts ten times as fast [m]."""
    contact_force: float
    """At which a foot stands with probability one half [N]."""
    contact_width: float
    """Of the logistic around it [N]."""
    bare_force: float
    """One that bears less than this in stance is taken for lost, with its calf [N]; 0 on robots that cannot tell."""
    bare_seconds: float
    """Time in stance after which it is [s]."""

    def __post_init__(self) -> None:
        not_negative(self, "radius", "bare_force")
        positive(self, "contact_force", "contact_width", "bare_seconds")


@dataclass(frozen=True)
class Leg(abc.ABC):
    """One leg: where it is fixed, and the lengths of its links [m]. Joints are numbered from the trunk to the foot."""

    x: float
    """First axis from the trunk's origin, forward."""
    y: float
    """First axis from the trunk's origin, to the left."""
    offset: float
    """From the first axis to where the thigh begins: sideways, positive to the left, in a leg that rolls; outwards in
    one that yaws."""
    thigh: float
    calf: float
    """From the knee to the centre of the foot along the calf's axis."""
    heel: float = 0.0
    """Centre of the foot before the calf's axis, in a leg that yaws outside of it."""
    z: float = 0.0
    """First axis above the trunk's origin; in a leg that yaws, the thigh's axis."""
    knee_ahead: bool = False
    """Whether the knee points ahead, in a leg that yaws outwards; else it points back, or inwards."""
    least: float = 0.05
    """From the thigh's axis to the foot in the tightest fold that inverse kinematics uses."""
    signs: Triple = (1.0, 1.0, 1.0)
    """1 or -1 for each joint: a motor's angle = sign * angle + zero."""
    zeros: Triple = (0.0, 0.0, 0.0)
    """What the motors say where the leg hangs straight down [rad]."""

    def __post_init__(self) -> None:
        positive(self, "thigh", "calf", "least")
        require(self.least < self.thigh + self.calf, "least", "less than thigh and calf together", self.least)
        require(set(self.signs) <= {1.0, -1.0}, "signs", "1 or -1 for each joint", list(self.signs))

    @property
    @abc.abstractmethod
    def place(self) -> Pair:
        """Where the foot stands by itself, from the trunk's origin [m]."""

    @abc.abstractmethod
    def home(self, width: float, usual: float) -> Pair:
        """Return where the foot is in the middle of a stance [m], with feet so far apart, and as far as usual [m]."""

    @abc.abstractmethod
    def foot(self, first: float, second: float, third: float) -> Triple:
        """Return the centre of the foot from the trunk's origin [m] at angles of the motors [rad]."""

    @abc.abstractmethod
    def knee(self, first: float, second: float) -> Triple:
        """Return the knee from the trunk's origin [m] at angles of the motors [rad]."""

    @abc.abstractmethod
    def foot_velocity(self, angles: Sequence[float], speeds: Sequence[float]) -> Triple:
        """Return how fast the foot moves in the trunk's axes [m/s] at angles [rad] and speeds of the motors [rad/s]."""

    @abc.abstractmethod
    def press(self, first: float, second: float, third: float, force: Triple) -> Triple:
        """Return the torques [N m] with which the foot presses with a force in the trunk's axes [N]."""

    @abc.abstractmethod
    def angles(self, x: float, y: float, z: float) -> Triple:
        """Return the angles of the motors [rad] that put the foot at a place from the trunk's origin [m].

        The foot is below the hip. A place out of reach gives the nearest pose on the way there.
        """

    @abc.abstractmethod
    def rolled(self, first: float, second: float, third: float) -> Pair:
        """Return how far a ball at the foot has turned towards x and towards y since the leg hung straight [rad]."""

    def _reached(self, second: float, third: float) -> Pair:
        """Return the foot in the leg's plane at angles of the links [rad]: ahead and down from the thigh's axis [m]."""
        knee = second + third
        ahead = -self.thigh * math.sin(second) - self.calf * math.sin(knee) + self.heel * math.cos(knee)
        return ahead, self.thigh * math.cos(second) + self.calf * math.cos(knee) + self.heel * math.sin(knee)

    def _swing(self, knee: float) -> Pair:
        """Return how the foot moves in the leg's plane with the knee, ahead and down [m], at the calf's angle [rad]."""
        sin, cos = math.sin(knee), math.cos(knee)
        return -self.calf * cos - self.heel * sin, -self.calf * sin + self.heel * cos

    def _moving(self, second: float, third: float, turn: float, fold: float) -> Pair:
        """Return how fast the foot moves in the leg's plane [m/s], given the links' angles [rad] and speeds [rad/s]."""
        ahead, down = self._swing(second + third)
        bend = turn + fold
        return (
            -self.thigh * math.cos(second) * turn + ahead * bend,
            -self.thigh * math.sin(second) * turn + down * bend,
        )

    def _pressing(self, second: float, third: float, ahead: float, down: float) -> Pair:
        """Return the links' torques [N m] for a force in the leg's plane [N] at their angles [rad]."""
        swing_ahead, swing_down = self._swing(second + third)
        sink = -self.thigh * math.sin(second) + swing_down
        return down * sink - ahead * self._reached(second, third)[1], down * swing_down + ahead * swing_ahead

    def _bend(self, ahead: float, down: float) -> Pair:
        """Return the angles of the links [rad] that put the foot at a place in the leg's plane [m]."""
        thigh, calf = self.thigh, math.hypot(self.calf, self.heel)
        reach = min(max(math.hypot(ahead, down), self.least), _REACH * (thigh + calf))
        bend = -math.acos(max(-1.0, min(1.0, (reach * reach - thigh * thigh - calf * calf) / (2.0 * thigh * calf))))
        if self.knee_ahead:
            bend = -bend
        lean = math.atan2(-ahead, down) - math.atan2(calf * math.sin(bend), thigh + calf * math.cos(bend))
        return lean, bend + math.atan2(self.heel, self.calf)

    def _links(self, first: float, second: float, third: float) -> Triple:
        """Return the angles of the links at those of the motors [rad]."""
        (a, b, c), (d, e, f) = self.signs, self.zeros
        return a * (first - d), b * (second - e), c * (third - f)

    def _motors(self, first: float, second: float, third: float) -> Triple:
        """Return the angles of the motors at those of the links [rad]."""
        (a, b, c), (d, e, f) = self.signs, self.zeros
        return a * first + d, b * second + e, c * third + f


@dataclass(frozen=True)
class RollLeg(Leg):
    """A leg whose plane turns about the x axis; thigh and calf turn about y."""

    kind: Literal["roll"] = "roll"

    @property
    def place(self) -> Pair:
        return self.x, self.y + self.offset

    def home(self, width: float, usual: float) -> Pair:
        return self.x, math.copysign(0.5 * width, self.y + self.offset)

    def foot(self, first: float, second: float, third: float) -> Triple:
        roll, thigh, calf = self._links(first, second, third)
        ahead, down = self._reached(thigh, calf)
        return self.x + ahead, *self._turned(roll, down)

    def knee(self, first: float, second: float) -> Triple:
        roll, thigh, _ = self._links(first, second, 0.0)
        return self.x - self.thigh * math.sin(thigh), *self._turned(roll, self.thigh * math.cos(thigh))

    def foot_velocity(self, angles: Sequence[float], speeds: Sequence[float]) -> Triple:
        roll, thigh, calf = self._links(*angles)
        turn, bend, fold = (sign * speed for sign, speed in zip(self.signs, speeds, strict=True))
        ahead_speed, down_speed = self._moving(thigh, calf, bend, fold)
        down, sin, cos = self._reached(thigh, calf)[1], math.sin(roll), math.cos(roll)
        y = turn * (-self.offset * sin + down * cos) + down_speed * sin
        z = turn * (self.offset * cos + down * sin) - down_speed * cos
        return ahead_speed, y, z

    def press(self, first: float, second: float, third: float, force: Triple) -> Triple:
        roll, thigh, calf = self._links(first, second, third)
        down, sin, cos = self._reached(thigh, calf)[1], math.sin(roll), math.cos(roll)
        x, y, z = force
        turn = y * (down * cos - self.offset * sin) + z * (self.offset * cos + down * sin)
        bend, fold = self._pressing(thigh, calf, x, y * sin - z * cos)
        a, b, c = self.signs
        return a * turn, b * bend, c * fold

    def angles(self, x: float, y: float, z: float) -> Triple:
        x, y, z = x - self.x, y - self.y, z - self.z
        down = math.sqrt(max(y * y + z * z - self.offset * self.offset, self.least * self.least))
        roll = math.atan2(y, -z) - math.atan2(self.offset, down)
        return self._motors(roll, *self._bend(x, down))

    def rolled(self, first: float, second: float, third: float) -> Pair:
        roll, thigh, calf = self._links(first, second, third)
        return thigh + calf, -roll

    def _turned(self, roll: float, down: float) -> Pair:
        """Return y and z from the trunk's origin of a place so far down in the leg's plane [m]."""
        sin, cos = math.sin(roll), math.cos(roll)
        return self.y + self.offset * cos + down * sin, self.z + self.offset * sin - down * cos


@dataclass(frozen=True)
class YawLeg(Leg):
    """A leg whose plane turns about the z axis, and stands upright; thigh and calf turn about its y axis."""

    kind: Literal["yaw"] = "yaw"
    heading: float = 0.0
    """In which the leg points outwards at the angle zero of its first joint, from ahead to the left [rad]."""
    reach: float = 0.0
    """From the first axis outwards to where the foot stands by itself [m]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "reach")

    @property
    def place(self) -> Pair:
        return self.home(0.0, 0.0)

    def home(self, width: float, usual: float) -> Pair:
        reach = self.reach + 0.5 * (width - usual)
        return self.x + reach * math.cos(self.heading), self.y + reach * math.sin(self.heading)

    def foot(self, first: float, second: float, third: float) -> Triple:
        yaw, thigh, calf = self._links(first, second, third)
        return self._out(yaw, *self._reached(thigh, calf))

    def knee(self, first: float, second: float) -> Triple:
        yaw, thigh, _ = self._links(first, second, 0.0)
        return self._out(yaw, -self.thigh * math.sin(thigh), self.thigh * math.cos(thigh))

    def foot_velocity(self, angles: Sequence[float], speeds: Sequence[float]) -> Triple:
        yaw, thigh, calf = self._links(*angles)
        turn, bend, fold = (sign * speed for sign, speed in zip(self.signs, speeds, strict=True))
        out, down = self._moving(thigh, calf, bend, fold)
        along = turn * (self.offset + self._reached(thigh, calf)[0])
        sin, cos = math.sin(self.heading + yaw), math.cos(self.heading + yaw)
        return out * cos - along * sin, out * sin + along * cos, -down

    def press(self, first: float, second: float, third: float, force: Triple) -> Triple:
        yaw, thigh, calf = self._links(first, second, third)
        sin, cos = math.sin(self.heading + yaw), math.cos(self.heading + yaw)
        x, y, z = force
        turn = (self.offset + self._reached(thigh, calf)[0]) * (y * cos - x * sin)
        bend, fold = self._pressing(thigh, calf, x * cos + y * sin, -z)
        a, b, c = self.signs
        return a * turn, b * bend, c * fold

    def angles(self, x: float, y: float, z: float) -> Triple:
        x, y, z = x - self.x, y - self.y, z - self.z
        yaw = math.remainder(math.atan2(y, x) - self.heading, math.tau)
        return self._motors(yaw, *self._bend(math.hypot(x, y) - self.offset, -z))

    def rolled(self, first: float, second: float, third: float) -> Pair:
        _, thigh, calf = self._links(first, second, third)
        return (thigh + calf) * math.cos(self.heading), (thigh + calf) * math.sin(self.heading)

    def _out(self, yaw: float, out: float, down: float) -> Triple:
        """Return a place from the trunk's origin, given how far out and down of the thigh's axis it is [m]."""
        angle, out = self.heading + yaw, self.offset + out
        return self.x + out * math.cos(angle), self.y + out * math.sin(angle), self.z - down


AnyLeg = Annotated[RollLeg | YawLeg, Field(discriminator="kind")]
