"""The plainest cost: weighted squares of the distance to a target state and of the actions.

sum over h = 1..H of   sum_i weights_i (s_h,i - target_i)^2  +  sum_j effort_j u_h,j^2
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray, PlanningError


@dataclass(frozen=True)
class QuadraticCost:
    """Cost of candidates that should reach a state and stay there.

    Attributes:
        target: (S,).
        weights: of squared distances (S,), each in cost per squared unit of its channel.
        effort: of squared actions (A,), each in cost per squared unit of its channel.

    Raises:
        PlanningError: shapes that do not match, or a negative weight.
    """

    target: FloatArray
    weights: FloatArray
    effort: FloatArray

    def __post_init__(self) -> None:
        if self.target.shape != self.weights.shape:
            raise PlanningError(f"quadratic: expected weights {self.target.shape}, got {self.weights.shape}")
        if np.any(self.weights < 0) or np.any(self.effort < 0):
            raise PlanningError(f"quadratic: expected weights and effort >= 0, got {self.weights} and {self.effort}")

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        miss = np.square(states[:, :, 1:] - self.target.astype(states.dtype))
        total: AnyFloats = np.einsum("enhs,s->en", miss, self.weights.astype(states.dtype))
        effort: FloatArray = np.einsum("nha,a->n", np.square(actions), self.effort)
        return total + effort

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of the state that cost something."""
        return tuple(range(len(self.target)))

    @property
    def previous_action(self) -> FloatArray | None:
        """Changes of the action cost nothing."""
        return None

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step."""
        return _residuals(len(self.target), num_actions)

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return target, weights and effort for every step of states (N, H + 1, S)."""
        row = np.concatenate([self.target, self.weights, self.effort])
        return np.broadcast_to(row, (len(states), states.shape[1] - 1, len(row)))


@cache
def _residuals(size: int, num_actions: int) -> StepResiduals:
    state, action = ca.SX.sym("state", size), ca.SX.sym("action", num_actions)
    target, weights = ca.SX.sym("target", size), ca.SX.sym("weights", size)
    effort = ca.SX.sym("effort", num_actions)
    residual = ca.vertcat(ca.sqrt(2 * weights) * (state - target), ca.sqrt(2 * effort) * action)
    return StepResiduals(state, action, ca.SX(0, 1), ca.vertcat(target, weights, effort), residual, ca.SX(0))
