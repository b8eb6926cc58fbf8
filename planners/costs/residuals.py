"""Costs written as residuals, and the Gauss-Newton terms that CasADi derives from them.

    cost of step h  =  0.5 |r(s_h, u_h, u_h-1)|^2  +  l(s_h)          gradient  J' r + dl,   Hessian  J' J

A term that is a norm enters as a smooth residual whose half square is that norm up to a rounded tip, `norm_residual`; a
term that a plan should push without end (progress) enters as `linear` and has no curvature. Expressions are built once
for a kind of cost and take all numbers as parameters, so a new course or another robot state never needs a rebuild.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

import casadi as ca
import numpy as np

from planners.problem import AnyFloats, FloatArray, PlanningError


@dataclass(frozen=True, eq=False)
class StepResiduals:
    """The cost of one step as CasADi expressions (SX columns).

    State and actions must not meet in one residual: that raises PlanningError.

    Attributes:
        state: the channels of the state after the step that matter (C,).
        action: the action of the step (A,), or empty where actions cost nothing.
        before: the action before it (A,), or empty where changes cost nothing.
        parameters: numbers that differ from step to step or from problem to problem (P,).
        residual: (R,).
        linear: scalar that enters as it is.
    """

    state: Any
    action: Any
    before: Any
    parameters: Any
    residual: Any
    linear: Any

    def __post_init__(self) -> None:
        hessian = _gauss_newton(self)[2]
        count = self.state.numel()
        if hessian[:count, count:].nnz():
            raise PlanningError("residuals: expected each one to depend on the state or on actions, got one of both")

    @property
    def variables(self) -> Any:
        """State, action and action before as one column (V,)."""
        return ca.vertcat(self.state, self.action, self.before)

    @property
    def value(self) -> Any:
        """The cost of the step."""
        return 0.5 * ca.sumsqr(self.residual) + self.linear


@runtime_checkable
class ResidualCost(Protocol):
    """A cost that a Newton-type planner can take apart; called like any other, it ranks candidates."""

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return the costs (E, N) or (N,) of states (E, N, H + 1, S) and actions (N, H, A)."""

    @property
    def channels(self) -> tuple[int, ...]:
        """Which channels of the state vector `StepResiduals.state` holds."""

    @property
    def previous_action(self) -> FloatArray | None:
        """The action before the first one (A,)."""

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step, the same object for the same kind of cost."""

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return the parameters (N, H, P) of the steps that lead through states (N, H + 1, S)."""


class Expansion(NamedTuple):
    """Gauss-Newton terms of N x H steps in the variables of `StepResiduals`."""

    value: FloatArray
    """(N, H)."""
    gradient: FloatArray
    """(N, H, V)."""
    hessian: FloatArray
    """(N, H, V, V), positive semi-definite."""


def norm_residual(value: Any, weight: Any, rounding: Any) -> Any:
    """Return the smooth r with r^2 / 2 = weight (sqrt(value^2 + rounding^2) - rounding), a pseudo-Huber norm.

    That is weight |value| less at most weight * rounding. Far from zero its Gauss-Newton curvature, weight / 2 |value|,
    is half that of the parabola which touches weight |value| there and lies above it elsewhere.
    """
    return value * ca.sqrt(2 * weight / (ca.sqrt(value**2 + rounding**2) + rounding))


def expand(cost: ResidualCost, states: FloatArray, actions: FloatArray) -> Expansion:
    """Expand a cost around states (N, H + 1, S) under actions (N, H, A)."""
    num_plans, horizon, num_actions = actions.shape
    residuals = cost.residuals(num_actions)
    variables = np.ascontiguousarray(step_variables(cost, states, actions))
    parameters = np.ascontiguousarray(cost.parameters(states))
    count, size = num_plans * horizon, variables.shape[-1]
    value, gradient = np.empty((num_plans, horizon)), np.empty((num_plans, horizon, size))
    hessian = np.empty((num_plans, horizon, size, size))
    buffer, evaluate = _mapped(residuals, count).buffer()
    for index, given in enumerate((variables, parameters)):
        buffer.set_arg(index, given.data)
    for index, result in enumerate((value, gradient, hessian)):
        buffer.set_res(index, result.data)
    evaluate()
    return Expansion(value, gradient, hessian)


def step_variables(cost: ResidualCost, states: FloatArray, actions: FloatArray) -> FloatArray:
    """Return the variables (N, H, V) of the steps through states (N, H + 1, S) under actions (N, H, A)."""
    residuals = cost.residuals(actions.shape[-1])
    parts = [states[:, 1:, list(cost.channels)]]
    if residuals.action.numel():
        parts.append(actions)
    if residuals.before.numel():
        first = actions[:, :1] if cost.previous_action is None else cost.previous_action
        parts.append(np.concatenate([np.broadcast_to(first, actions[:, :1].shape), actions[:, :-1]], axis=1))
    return np.concatenate(parts, axis=-1, dtype=np.float64)


def _gauss_newton(residuals: StepResiduals) -> tuple[Any, Any, Any]:
    """Return value, gradient (V,) and Hessian (V, V)."""
    variables = residuals.variables
    jacobian = ca.jacobian(residuals.residual, variables)
    gradient = jacobian.T @ residuals.residual + ca.gradient(residuals.linear, variables)
    return residuals.value, gradient, jacobian.T @ jacobian


@cache
def _mapped(residuals: StepResiduals, count: int) -> Any:
    """Return the CasADi function of `count` steps at once; a column of its arguments and results is a step."""
    outputs = [ca.densify(output) for output in _gauss_newton(residuals)]
    step = ca.Function("step", [residuals.variables, residuals.parameters], outputs)
    return step.map(count)
