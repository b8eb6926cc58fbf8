"""From one pose to another: set-points along a cosine, stiffness built up at the beginning."""

from __future__ import annotations

import math

import numpy as np

from hardware.motors import FASTEST_RISE, PositionServo
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState

GAIN_SHARE = 0.25
"""Share of a move over which gains change from those before to their own."""
SHORTEST = 0.1
"""Shortest move [s]."""
REACHED = 0.4
"""Largest distance of a measured joint from a pose that counts as reached [rad]: what gravity bends is far less."""

GRACE = 1.0
"""Time beyond its own after which a move is overdue [s]."""
_MEMORY = 0.3
"""Time constant of how far joints are behind on average [s]: a jolt is no obstacle."""
_STAYS = 0.05
"""A joint whose whole way is shorter stays where it is [rad]."""


class Move:
    """A move to a pose that begins now.

    Args:
        joints: poses and gains of the robot.
        target: joint angles to reach (n_motors,) [rad].
        start: where the joints are, or were last commanded to be (n_motors,) [rad].
        kp: stiffness before (n_motors,) [N m/rad].
        kd: damping before (n_motors,) [N m s/rad].
        now: host clock [s].
        quick: as fast as the weight falls, not as gently as may be.
    """

    def __init__(
        self,
        joints: PositionServo,
        target: FloatArray,
        start: FloatArray,
        kp: FloatArray,
        kd: FloatArray,
        now: float,
        *,
        quick: bool = False,
    ) -> None:
        self.target, self._start, self._begin = target, start, now
        way = target - start
        self._heard, self._ahead = now, np.sign(way) * (np.abs(way) > _STAYS)
        self.off = np.zeros_like(target)
        """How far each joint is off its set-points on average (n_motors,) [rad]."""
        self._kp, self._kd = kp, kd
        self._gains = np.array(joints.hold.kp), np.array(joints.hold.kd)
        whole = float(np.abs(np.subtract(joints.stand, joints.sit)).max())
        share = min(1.0, float(np.abs(target - start).max()) / whole)
        self._duration = max(SHORTEST, (FASTEST_RISE if quick else joints.rise_seconds) * share)

    def share(self, now: float) -> float:
        """Return which share of its time is over, 0 to 1."""
        return min(1.0, max(0.0, (now - self._begin) / self._duration))

    def arrived(self, state: RobotState, now: float) -> bool:
        """Tell whether the time is over and the joints are there."""
        off = float(np.abs(state.motor_position - self.target).max())
        return now - self._begin >= self._duration and off < REACHED

    def overdue(self, now: float) -> bool:
        """Tell whether the joints should have been there long ago: something is in the way, or a motor is weak."""
        return now - self._begin >= self._duration + GRACE

    def follow(self, sent: FloatArray, measured: FloatArray, now: float) -> None:
        """Compare the last set-points (n_motors,) [rad] with where the joints are (n_motors,) [rad] at `now` [s]."""
        self.off += (1.0 - math.exp((self._heard - now) / _MEMORY)) * (sent - measured - self.off)
        self._heard = now

    def behind(self) -> FloatArray:
        """Return how far each joint is behind (n_motors,) [rad]: limp ones fold ahead of their way down."""
        return self._ahead * self.off

    def command(self, now: float, expires: float) -> RobotCommand:
        """Return the set-points at `now` [s]."""
        share = self.share(now)
        blend = 0.5 - 0.5 * math.cos(math.pi * share)
        rate = 0.5 * math.pi / self._duration * math.sin(math.pi * share)
        way, stiff = self.target - self._start, min(1.0, share / GAIN_SHARE)
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
