"""What a pendulum costs that should stand: smooth in the angle, the same from turn to turn.

sum over h = 1..H of   2 (1 - cos angle_h)  +  spin speed_h^2  +  effort u_h^2
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray


@dataclass(frozen=True)
class UprightCost:
    """Cost of candidates that should swing a pendulum up; upright is angle zero.

    Attributes:
        channels: indices of angle [rad] and speed [rad/s] in the state vector.
        spin: weight of squared speed.
        effort: weight of squared torque.
    """

    channels: tuple[int, int]
    spin: float = 0.1
    effort: float = 0.01

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return the cost (E, N) of states (E, N, H + 1, S) and actions (N, H, A)."""
        angle, speed = (states[:, :, 1:, channel] for channel in self.channels)
        path: AnyFloats = (2 * (1 - np.cos(angle)) + self.spin * speed**2).sum(axis=-1)
        torques: FloatArray = self.effort * np.square(actions).sum(axis=(1, 2))
        return path + torques

    @property
    def previous_action(self) -> FloatArray | None:
        """Changes of the action cost nothing."""
        return None

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step."""
        return _residuals(num_actions)

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return the weights for every step of states (N, H + 1, S)."""
        return np.tile(np.array([self.spin, self.effort]), (len(states), states.shape[1] - 1, 1))


@cache
def _residuals(num_actions: int) -> StepResiduals:
    state, action, weights = ca.SX.sym("state", 2), ca.SX.sym("action", num_actions), ca.SX.sym("weights", 2)
    tilt = np.sqrt(2.0) * ca.vertcat(ca.cos(state[0]) - 1, ca.sin(state[0]))
    residual = ca.vertcat(tilt, ca.sqrt(2 * weights[0]) * state[1], ca.sqrt(2 * weights[1]) * action)
    return StepResiduals(state, action, ca.SX(0, 1), weights, residual, ca.SX(0))
