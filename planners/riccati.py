"""Linear-quadratic problems with bounds on the action, solved by one sweep backwards and one forwards.

    minimise   sum_h  g_h' z_h + z_h' G_h z_h / 2  +  g_H' x_H + x_H' G_H x_H / 2,    z_h = (x_h, u_h),  x_0 = 0
    under      x_h+1 = F_h z_h,    low_h <= u_h <= high_h

x and u are deviations from a trajectory that the model really takes. Without active bounds the answer is exact. A bound
is met stage by stage, as in Tassa et al. 2014, https://doi.org/10.1109/ICRA.2014.6907001: a bounded action gets no
feedback, the others make up for it; the forward sweep clips. All arrays lead with N independent problems.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planners.problem import FloatArray

_ROUNDS = 4
"""Most changes of mind about which actions of a stage are at their bounds."""
_LEAST = 1e-12
"""Curvature that keeps an action solvable that nothing depends on."""


class LinearQuadratic(NamedTuple):
    """N problems of H stages with X states and U actions, Z = X + U."""

    dynamics: FloatArray
    """F (N, H, X, Z)."""
    gradient: FloatArray
    """g (N, H, Z)."""
    hessian: FloatArray
    """G (N, H, Z, Z), positive semi-definite."""
    last_gradient: FloatArray
    """(N, X)."""
    last_hessian: FloatArray
    """(N, X, X), positive semi-definite."""
    low: FloatArray
    """Least allowed deviation of the action (N, H, U), at most 0."""
    high: FloatArray
    """Largest (N, H, U), at least 0."""


class Policy(NamedTuple):
    """What to do at each stage: u_h = step_h + gain_h x_h, clipped."""

    steps: FloatArray
    """(N, H, U)."""
    gains: FloatArray
    """(N, H, U, X); rows of actions at a bound are zero."""


class Step(NamedTuple):
    """A solution as planners use it."""

    change: FloatArray
    """Of the actions (N, H, U)."""
    gains: FloatArray | None
    """How actions follow the state (N, H, U, X), where the solver knows."""


def solve(problem: LinearQuadratic, damping: float) -> Step | None:
    """Return what to change about the actions; None where the numbers do not allow a solution."""
    try:
        with np.errstate(all="ignore"):
            policy = backward(problem, damping)
            change, _ = forward(problem, policy)
    except np.linalg.LinAlgError:
        return None
    return Step(change, policy.gains) if np.isfinite(change).all() else None


def backward(problem: LinearQuadratic, damping: float) -> Policy:
    """Sweep from the last stage to the first.

    Args:
        problem: to be solved.
        damping: extra curvature per action, as a multiple of its gradient over its range: with 1, an action with
            nothing but a gradient moves by at most its range. It vanishes where a trajectory is optimal.

    Raises:
        numpy.linalg.LinAlgError: a stage without curvature; only without damping.
    """
    count, horizon, size, width = problem.dynamics.shape
    policy = np.empty((horizon, count, width - size, 1 + size))
    terms = np.concatenate([problem.gradient[..., None], problem.hessian], axis=-1)
    low, high, span = problem.low[..., None], problem.high[..., None], problem.high - problem.low
    at_bounds = np.atleast_1d(((low >= 0) | (high <= 0)).any(axis=(0, 2, 3)))
    scale = damping / span**2
    value = np.concatenate([problem.last_gradient[..., None], problem.last_hessian], axis=-1)
    ahead, stage = np.empty((count, size, 1 + width)), np.empty((count, width, 1 + width))
    own, linear = stage[:, size:, 1 + size :], stage[:, size:, : 1 + size]
    cross, rest, diagonal = stage[:, :size, 1 + size :], stage[:, :size, : 1 + size], np.einsum("nuu->nu", own)
    for h in range(horizon - 1, -1, -1):
        dynamics = problem.dynamics[:, h]
        ahead[..., :1] = value[..., :1]
        np.matmul(value[..., 1:], dynamics, out=ahead[..., 1:])
        np.matmul(dynamics.mT, ahead, out=stage)
        stage += terms[:, h]
        if damping:
            pull = (np.abs(linear[..., 0]) * span[:, h]).max(axis=1, keepdims=True)
            diagonal += pull * scale[:, h] + _LEAST
        policy[h] = _minimise(own, linear, low[:, h], high[:, h], bool(at_bounds[h]))
        np.matmul(cross, policy[h], out=value)
        value += rest
    answer = policy.swapaxes(0, 1)
    return Policy(answer[..., 0], answer[..., 1:])


def forward(problem: LinearQuadratic, policy: Policy) -> tuple[FloatArray, FloatArray]:
    """Follow a policy within bounds; return deviations of actions (N, H, U) and states (N, H + 1, X)."""
    count, horizon, size, width = problem.dynamics.shape
    moves = np.zeros((count, horizon, width, 1))
    states = np.zeros((count, horizon + 1, size))
    for h in range(horizon):
        wanted = policy.steps[:, h] + (policy.gains[:, h] @ moves[:, h, :size])[..., 0]
        moves[:, h, size:, 0] = np.minimum(np.maximum(wanted, problem.low[:, h]), problem.high[:, h])
        states[:, h + 1] = (problem.dynamics[:, h] @ moves[:, h])[..., 0]
        if h + 1 < horizon:
            moves[:, h + 1, :size, 0] = states[:, h + 1]
    return moves[:, :, size:, 0], states


def _minimise(
    hessian: FloatArray, linear: FloatArray, low: FloatArray, high: FloatArray, at_bounds: bool
) -> FloatArray:
    """Minimise u' hessian u / 2 + u' linear (1, x) over u within bounds.

    Args:
        hessian: (N, U, U).
        linear: (N, U, 1 + X), the gradient and how it follows the state.
        low: (N, U, 1), at most 0.
        high: (N, U, 1), at least 0.
        at_bounds: whether any bound is 0, so that the search starts on it.

    Returns:
        The minimum at x = 0 and how it follows x (N, U, 1 + X).
    """
    gradient = linear[..., :1]
    if not at_bounds:
        policy = _unbounded(hessian, linear)
        step = policy[..., :1]
        if ((step >= low) & (step <= high)).all():
            return policy
        step = np.minimum(np.maximum(step, low), high)
    else:
        step = np.zeros_like(gradient)
    free = _free(step, gradient + hessian @ step, low, high)
    for _ in range(_ROUNDS):
        held = np.where(free, 0.0, step)
        pushed = linear * free
        pushed[..., :1] += (hessian @ held) * free
        policy = _unbounded(np.where(free & free.mT, hessian, _identity(hessian.shape[-1])), pushed)
        step = np.minimum(np.maximum(policy[..., :1] + held, low), high)
        before, free = free, _free(step, gradient + hessian @ step, low, high)
        if (free == before).all():
            break
    policy[..., :1] = step
    return policy


def _free(step: FloatArray, push: FloatArray, low: FloatArray, high: FloatArray) -> NDArray[np.bool_]:
    """Return which actions are inside their bounds or pushed inside."""
    return ((step > low) | (push <= 0)) & ((step < high) | (push >= 0))


@cache
def _identity(size: int) -> FloatArray:
    return np.eye(size)


def _unbounded(hessian: FloatArray, linear: FloatArray) -> FloatArray:
    solution = np.asarray(np.linalg.solve(hessian, linear), dtype=np.float64)
    return np.negative(solution, out=solution)
