"""Do the motors do as they are told? What was sent is compared with what they do, all the time.

A motor that obeys gives kp (q - measured) + kd (dq - measured) + tau. Nobody says when a command reaches it, so those
of the last moments are tried, and the one delay counts that explains most motors best. Dead, weak and jammed motors are
few; where most motors do something else, or more than a leg's for long, somebody else commands them, or nobody does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hardware.motors import VelocityServo
from hardware.robot import RobotCommand, RobotState
from hardware.spec import RobotSpec

_DELAYS = 13
"""How many are tried, half a period apart: with the way of the state, a command may be a tenth of a second old."""
_WINDOW, _LONG = 0.3, 1.0
"""Time constants with which samples are forgotten, and over which a single motor is judged [s]."""
_FLOOR = 0.08
"""Share of its limit that a motor may be off unnoticed: friction, and what is known of its torque."""
_FAR = 0.8
"""Distance of a joint from its set-point that counts as not following at all [rad]; a push takes a third of it. Under a
soft gain it is the distance at which a usual motor of the robot gives all that it can."""
_FEW = 3
"""Motors that may be dead, weak or jammed at once: those of a leg."""
_NO_TORQUE = 0.1
"""Share of what was asked for below which motors give nothing."""


class Obedience:
    """Compares states with the commands before them.

    Args:
        spec: the robot's.
        period: time between two states that are looked at [s].

    Attributes:
        most: share of what more than half of the motors do that is not as told: 0 all is, 1 nothing is; or more motors
            than a leg has, over a longer time.
        worst: the same of the one motor that is worst, over a longer time.
    """

    def __init__(self, spec: RobotSpec, period: float) -> None:
        limits, count = spec.limits, len(spec.motors)
        self._motors, self._speeds = spec.motors, isinstance(spec.servo, VelocityServo)
        self._keep, self._slowly = math.exp(-period / _WINDOW), 1.0 - math.exp(-period / _LONG)
        self._most = np.array(limits.velocity_high if self._speeds else limits.torque)
        self._usual = float(np.median(self._most))
        self._floor, self._half = (_FLOOR * self._most) ** 2, (count - 1) // 2
        self.forget()

    def forget(self) -> None:
        """Nobody was told anything."""
        count = len(self._motors)
        self._told = np.zeros((3, _DELAYS, count))
        rest = self._floor / (1.0 - self._keep)  # as after a long while at rest: no first sample counts alone
        self._off, self._all = np.zeros((_DELAYS, count)), np.tile(rest, (_DELAYS, 1))
        self._asked, self._given = self._told[0, 0], np.zeros(count)
        self._distance, self._scores, self._mean = np.zeros(count), np.zeros(count), np.zeros(count)
        self.most = self.worst = 0.0

    def note(self, sent: RobotCommand) -> None:
        """Remember a command: its constant part and its gains, the newest first; twice a period."""
        told = self._told
        told[:, 1:] = told[:, :-1]
        if self._speeds:
            told[0, 0] = sent.velocity
        else:
            told[0, 0] = sent.torque + sent.kp * sent.position + sent.kd * sent.velocity
            told[1, 0], told[2, 0] = sent.kp, sent.kd

    def look(self, state: RobotState, sent: RobotCommand) -> None:
        """Take a state, and the command before it; once a period."""
        # What was asked for, for each delay.
        told, done = self._told, state.motor_velocity if self._speeds else state.motor_torque
        asked = told[0] - told[1] * state.motor_position - told[2] * state.motor_velocity
        np.minimum(np.maximum(asked, -self._most, out=asked), self._most, out=asked)

        # What is left unexplained, as a share of everything, for each delay.
        self._off *= self._keep
        self._off += (asked - done) ** 2
        self._all *= self._keep
        self._all += asked * asked + (done * done + self._floor)
        shares = self._off / self._all
        best = int(np.argmin(np.sort(shares, axis=1)[:, self._half]))

        # A joint that is far from where it was sent does not follow, whatever its torque is said to be.
        far = np.minimum(np.abs(sent.position - state.motor_position) * (sent.kp > 0.0), 2.0 * _FAR)
        self._distance += (1.0 - self._keep) * (far - self._distance)
        reach = np.maximum(_FAR, self._usual / np.maximum(sent.kp, 1.0))
        self._scores = np.fmax(shares[best], self._distance / reach)
        self._mean += self._slowly * (self._scores - self._mean)
        means = np.sort(self._mean)
        self.worst, many = float(means[-1]), float(means[-1 - _FEW]) if len(means) > _FEW else 0.0
        self.most = max(float(np.sort(self._scores)[self._half]), many)
        self._asked, self._given = asked[best], done

    def names(self, limit: float) -> str:
        """Return the motors that are beyond a limit for longer."""
        return self._named(self._mean > limit)

    def cause(self, limit: float) -> str:
        """Return in words what most motors do instead, and which."""
        asked, given = float(np.abs(self._asked).sum()), float(np.abs(self._given).sum())
        torque = "they give none" if given < _NO_TORQUE * asked else "they follow somebody else, or are held"
        return f"{torque}: {self._named(self._scores > limit)}"

    def _named(self, which: NDArray[np.bool_]) -> str:
        return ", ".join(self._motors[index] for index in np.flatnonzero(which))
