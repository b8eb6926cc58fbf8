"""The cost of running forwards as fast as it goes, with a price on effort: the reward of the literature, negative.

    sum over h = 1..H of   (x_{h-1} - x_h) / step  +  sum over actions of weight u_h^2  -  alive
                           +  tilt max(0, arccos(cos(roll) cos(pitch)) - free)^2  +  leap max(0, |z| - height)^2
                           +  sum over actions of change (u_h - u_{h-1})^2

Speed is that from state to state, which is what gymnasium pays for. Tilt, leaps and changes are no part of the reward,
which is what counts in scores and reports: on its back a robot earns little or nothing any more, and that is further
away than a plan looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import casadi as ca
import numpy as np

from planners.costs.path import ExcessPrice, change_cost, excess_residual, num_priced
from planners.costs.residuals import StepResiduals
from planners.problem import AnyFloats, FloatArray

_FIXED = 6
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
        leap: what being high costs a plan; None lets it be free.
        change: what changes of actions cost a plan, weights (A,) of their squares; None lets them be free.
        previous_action: (A,) the action before the first one; None lets the first change be free.
    """

    channel: int
    step: float
    effort: FloatArray
    alive: float
    tilt: ExcessPrice | None = None
    leap: ExcessPrice | None = None
    change: FloatArray | None = None
    previous_action: FloatArray | None = None

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        ran = states[:, :, -1, self.channel] - states[:, :, 0, self.channel]
        cost: AnyFloats = np.square(actions).sum(axis=1) @ self.effort - self.alive * actions.shape[1] - ran / self.step
        for price in filter(None, (self.tilt, self.leap)):
            cost = cost + price(states[..., 1:, :]).sum(axis=-1)
        return cost if self.change is None else cost + change_cost(actions, self.change, self.previous_action)

    @property
    def channels(self) -> tuple[int, ...]:
        """Where it is along x, and how it leans and how high it is where that costs something."""
        return (self.channel, *(each for price in filter(None, (self.tilt, self.leap)) for each in price.channels))

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step, with the distance telescoped into the last one."""
        num_changes = 0 if self.change is None else num_actions
        return _residuals(num_actions, num_changes, leaning=num_priced(self.tilt), leaping=num_priced(self.leap))

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return (N, H, 6 + A) for states (N, H + 1, S), behind them weights of changes (N, H, 6 + 2 A).

        They are the worth of a metre and of a step, the prices of tilt and of leaps, and the efforts.
        """
        change, efforts = np.zeros(0) if self.change is None else self.change, _FIXED + len(self.effort)
        parameters = np.zeros((len(states), states.shape[1] - 1, efforts + len(change)))
        parameters[:, -1, 0] = 1.0 / self.step
        parameters[..., 1] = self.alive
        for place, price in ((2, self.tilt), (4, self.leap)):
            if price is not None:
                parameters[..., place : place + 2] = price.weight, price.free
        parameters[..., _FIXED:efforts] = self.effort
        parameters[..., efforts:] = change
        if self.previous_action is None:
            parameters[:, 0, efforts:] = 0.0
        return parameters


@cache
def _residuals(num_actions: int, num_changes: int, *, leaning: int, leaping: int) -> StepResiduals:
    x, action, before = ca.SX.sym("x"), ca.SX.sym("action", num_actions), ca.SX.sym("before", num_changes)
    efforts = _FIXED + num_actions
    lean, leap = ca.SX.sym("lean", leaning), ca.SX.sym("leap", leaping)
    parameters = ca.SX.sym("parameters", efforts + num_changes)
    metre, alive, tilt, upright, high, height = ca.vertsplit(parameters[:_FIXED])
    residual = ca.sqrt(2 * parameters[_FIXED:efforts]) * action
    if num_changes:
        residual = ca.vertcat(residual, ca.sqrt(2 * parameters[efforts:]) * (action - before))
    if leaning:
        residual = ca.vertcat(residual, excess_residual(lean, tilt, upright))
    if leaping:
        residual = ca.vertcat(residual, excess_residual(leap, high, height, lean=False))
    return StepResiduals(ca.vertcat(x, lean, leap), action, before, parameters, residual, -metre * x - alive)
