"""The cost of a task whose reward the model predicts: what is missing is worth as much as what is gained.

sum over h = 1..H of   - reward_h
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray


@dataclass(frozen=True)
class RewardCost:
    """Cost of candidates that should earn reward: where the state vector holds that of the step that led there."""

    channel: int

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) cost; actions are free."""
        total: AnyFloats = -states[:, :, 1:, self.channel].sum(axis=-1)
        return total

    @property
    def channels(self) -> tuple[int, ...]:
        """The reward."""
        return (self.channel,)

    @property
    def previous_action(self) -> FloatArray | None:
        """Changes of the action cost nothing."""
        return None

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step: nothing but a linear term, since a reward has no end."""
        return _residuals()

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return no parameters (N, H, 0) for states (N, H + 1, S)."""
        return np.zeros((len(states), states.shape[1] - 1, 0))


@cache
def _residuals() -> StepResiduals:
    reward, nothing = ca.SX.sym("reward"), ca.SX(0, 1)
    return StepResiduals(reward, nothing, nothing, nothing, nothing, -reward)
