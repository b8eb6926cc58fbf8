"""The whole planning problem as one nonlinear program: the offline reference that faster planners are measured against.

    minimise over s_1..s_H, u_1..u_H   sum_h cost(s_h, u_h, u_h-1)   under   s_h = f(s_h-1, u_h),  low <= u_h <= high

Network, scalings, start and cost enter a CasADi graph as parameters, so adapted weights need no rebuild; IPOPT (Wächter
and Biegler 2006, https://doi.org/10.1007/s10107-004-0559-y) solves it with exact second derivatives. It takes a hundred
times as long as a Newton-type planner and has no place in a control loop.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import casadi as ca
import numpy as np

from dynamics.model import Model
from dynamics.network import Weights
from dynamics.state_space import StateSpace
from planners.costs.residuals import ResidualCost, StepResiduals
from planners.plan import Plan, better, fallback, warm_start
from planners.problem import FloatArray, PlanningError, Problem

_SETTLE = 4
"""Most solves until the parameters of the cost (which vertex of a path is nearest) agree with the answer."""


def solve(problem: Problem, model: Model, weights: Weights, previous: Plan | None = None) -> Plan:
    """Solve a problem to a local optimum of its smooth cost.

    Args:
        problem: its own model judges the answer, by the true cost.
        model: what predicts.
        weights: of one network (1, F + A, hidden), ...
        previous: where to start from.

    Raises:
        PlanningError: an ensemble, or a cost that does not know its residuals.
    """
    if not isinstance(problem.cost, ResidualCost) or len(weights[0]) != 1:
        raise PlanningError("nlp: expected one network and a cost made of residuals")
    sizes = tuple(w.shape[-1] for w in weights[::2])
    residuals = problem.cost.residuals(problem.num_actions)
    solver = _solver(model.space, problem.num_actions, sizes, problem.horizon, residuals, problem.cost.channels)
    best, actions = fallback(problem, previous), warm_start(problem, previous)
    network = _network_parameters(model, weights)
    settled = np.empty(0)
    for _ in range(_SETTLE):
        costs, states = problem.evaluate(actions[None])
        best = better(best, problem, actions[None], costs, states)
        path = states[0].astype(np.float64)
        parameters = problem.cost.parameters(path)
        if np.array_equal(parameters, settled):
            break
        settled = parameters
        before = actions[0] if problem.cost.previous_action is None else problem.cost.previous_action
        answer = solver(
            x0=np.concatenate([path[0, 1:].reshape(-1), actions.reshape(-1)]),
            p=np.concatenate([network, problem.state, before, parameters.reshape(-1)]),
            lbx=_stacked(-np.inf, problem.low, path[0, 1:].size, problem.horizon),
            ubx=_stacked(np.inf, problem.high, path[0, 1:].size, problem.horizon),
            lbg=0.0,
            ubg=0.0,
        )
        solution = answer["x"].full().reshape(-1)[path[0, 1:].size :].reshape(actions.shape)
        actions = np.clip(solution, problem.low, problem.high)
    return best


def _stacked(free: float, bound: FloatArray, num_states: int, horizon: int) -> FloatArray:
    return np.concatenate([np.full(num_states, free), np.tile(bound, horizon)])


def _network_parameters(model: Model, weights: Weights) -> FloatArray:
    """Return scalings and weights in the order of `_step`."""
    arrays = [w[0].detach().double().numpy().T for w in weights]
    scalings = [model.inputs.mean, model.inputs.std, model.inputs.low, model.inputs.high]
    scalings += [model.increments.mean, model.increments.std]
    return np.concatenate([*scalings, *(array.ravel(order="F") for array in arrays)])


@cache
def _solver(
    space: StateSpace,
    num_actions: int,
    sizes: tuple[int, ...],
    horizon: int,
    residuals: StepResiduals,
    channels: tuple[int, ...],
) -> Any:
    """Build the program; a column of states and actions is a step."""
    step = _step(space, num_actions, sizes)
    states, actions = ca.MX.sym("states", space.size, horizon), ca.MX.sym("actions", num_actions, horizon)
    network, start = ca.MX.sym("network", step.size1_in(2)), ca.MX.sym("start", space.size)
    before = ca.MX.sym("before", num_actions)
    chosen = ca.MX.sym("chosen", residuals.parameters.numel(), horizon)
    predicted = step.map("steps", "serial", horizon, [2], [])(ca.horzcat(start, states[:, :-1]), actions, network)
    variables = [states[list(channels), :]]
    if residuals.action.numel():
        variables.append(actions)
    if residuals.before.numel():
        variables.append(ca.horzcat(before, actions[:, :-1]))
    cost = ca.Function("cost", [residuals.variables, residuals.parameters], [residuals.value])
    program = {
        "x": ca.veccat(states, actions),
        "p": ca.veccat(network, start, before, chosen),
        "f": ca.sum2(cost.map(horizon)(ca.vertcat(*variables), chosen)),
        "g": ca.vec(predicted - states),
    }
    quiet: dict[str, Any] = {"print_time": False, "ipopt.print_level": 0, "ipopt.sb": "yes", "error_on_fail": False}
    return ca.nlpsol("reference", "ipopt", program, quiet)


def _step(space: StateSpace, num_actions: int, sizes: tuple[int, ...]) -> Any:
    """Return the function (state, action, network parameters) -> next state, as `Kernel` computes it."""
    state, action = ca.MX.sym("state", space.size), ca.MX.sym("action", num_actions)
    num_inputs = space.num_features + num_actions
    shapes = [(num_inputs, 1)] * 4 + [(space.size, 1)] * 2
    for before, after in zip((num_inputs, *sizes[:-1]), sizes, strict=True):
        shapes += [(after, before), (after, 1)]
    parameters = [ca.MX.sym("parameter", *shape) for shape in shapes]
    mean, std, low, high, increment_mean, increment_std, *layers = parameters
    vectors, angles = state[space.vectors.tolist()], state[space.angles.tolist()]
    inputs = ca.vertcat(vectors, ca.cos(angles), ca.sin(angles), action)
    hidden = (ca.fmin(ca.fmax(inputs, low), high) - mean) / std
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        linear = weight @ hidden + bias
        hidden = linear / (1 + ca.exp(-linear))
    increment = increment_mean + increment_std * (layers[-2] @ hidden + layers[-1])
    x, y, yaw = space.pose
    cos, sin, ahead, left = ca.cos(state[yaw]), ca.sin(state[yaw]), increment[x], increment[y]
    following = ca.MX(state + increment)
    following[x], following[y] = state[x] + cos * ahead - sin * left, state[y] + sin * ahead + cos * left
    return ca.Function("step", [state, action, ca.veccat(*parameters)], [following])
