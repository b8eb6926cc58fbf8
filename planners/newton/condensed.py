"""The condensed quadratic program: states eliminated, bounds on actions exact, limits on states met with slack.

Solved by the dense active-set solver DAQP (Arnström et al. 2022, https://doi.org/10.1109/TAC.2022.3176430) through
CasADi. Slower than a Riccati sweep and without gains: for problems whose state limits matter.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import casadi as ca
import numpy as np

from planners.limits import StateLimits
from planners.newton.riccati import LinearQuadratic, Step
from planners.problem import FloatArray

_RIDGE = 1e-9
"""Share of the mean curvature that every variable gets, because the solver wants a strictly convex program."""


def solve(
    problem: LinearQuadratic, damping: float, states: FloatArray, limits: StateLimits | None = None
) -> Step | None:
    """Return what to change about the actions; None where the solver finds nothing.

    Args:
        problem: N problems of H stages.
        damping: as in the Riccati sweep.
        states: that the problems are expanded around (N, H + 1, S).
        limits: on states 1..H; leaving them costs what `StateLimits` says.
    """
    changes = []
    for n in range(len(states)):
        with np.errstate(all="ignore"):
            change = _solve_one(LinearQuadratic(*(part[n] for part in problem)), damping, states[n], limits)
        if change is None:
            return None
        changes.append(change)
    return Step(np.array(changes), None)


def condense(problem: LinearQuadratic) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Eliminate the states of one problem (no leading axis).

    Returns:
        Hessian (H U, H U), gradient (H U,), how states 1..H follow the actions (H, X, H U), and where they go without
        any action (H, X).
    """
    horizon, size, width = problem.dynamics.shape
    num_actions = width - size
    follow, drift = np.zeros((horizon + 1, width, horizon * num_actions)), np.zeros((horizon + 1, width))
    for h in range(horizon):
        columns = slice(h * num_actions, (h + 1) * num_actions)
        follow[h, size:, columns] = np.eye(num_actions)
        follow[h + 1, :size] = problem.dynamics[h] @ follow[h]
        drift[h + 1, :size] = problem.dynamics[h] @ drift[h] + problem.gaps[h]
    moves, last = follow[:-1].reshape(horizon * width, -1), follow[-1, :size]
    curved = (problem.hessian @ follow[:-1]).reshape(horizon * width, -1)
    hessian = moves.T @ curved + last.T @ problem.last_hessian @ last
    there = problem.gradient + (problem.hessian @ drift[:-1, :, None])[..., 0]
    last_there = problem.last_gradient + problem.last_hessian @ drift[-1, :size]
    return hessian, moves.T @ there.reshape(-1) + last.T @ last_there, follow[1:, :size], drift[1:, :size]


def _solve_one(
    problem: LinearQuadratic, damping: float, states: FloatArray, limits: StateLimits | None
) -> FloatArray | None:
    """Return the change (H, U) for one problem around states (H + 1, S)."""
    hessian, gradient, follow, drift = condense(problem)
    low, high = problem.low.reshape(-1), problem.high.reshape(-1)
    width = high - low
    size = len(gradient)
    extra = np.full(size, _RIDGE * max(np.trace(hessian) / size, 1e-12))
    if damping:
        extra += damping * np.max(np.abs(gradient) * width) / width**2
    hessian = hessian + np.diag(extra)
    if limits is None or not len(limits.channels):
        return _program(hessian, gradient, low, high, np.zeros((0, size)), np.zeros(0), np.zeros(0), problem.low.shape)
    rows = follow[:, limits.channels].reshape(-1, size)
    now = (states[1:, limits.channels] + drift[:, limits.channels]).reshape(-1)
    least = np.tile(limits.low[limits.channels], len(follow)) - now
    most = np.tile(limits.high[limits.channels], len(follow)) - now
    count = len(rows)
    slack = np.eye(count)
    return _program(
        np.block([[hessian, np.zeros((size, count))], [np.zeros((count, size)), 1e-6 * limits.weight * slack]]),
        np.concatenate([gradient, np.full(count, limits.weight)]),
        np.concatenate([low, np.zeros(count)]),
        np.concatenate([high, np.full(count, np.inf)]),
        np.block([[rows, slack], [rows, -slack]]),
        np.concatenate([least, np.full(count, -np.inf)]),
        np.concatenate([np.full(count, np.inf), most]),
        problem.low.shape,
    )


def _program(
    hessian: FloatArray,
    gradient: FloatArray,
    low: FloatArray,
    high: FloatArray,
    rows: FloatArray,
    least: FloatArray,
    most: FloatArray,
    shape: tuple[int, ...],
) -> FloatArray | None:
    """Solve min x' hessian x / 2 + gradient' x, low <= x <= high, least <= rows x <= most; return the first of x."""
    if not (np.isfinite(hessian).all() and np.isfinite(gradient).all() and np.isfinite(rows).all()):
        return None
    solver = _solver(*rows.shape)
    answer = solver(h=hessian, g=gradient, a=rows, lbx=low, ubx=high, lba=least, uba=most)
    solution: FloatArray = answer["x"].full()[: int(np.prod(shape)), 0].reshape(shape)
    return solution if solver.stats()["success"] and np.isfinite(solution).all() else None


@cache
def _solver(rows: int, columns: int) -> Any:
    shapes = {"h": ca.Sparsity.dense(columns, columns), "a": ca.Sparsity.dense(rows, columns)}
    return ca.conic("program", "daqp", shapes, {"error_on_fail": False})
