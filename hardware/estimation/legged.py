"""The estimator on a legged robot: what a measured state lacks (position, velocity, heading) is filled in.

Used where nothing outside the robot sees it; no privileged number enters. The guard keeps looking at what was measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hardware.estimation.kalman import Estimate, Estimator, EstimatorSettings, contact_probability
from hardware.robot import FloatArray, RobotState
from hardware.spec import RobotSpec

SETTINGS = EstimatorSettings(slip=0.15)
"""Feet creep and turn under an off-centre load; whoever trusts them more turns heading and path with them."""
_LONGEST_STEP = 0.05
"""Gap between two states after which the estimator starts anew [s]: it would have to guess."""


class StateEstimation:
    """Turns measured states into estimated ones. Raises ValueError where no kinematics of legs are known."""

    def __init__(self, spec: RobotSpec) -> None:
        if spec.foot is None:
            raise ValueError(f"robot {spec.name}: state estimation: expected a robot whose file describes its legs")
        self._legs, self._foot = spec.legs, spec.foot
        self._estimator = Estimator(len(self._legs), SETTINGS)
        self._time: float | None = None
        self._estimate: Estimate | None = None

    def reset(self) -> None:
        """Start anew with the next state, in which the robot has to be at rest."""
        self._time = self._estimate = None

    def fill(self, state: RobotState) -> RobotState:
        """Return the state with estimated position, velocity and attitude; unchanged until the robot was at rest once.

        The origin is on the ground where the robot was at rest first, heading along x.
        """
        estimate = self._advance(state)
        if estimate is None:
            return state
        x, y, _ = estimate.position.tolist()
        position = np.array([x, y, estimate.height + self._foot.radius])
        return replace(state, position=position, velocity=estimate.velocity, quaternion=estimate.quaternion)

    def _advance(self, state: RobotState) -> Estimate | None:
        feet = self._feet(state)
        gap = None if self._time is None else state.time - self._time
        if self._estimate is not None and gap == 0.0:
            return self._estimate
        if gap is None or not 0.0 < gap <= _LONGEST_STEP:
            try:
                self._estimator.reset(state.accelerometer, feet)
            except ValueError:
                return self._estimate
            gap = 0.0
        self._time = state.time
        contacts = contact_probability(state.foot_force, self._foot.contact_force, self._foot.contact_width)
        self._estimate = self._estimator.step(gap, state.gyro, state.accelerometer, feet, contacts)
        return self._estimate

    def _feet(self, state: RobotState) -> FloatArray:
        """Return places in the body frame that rest in the world while a foot stands and rolls (F, 3) [m].

        The centre of a round foot moves by radius times turning angle; that is taken off along the body's x and y axes.
        """
        angles, radius = state.motor_position.tolist(), self._foot.radius
        places = []
        for index, leg in enumerate(self._legs):
            joints = angles[3 * index : 3 * index + 3]
            (x, y, z), (ahead, left) = leg.foot(*joints), leg.rolled(*joints)
            places.append((x - radius * ahead, y - radius * left, z))
        return np.array(places)
