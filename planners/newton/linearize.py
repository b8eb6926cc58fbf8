"""From a trajectory to the linear-quadratic problem around it, and from its solution back to candidates.

The model's Jacobians come as numbers in one batch, the Gauss-Newton terms of the cost from CasADi, which never sees the
network: differentiating it there takes fifty times as long. Candidates are judged by the true, unrounded cost.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from planners.costs.residuals import Expansion, ResidualCost, expand
from planners.newton.riccati import LinearQuadratic
from planners.problem import AnyFloats, FloatArray, Problem

Rows = slice | NDArray[np.intp]


@runtime_checkable
class LinearizableModel(Protocol):
    """A model that knows its derivatives."""

    def linearize(self, states: FloatArray, actions: FloatArray) -> tuple[AnyFloats, AnyFloats, AnyFloats]:
        """Return what states (T, S) lead to under actions (T, A): next states (E, T, S), and their Jacobians.

        By the state they are (E, T, S, S), by the action (E, T, S, A).
        """


class Smooth(NamedTuple):
    """A model and a cost that know their derivatives."""

    model: LinearizableModel
    cost: ResidualCost


def smooth(problem: Problem) -> Smooth | None:
    """Return model and cost of a problem if both know their derivatives."""
    model, cost = problem.model, problem.cost
    return Smooth(model, cost) if isinstance(model, LinearizableModel) and isinstance(cost, ResidualCost) else None


def along(problem: Problem, actions: FloatArray, change: FloatArray, lengths: tuple[float, ...]) -> FloatArray:
    """Return candidates (N x L, H, A) that go part of the way from actions (N, H, A), within bounds."""
    shares = np.array(lengths)[:, None, None]
    candidates = actions[:, None] + shares * change[:, None]
    within: FloatArray = np.minimum(np.maximum(candidates, problem.low), problem.high)
    return within.reshape(-1, *actions.shape[1:])


def linear_quadratic(
    problem: Problem, known: Smooth, actions: FloatArray, path: FloatArray, rolled_out: bool = True
) -> LinearQuadratic:
    """Expand model and cost around N trajectories: actions (N, H, A), and the states of their path (N, H + 1, S).

    An ensemble counts as the average model along its mean path. Where the states are not those that the model predicts
    (`rolled_out`), its steps from point to point have gaps.
    """
    num_plans, horizon, num_actions = actions.shape
    size = path.shape[-1]
    # Model and cost, all N x H points in one batch each.
    points = path[:, :-1].reshape(-1, size), actions.reshape(-1, num_actions)
    ahead, by_state, by_action = known.model.linearize(*points)
    terms = expand(known.cost, path, actions)
    # Stages of states, actions carried along where changes of them cost something, and actions.
    carried = known.cost.residuals(num_actions).before.numel()
    dynamics = np.zeros((num_plans, horizon, size + carried, size + carried + num_actions))
    dynamics[:, :, :size, :size] = _mean(by_state).reshape(num_plans, horizon, size, size)
    dynamics[:, :, :size, size + carried :] = _mean(by_action).reshape(num_plans, horizon, size, num_actions)
    dynamics[:, :, size:, size + carried :] = np.eye(carried, num_actions)
    gaps = np.zeros((num_plans, horizon, size + carried))
    if not rolled_out:
        gaps[:, :, :size] = _mean(ahead).reshape(num_plans, horizon, size) - path[:, 1:]
    return LinearQuadratic(
        dynamics,
        gaps,
        *_stages(terms, known.cost.channels, size, carried, num_actions),
        low=problem.low - actions,
        high=problem.high - actions,
    )


def _mean(values: AnyFloats) -> AnyFloats:
    """Return the mean of the members of values (E, ...)."""
    return np.asarray(values[0] if len(values) == 1 else values.mean(axis=0))


def _stages(
    terms: Expansion, channels: tuple[int, ...], size: int, carried: int, num_actions: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sort the terms of steps into stages: what the state after step h costs belongs to stage h + 1."""
    num_plans, horizon, count = terms.gradient.shape
    width = size + carried + num_actions
    gradient, hessian = np.zeros((num_plans, horizon, width)), np.zeros((num_plans, horizon, width, width))
    last_gradient = np.zeros((num_plans, size + carried))
    last_hessian = np.zeros((num_plans, size + carried, size + carried))
    number, where = len(channels), _rows(channels)
    gradient[:, 1:, where] = terms.gradient[:, :-1, :number]
    hessian[:, 1:][_block(where)] = terms.hessian[:, :-1, :number, :number]
    last_gradient[:, where] = terms.gradient[:, -1, :number]
    last_hessian[_block(where)] = terms.hessian[:, -1, :number, :number]
    if count > number:
        acting = _rows((*range(size + carried, width), *range(size, size + carried)))
        gradient[:, :, acting] = terms.gradient[:, :, number:]
        hessian[_block(acting)] = terms.hessian[:, :, number:, number:]
    return gradient, hessian, last_gradient, last_hessian


@cache
def _rows(indices: tuple[int, ...]) -> Rows:
    """Return indices as a slice where they follow each other: writing through it takes a tenth of the time."""
    if indices == tuple(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[-1] + 1)
    return np.array(indices, dtype=np.intp)


def _block(rows: Rows) -> tuple[Any, ...]:
    """Return the index of the same rows and columns of a stack of matrices."""
    return (..., rows, rows) if isinstance(rows, slice) else (..., rows[:, None], rows)
