"""What following a leader costs: how far the robot is from where it should be at every step, and turned away.

    sum over h = 1..H of   position |p_h - r_h|  +  heading |yaw_h - yaw of r_h|
                           +  tilt max(0, arccos(cos(roll) cos(pitch)) - free)^2

The leader r_1..r_H moves as the robot was told to. Weights are those of a path, so a step costs about as much on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.path import ExcessPrice, change_cost, excess_residual, num_priced, wrapped
from planners.costs.residuals import StepResiduals, norm_residual
from planners.problem import AnyFloats, FloatArray

_FIXED = 9
"""Parameters of a step that do not depend on the number of actions."""


@dataclass(frozen=True)
class PoseWeights:
    """Weights of the two terms: per metre [1/m] and per radian [1/rad] away from where the robot should be."""

    position: float = 50.0
    heading: float = 5.0


@dataclass(frozen=True)
class PoseCost:
    """Cost of candidates that should be somewhere at every step; attributes as of `PathCost`.

    Attributes:
        reference: x, y and yaw after each step (H, 3), world frame [m, rad].
    """

    reference: FloatArray
    weights: PoseWeights
    pose: tuple[int, int, int]
    change: FloatArray | None = None
    previous_action: FloatArray | None = None
    rounding: tuple[float, float] = (0.001, 0.01)
    tilt: ExcessPrice | None = None

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        x, y, yaw = (states[..., 1:, index] - self.reference[:, column] for column, index in enumerate(self.pose))
        costs = self.weights.position * np.hypot(x, y) + self.weights.heading * np.abs(wrapped(yaw))
        total: AnyFloats = costs.sum(axis=-1)
        if self.tilt is not None:
            total = total + self.tilt(states[..., 1:, :]).sum(axis=-1)
        return total if self.change is None else total + change_cost(actions, self.change, self.previous_action)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of the state that cost something."""
        return self.pose if self.tilt is None else (*self.pose, *self.tilt.channels)

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step: both norms smooth."""
        return _pose_residuals(0 if self.change is None else num_actions, leaning=num_priced(self.tilt))

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return (N, H, 9) for states (N, H + 1, S), behind them weights of changes (N, H, 9 + A)."""
        yaw = states[:, 1:, self.pose[2]]
        change = np.zeros(0) if self.change is None else self.change
        parameters = np.zeros((*yaw.shape, _FIXED + len(change)))
        parameters[..., :3] = self.reference
        parameters[..., 2] += 2 * np.pi * np.rint((yaw - parameters[..., 2]) / (2 * np.pi))
        parameters[..., 3:7] = [self.weights.position, self.weights.heading, *self.rounding]
        if self.tilt is not None:
            parameters[..., 7:_FIXED] = self.tilt.weight, self.tilt.free
        parameters[..., _FIXED:] = change
        if self.previous_action is None:
            parameters[:, 0, _FIXED:] = 0.0
        return parameters


@cache
def _pose_residuals(num_actions: int, *, leaning: int) -> StepResiduals:
    """Return distance and heading error as smooth norms, tilt and action changes."""
    pose, action, before = ca.SX.sym("pose", 3), ca.SX.sym("action", num_actions), ca.SX.sym("before", num_actions)
    lean, parameters = ca.SX.sym("lean", leaning), ca.SX.sym("parameters", _FIXED + num_actions)
    x, y, yaw, position, heading, near, aligned, weight, free = ca.vertsplit(parameters[:_FIXED])
    away = pose[:2] - ca.vertcat(x, y)
    distance = away * ca.sqrt(2 * position / (ca.sqrt(ca.sumsqr(away) + near**2) + near))
    turned = norm_residual(pose[2] - yaw, heading, aligned)
    residual = ca.vertcat(distance, turned, ca.sqrt(2 * parameters[_FIXED:]) * (action - before))
    if leaning:
        residual = ca.vertcat(residual, excess_residual(lean, weight, free))
    return StepResiduals(ca.vertcat(pose, lean), action, before, parameters, residual, ca.SX(0))
