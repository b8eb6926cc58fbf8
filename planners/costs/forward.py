"""The cost of running forwards as fast as it goes, with a price on effort: the reward of the literature, negative.

    sum over h = 1..H of   (x_{h-1} - x_h) / step  +  sum over actions of weight u_h^2  -  alive
                           +  tilt max(0, sqrt(roll^2 + pitch^2) - free)^2

Speed is that from state to state, which is what gymnasium pays for. Tilt is no part of the reward, which is what counts
in scores and reports: on its back a robot earns nothing any more, and that is further away than a plan looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.path import TiltPrice, lean_residual, leaning
from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray

_FIXED = 4
"""Parameters of a step before the efforts."""


@dataclass(frozen=True)
class ForwardCost:
    """Cost of candidates that should run along x.

    Attributes:
        channel: index of x in the state vector.
        step: time between predicted states [s].
        effort: weights of squared actions (A,) [1 / action unit^2].
        alive: what every step earns beside [-].
        tilt: what leaning costs a plan; None lets it be free.
    """

    channel: int
    step: float
    effort: FloatArray
    alive: float
    tilt: TiltPrice | None = None

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        ran = states[:, :, -1, self.channel] - states[:, :, 0, self.channel]
        cost: AnyFloats = np.square(actions).sum(axis=1) @ self.effort - self.alive * actions.shape[1] - ran / self.step
        return cost if self.tilt is None else cost + self.tilt(states[..., 1:, :]).sum(axis=-1)

    @property
    def channels(self) -> tuple[int, ...]:
        """Where it is along x, and how it leans where that costs something."""
        return (self.channel,) if self.tilt is None else (self.channel, *self.tilt.channels)

    @property
    def previous_action(self) -> FloatArray | None:
        """Changes of the action cost nothing."""
        return None

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step, with the distance telescoped into the last one."""
        return _residuals(num_actions, leaning=leaning(self.tilt))

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return (N, H, 4 + A) for states (N, H + 1, S): worth of a metre and of a step, price of tilt, the efforts."""
        parameters = np.zeros((len(states), states.shape[1] - 1, _FIXED + len(self.effort)))
        parameters[:, -1, 0] = 1.0 / self.step
        parameters[..., 1] = self.alive
        if self.tilt is not None:
            parameters[..., 2:_FIXED] = self.tilt.weight, self.tilt.free
        parameters[..., _FIXED:] = self.effort
        return parameters


@cache
def _residuals(num_actions: int, *, leaning: int) -> StepResiduals:
    x, action, before = ca.SX.sym("x"), ca.SX.sym("action", num_actions), ca.SX(0, 1)
    lean, parameters = ca.SX.sym("lean", leaning), ca.SX.sym("parameters", _FIXED + num_actions)
    metre, alive, weight, free = ca.vertsplit(parameters[:_FIXED])
    residual = ca.sqrt(2 * parameters[_FIXED:]) * action
    if leaning:
        residual = ca.vertcat(residual, lean_residual(lean, weight, free))
    return StepResiduals(ca.vertcat(x, lean), action, before, parameters, residual, -metre * x - alive)
