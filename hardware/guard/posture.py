"""From one pose to another: set-points along a cosine, stiffness built up at the beginning."""

from __future__ import annotations

import math

import numpy as np

from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand

GAIN_SHARE = 0.25
"""Share of a move over which gains change from those before to their own."""
SHORTEST = 0.1
"""Shortest move [s]."""
REACHED = 0.4
"""Largest distance of a measured joint from a pose that counts as reached [rad]: what gravity bends is far less."""

GRACE = 2.0
"""Time beyond its own after which a move is overdue [s]."""


class Move:
    """A move to a pose that begins now.

    Args:
        joints: poses and gains of the robot.
        target: joint angles to reach (n_motors,) [rad].
        start: where the joints are, or were last commanded to be (n_motors,) [rad].
        kp: stiffness before (n_motors,) [N m/rad].
        kd: damping before (n_motors,) [N m s/rad].
        now: host clock [s].
    """

    def __init__(
        self, joints: PositionServo, target: FloatArray, start: FloatArray, kp: FloatArray, kd: FloatArray, now: float
    ) -> None:
        self._target, self._start, self._begin = target, start, now
        self._kp, self._kd = kp, kd
        self._gains = np.array(joints.hold.kp), np.array(joints.hold.kd)
        whole = float(np.abs(np.subtract(joints.stand, joints.sit)).max())
        share = min(1.0, float(np.abs(target - start).max()) / whole)
        self._duration = max(SHORTEST, joints.rise_seconds * share)

    def arrived(self, measured: FloatArray, now: float) -> bool:
        """Tell whether the time is over and the joints (n_motors,) [rad] are there."""
        return now - self._begin >= self._duration and float(np.abs(measured - self._target).max()) < REACHED

    def overdue(self, now: float) -> bool:
        """Tell whether the joints should have been there long ago: something is in the way, or a motor is weak."""
        return now - self._begin >= self._duration + GRACE

    def command(self, now: float, expires: float) -> RobotCommand:
        """Return the set-points at `now` [s]."""
        share = min(1.0, max(0.0, (now - self._begin) / self._duration))
        blend = 0.5 - 0.5 * math.cos(math.pi * share)
        rate = 0.5 * math.pi / self._duration * math.sin(math.pi * share)
        way, stiff = self._target - self._start, min(1.0, share / GAIN_SHARE)
        kp, kd = self._gains
        return RobotCommand(
            CommandMode.SERVO,
            position=self._start + blend * way,
            velocity=rate * way,
            torque=np.zeros_like(way),
            kp=self._kp + stiff * (kp - self._kp),
            kd=self._kd + stiff * (kd - self._kd),
            expires=expires,
        )
