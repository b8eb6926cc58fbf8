"""Sensors that lie plausibly: what they say is compared with what others say, and with itself.

On average the accelerometer feels which way up is, and the attitude says it; a gyro turns as the attitude does; nothing
that is measured says exactly the same while the robot is moved. Walks, slopes and pushes change none of that for long.
"""

from __future__ import annotations

import math

import numpy as np

from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState

_UPWARDS = 0.7
"""Time constant of the mean acceleration [s]: what a push or a step adds to it is soon taken back."""
_GRAVITY, _HARD = 9.81, 30.0
"""What is felt at rest, and what is a blow and counts for no more than this [m/s^2]."""
_SPAN = 0.09
"""Time over which the attitude's turning is compared with the gyro's [s]."""
_TURNS = 0.5
"""Time constant with which turns are forgotten [s]."""
_STILL, _JERK, _JUMP = 0.25, 1.0, 10.0
"""Turning that is noise, more of it than one comparison can count for, and a difference that needs no other [rad/s]."""
_MOVED = 0.1
"""Way of the set-points after which something must have changed [rad]."""


class Senses:
    """Watches IMU and joints of a robot that is driven.

    Args:
        period: time between two states that are looked at [s].

    Attributes:
        up: acceleration that is felt on average, in the world as the attitude says it [m/s^2].
        leaning: angle between that and upwards, the less the less is felt at all [rad].
        unturned: share of all turning on which gyro and attitude differ.
        constant: time for which something said exactly the same while set-points moved [s].
        same: what that is.
    """

    def __init__(self, period: float) -> None:
        self._period, self._span = period, max(1, round(_SPAN / period))
        self._mean, self._keep = 1.0 - math.exp(-period / _UPWARDS), math.exp(-self._span * period / _TURNS)
        self.forget()

    def forget(self) -> None:
        """Nothing was said yet."""
        self.up: tuple[float, ...] = ()
        self.leaning = self.unturned = self.constant = 0.0
        self.same = ""
        self._turned, self._turns = [0.0, 0.0, 0.0], 0
        self._before: tuple[float, ...] | None = None
        self._differing = self._turning = self._way = 0.0
        self._position: FloatArray | None = None
        self._said: dict[str, tuple[bytes, float, float]] = {}

    def look(self, state: RobotState, sent: RobotCommand, now: float) -> None:
        """Take a state, the command before it, and the time [s]; once a period."""
        attitude = tuple(state.quaternion.tolist())
        self._feel(attitude, state.accelerometer)
        self._turn(attitude, state.gyro.tolist())
        self._compare(state, sent, now)

    def _feel(self, attitude: tuple[float, ...], accelerometer: FloatArray) -> None:
        """Follow the mean acceleration in the world."""
        if math.isnan(accelerometer[0]):  # not measured
            return
        felt = turned(attitude, *accelerometer.tolist())
        size = math.hypot(*felt)
        before, share = self.up or (0.0, 0.0, size), self._mean * min(1.0, _HARD / size) if size else 0.0
        x, y, z = self.up = tuple(old + share * new - self._mean * old for old, new in zip(before, felt, strict=True))
        self.leaning = min(1.0, math.hypot(x, y, z) / _GRAVITY) * math.atan2(math.hypot(x, y), z)

    def _turn(self, attitude: tuple[float, ...], gyro: list[float]) -> None:
        """Compare how far the attitude turned with what the gyro says, both over a while."""
        if self._before is None:
            self._before = attitude
        self._turned = [sum(both) for both in zip(self._turned, gyro, strict=True)]
        self._turns += 1
        if self._turns < self._span:
            return
        span = self._turns * self._period
        seen = [2.0 * part / span for part in _between(self._before, attitude)]
        told = [part / self._turns for part in self._turned]
        differing = sum((one - other) ** 2 for one, other in zip(seen, told, strict=True))
        turning = sum(part * part for part in (*seen, *told))
        proves = turning <= _JERK**2 or differing > _JUMP**2
        weight = 1.0 if proves else _JERK**2 / turning  # a single jerk proves nothing
        self._differing = self._keep * self._differing + weight * differing
        self._turning = self._keep * self._turning + weight * turning + _STILL**2
        self.unturned = self._differing / self._turning
        self._turned, self._turns, self._before = [0.0, 0.0, 0.0], 0, attitude

    def _compare(self, state: RobotState, sent: RobotCommand, now: float) -> None:
        """Notice what says the same again and again, although the set-points moved."""
        driven = sent.mode is CommandMode.SERVO
        if driven and self._position is not None:
            self._way += float(np.maximum.reduce(np.abs(sent.position - self._position)))
        self._position, self.constant = sent.position if driven else None, 0.0
        for name in _MEASURED:
            values: FloatArray = getattr(state, name)
            said = values.tobytes()
            before, since, way = self._said.get(name, (b"", now, 0.0))
            if said != before:
                self._said[name] = (said, now, self._way)
            elif math.isfinite(values[0]):
                share = 1.0 if self._way - way > _MOVED else _MEASURED[name]
                if share * (now - since) > self.constant:
                    self.constant, self.same = share * (now - since), name


_MEASURED = {"motor_position": 0.0, "motor_velocity": 0.0, "quaternion": 0.0, "gyro": 0.1, "accelerometer": 0.1}
"""What counts of the time for which each says the same while nothing moves: the noise of an IMU never rests."""


def turned(attitude: tuple[float, ...], x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return a vector of the body in the world, given the body's attitude as a unit quaternion wxyz (4,)."""
    w, i, j, k = attitude
    a, b, c = 2.0 * (j * z - k * y), 2.0 * (k * x - i * z), 2.0 * (i * y - j * x)
    return x + w * a + j * c - k * b, y + w * b + k * a - i * c, z + w * c + i * b - j * a


def _between(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, float, float]:
    """Return the turn from one attitude wxyz to another: half its angle, about an axis of the body."""
    w, x, y, z = first
    a, b, c, d = second
    sign = 1.0 if w * a + x * b + y * c + z * d >= 0.0 else -1.0
    return (
        sign * (w * b - x * a - y * d + z * c),
        sign * (w * c + x * d - y * a - z * b),
        sign * (w * d - x * c + y * b - z * a),
    )
