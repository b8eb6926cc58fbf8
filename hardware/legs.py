"""Geometry of a leg with hip, thigh and calf: foot position from joint angles, and back, in closed form.

Axes of the trunk: x forward, y left, z up. The hip turns about x, thigh and calf about y; all angles zero hang the leg
straight down. Plain floats: for twelve numbers they are several times faster than arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.strict import not_negative, positive, require

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
class Leg:
    """One leg: where it is fixed, and the lengths of its links [m]."""

    x: float
    """Hip axis from the trunk's origin, forward."""
    y: float
    """Hip axis from the trunk's origin, to the left."""
    offset: float
    """From the hip axis sideways to the plane in which the leg bends, positive to the left."""
    thigh: float
    calf: float
    """From the knee to the centre of the foot along the calf's axis."""
    heel: float
    """Centre of the foot before the calf's axis."""
    least: float = 0.05
    """From the thigh's axis to the foot in the tightest fold that inverse kinematics uses."""

    def __post_init__(self) -> None:
        positive(self, "thigh", "calf", "least")
        require(self.least < self.thigh + self.calf, "least", "less than thigh and calf together", self.least)

    def foot(self, hip: float, thigh: float, calf: float) -> Triple:
        """Return the centre of the foot from the trunk's origin [m] at joint angles [rad]."""
        knee = thigh + calf
        x = -self.thigh * math.sin(thigh) - self.calf * math.sin(knee) + self.heel * math.cos(knee)
        down = self.thigh * math.cos(thigh) + self.calf * math.cos(knee) + self.heel * math.sin(knee)
        sin, cos = math.sin(hip), math.cos(hip)
        return (self.x + x, self.y + self.offset * cos + down * sin, self.offset * sin - down * cos)

    def knee(self, hip: float, thigh: float) -> Triple:
        """Return the knee from the trunk's origin [m] at joint angles [rad]."""
        sin, cos, down = math.sin(hip), math.cos(hip), self.thigh * math.cos(thigh)
        y, z = self.offset * cos + down * sin, self.offset * sin - down * cos
        return self.x - self.thigh * math.sin(thigh), self.y + y, z

    def foot_velocity(self, angles: Sequence[float], speeds: Sequence[float]) -> Triple:
        """Return how fast the foot moves in the trunk's axes [m/s] at joint angles [rad] and speeds [rad/s]."""
        hip, thigh, calf = angles
        knee, sin, cos = thigh + calf, math.sin(hip), math.cos(hip)
        swing_x = -self.calf * math.cos(knee) - self.heel * math.sin(knee)
        swing_down = -self.calf * math.sin(knee) + self.heel * math.cos(knee)
        turn, bend = speeds[1], speeds[1] + speeds[2]
        x = -self.thigh * math.cos(thigh) * turn + swing_x * bend
        down_speed = -self.thigh * math.sin(thigh) * turn + swing_down * bend
        down = self.thigh * math.cos(thigh) + self.calf * math.cos(knee) + self.heel * math.sin(knee)
        y = speeds[0] * (-self.offset * sin + down * cos) + down_speed * sin
        z = speeds[0] * (self.offset * cos + down * sin) - down_speed * cos
        return x, y, z

    def support(self, hip: float, thigh: float, calf: float, force: float) -> Triple:
        """Return the joint torques [N m] that press the foot down with a force along the trunk's z axis [N]."""
        knee, sin, cos = thigh + calf, math.sin(hip), math.cos(hip)
        swing = -self.calf * math.sin(knee) + self.heel * math.cos(knee)
        x = -self.thigh * math.sin(thigh) + swing
        down = self.thigh * math.cos(thigh) + self.calf * math.cos(knee) + self.heel * math.sin(knee)
        return (-force * (self.offset * cos + down * sin), force * cos * x, force * cos * swing)

    def press(self, hip: float, thigh: float, calf: float, force: Triple) -> Triple:
        """Return the joint torques [N m] with which the foot presses with a force in the trunk's axes [N]."""
        knee, sin, cos = thigh + calf, math.sin(hip), math.cos(hip)
        swing = -self.calf * math.sin(knee) + self.heel * math.cos(knee)
        sink = -self.thigh * math.sin(thigh) + swing
        down = self.thigh * math.cos(thigh) + self.calf * math.cos(knee) + self.heel * math.sin(knee)
        x, y, z = force
        inward = y * sin - z * cos  # along the leg's plane, away from the hip
        calf_x = -self.calf * math.cos(knee) - self.heel * math.sin(knee)
        hip_torque = y * (down * cos - self.offset * sin) + z * (self.offset * cos + down * sin)
        return hip_torque, inward * sink - x * down, inward * swing + x * calf_x

    def angles(self, x: float, y: float, z: float) -> Triple:
        """Return hip, thigh and calf angles [rad] that put the foot at a place from the trunk's origin [m].

        The knee points back, the foot is below the hip. A place out of reach gives the nearest pose on the way there.
        """
        x, y = x - self.x, y - self.y
        down = math.sqrt(max(y * y + z * z - self.offset * self.offset, self.least * self.least))
        hip = math.atan2(y, -z) - math.atan2(self.offset, down)
        thigh, calf = self.thigh, math.hypot(self.calf, self.heel)
        reach = min(max(math.hypot(x, down), self.least), _REACH * (thigh + calf))
        bend = -math.acos(max(-1.0, min(1.0, (reach * reach - thigh * thigh - calf * calf) / (2.0 * thigh * calf))))
        lean = math.atan2(-x, down) - math.atan2(calf * math.sin(bend), thigh + calf * math.cos(bend))
        return hip, lean, bend + math.atan2(self.heel, self.calf)
