"""What has to be true of a robot that stands up: joints follow, in time, legs stand on one ground, and feet bear it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.drives import Direct
from hardware.guard.checks import Reading, Trip, compare
from hardware.guard.posture import REACHED, Move
from hardware.guard.stance import readings
from hardware.limits import Severity
from hardware.robot import FloatArray, RobotState
from hardware.spec import RobotSpec

_EVERY = 8
"""Cycles from one look at the legs to the next."""


class Rising:
    """Looks at a robot on its way up, and on its way down."""

    def __init__(self, spec: RobotSpec) -> None:
        self._motors, self._check = spec.motors, spec.checks.stand_up
        found = ((name, getattr(spec.arming, name), reading) for name, reading in readings(spec).items())
        self._looks = [(name, check, reading) for name, check, reading in found if check.on]
        self._mass = 0.0 if isinstance(spec.drive, Direct) or not spec.arming.feet.on else spec.drive.mass
        self._feet = spec.arming.feet
        self._forget(None)

    def _forget(self, move: Move | None) -> None:
        self._move, self._cycle, self._stance = move, 0, list[Trip | None]()
        self._borne = self._weight = 0.0

    def up(self, move: Move, state: RobotState, now: float) -> list[Trip]:
        """Return what speaks against standing up further, or against standing, at `now` [s]."""
        if move is not self._move:
            self._forget(move)
        self._cycle = (self._cycle + 1) % _EVERY
        if not self._cycle:
            self._stance = [compare(name, check, read, read.value(state, now)) for name, check, read in self._looks]
        trips = [self._far(np.abs(move.off), "off its way up"), self._bear(move, state, now), *self._stance]
        far = np.abs(state.motor_position - move.target) >= REACHED
        if move.overdue(now) and far.any() and self._check.on:
            detail = f"its time is over, and {self._named(far)} not there"
            trips.append(Trip("stand_up", self._check.severity, detail))
        return [trip for trip in trips if trip is not None]

    def down(self, move: Move) -> list[Trip]:
        """Return what keeps a robot from sitting down: it is down far enough then."""
        trip = self._far(move.behind(), "behind its way down")
        caught = trip is not None and trip.severity is self._check.severity  # and no milder one
        return [replace(trip, severity=Severity.WARN)] if caught and trip is not None else []

    def _bear(self, move: Move, state: RobotState, now: float) -> Trip | None:
        """Compare what the feet bore on average, from the middle of the way up on, with what the robot weighs."""
        if self._mass and move.share(now) >= 0.5:
            self._borne += float(state.foot_force.sum())
            self._weight += self._mass * float(np.linalg.norm(state.accelerometer))
        if move.share(now) < 1.0 or not self._borne * self._weight >= 0.0 or not self._weight:  # or not measured
            return None
        times, how = self._borne / self._weight, "more"
        if times < 1.0:
            times, how = 1.0 / max(times, 1e-3), "less"
        told = Reading(lambda _, __: times, f"times {how} than its weight on its feet")
        return compare("feet", self._feet, told, times)

    def _far(self, distances: FloatArray, where: str) -> Trip | None:
        worst = float(np.maximum.reduce(distances))
        told = Reading(lambda _, __: worst, f"rad {where}", told=lambda limit: self._named(distances > limit))
        return compare("stand_up", self._check, told, worst) if self._check.on else None

    def _named(self, which: NDArray[np.bool_]) -> str:
        return ", ".join(self._motors[index] for index in np.flatnonzero(which))
