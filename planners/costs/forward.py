"""The cost of running forwards as fast as it goes, with a price on effort: the reward of the literature, negative.

    sum over h = 1..H of   (x_{h-1} - x_h) / step  +  sum over actions of weight u_h^2  -  alive

One cost for planning, scoring and reports: speed is that from state to state, which is what gymnasium pays for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray


@dataclass(frozen=True)
class ForwardCost:
    """Cost of candidates that should run along x.

    Attributes:
        channel: index of x in the state vector.
        step: time between predicted states [s].
        effort: weights of squared actions (A,) [1 / action unit^2].
        alive: what every step earns beside [-].
    """

    channel: int
    step: float
    effort: FloatArray
    alive: float

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        ran = states[:, :, -1, self.channel] - states[:, :, 0, self.channel]
        cost: AnyFloats = np.square(actions).sum(axis=1) @ self.effort - self.alive * actions.shape[1] - ran / self.step
        return cost

    @property
    def channels(self) -> tuple[int, ...]:
        """Where it is along x."""
        return (self.channel,)

    @property
    def previous_action(self) -> FloatArray | None:
        """Changes of the action cost nothing."""
        return None

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step, with the distance telescoped into the last one."""
        return _residuals(num_actions)

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return (N, H, 2 + A) for states (N, H + 1, S): what a metre is worth, what a step earns, the efforts."""
        parameters = np.zeros((len(states), states.shape[1] - 1, 2 + len(self.effort)))
        parameters[:, -1, 0] = 1.0 / self.step
        parameters[..., 1] = self.alive
        parameters[..., 2:] = self.effort
        return parameters


@cache
def _residuals(num_actions: int) -> StepResiduals:
    x, action, before = ca.SX.sym("x"), ca.SX.sym("action", num_actions), ca.SX(0, 1)
    parameters = ca.SX.sym("parameters", 2 + num_actions)
    effort = ca.sqrt(2 * parameters[2:]) * action
    return StepResiduals(x, action, before, parameters, effort, -parameters[0] * x - parameters[1])
