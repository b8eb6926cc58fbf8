"""Linear-quadratic problems with bounds on the action, solved by one sweep backwards and one forwards.

    minimise   sum_h  g_h' z_h + z_h' G_h z_h / 2  +  g_H' x_H + x_H' G_H x_H / 2,    z_h = (x_h, u_h),  x_0 = 0
    under      x_h+1 = F_h z_h + c_h,    low_h <= u_h <= high_h

x and u are deviations from a trajectory, c is what the model makes of a point of it beyond the next point: nothing, if
the trajectory is one that the model really takes. Backwards from V_H = G_H and v_H = g_H, all stages from h on cost at
best v_h' x + x' V_h x / 2 (Bellman 1957; around a trajectory Li and Todorov 2004, ICINCO):

    Q_h = G_h + F_h' V_h+1 F_h        q_h = g_h + F_h' (v_h+1 + V_h+1 c_h)
    K_h = - Q_uu^-1 Q_ux              k_h = - Q_uu^-1 q_u                      u_h = k_h + K_h x_h
    V_h = Q_xx + Q_xu K_h             v_h = q_x + Q_xu k_h

Without active bounds the answer is exact. A bound is met stage by stage, after Tassa et al. 2014,
https://doi.org/10.1109/ICRA.2014.6907001: an action that is pushed out of its range stays, one that would leave it
stops at the bound, and neither gets feedback; the forward sweep clips. Which actions are bounded is asked once a sweep:
the next one, from where this one led, sees what has changed. All arrays lead with N independent problems.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from planners.problem import FloatArray

_LEAST = 1e-12
"""Curvature that keeps an action solvable that nothing depends on."""


class LinearQuadratic(NamedTuple):
    """N problems of H stages with X states and U actions, Z = X + U."""

    dynamics: FloatArray
    """F (N, H, X, Z)."""
    gaps: FloatArray
    """c (N, H, X)."""
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
    gains: FloatArray
    """How actions follow the state (N, H, U, X)."""


def solve(problem: LinearQuadratic, damping: float) -> Step | None:
    """Return what to change about the actions; None where the numbers do not allow a solution."""
    try:
        with np.errstate(all="ignore"):
            policy = backward(problem, damping)
            change = forward(problem, policy)
    except np.linalg.LinAlgError:
        return None
    return Step(change, policy.gains) if np.isfinite(change).all() else None


def backward(problem: LinearQuadratic, damping: float) -> Policy:
    """Sweep from the last stage to the first. Raises LinAlgError, without damping alone: a stage has no curvature.

    Args:
        problem: to be solved.
        damping: extra curvature per action, as a multiple of its gradient over its range: with 1, an action with
            nothing but a gradient moves by at most its range. It vanishes where a trajectory is optimal.
    """
    count, horizon, size, width = problem.dynamics.shape
    answer = np.empty((count, horizon, width - size, 1 + size))
    for index in range(count):
        _sweep(LinearQuadratic(*(part[index] for part in problem)), damping, answer[index])
    return Policy(answer[..., 0], answer[..., 1:])


def _sweep(problem: LinearQuadratic, damping: float, policy: FloatArray) -> None:
    """Fill in the policy of one problem; products of stacks of small matrices would take twice as long.

    Linear terms ride along as one more column in front, so that a stage is three matrix products:

        value = [v V]  (X, 1 + X)      dynamics = [1 0; c F]  (1 + X, 1 + Z)      ahead = value dynamics  (X, 1 + Z)
        stage = [q Q]  (Z, 1 + Z)      policy = [k K]  (U, 1 + X)

    Args:
        problem: without the leading axis.
        damping: as in `backward`.
        policy: to be filled in (H, U, 1 + X).
    """
    # Constants of all stages, and one buffer for [q Q] with its blocks Q_uu, [q_u Q_ux], Q_xu and [q_x Q_xx].
    horizon, size, width = problem.dynamics.shape
    dynamics = np.zeros((horizon, 1 + size, 1 + width))
    dynamics[:, 0, 0], dynamics[:, 1:, 0], dynamics[:, 1:, 1:] = 1.0, problem.gaps, problem.dynamics
    terms = np.concatenate([problem.gradient[..., None], problem.hessian], axis=-1)
    ahead, stage = np.empty((size, 1 + width)), np.empty((width, 1 + width))
    own, linear = stage[size:, 1 + size :], stage[size:, : 1 + size]
    cross, rest = stage[:size, 1 + size :], stage[:size, : 1 + size]
    diagonal, push = np.einsum("uu->u", own), linear[:, 0]
    # How far each action may go, and whether it is at a bound already.
    span = problem.high - problem.low
    at_low, at_high = np.greater_equal(problem.low, 0), np.less_equal(problem.high, 0)
    scale, at_bounds = damping / span**2, np.any(at_low | at_high, axis=1)
    # From the last stage to the first: [q Q], damped; its minimum over u within bounds; the cost [v V] that remains.
    value = np.concatenate([problem.last_gradient[:, None], problem.last_hessian], axis=-1)
    for h in range(horizon - 1, -1, -1):
        value.dot(dynamics[h], ahead)
        problem.dynamics[h].T.dot(ahead, stage)
        stage += terms[h]
        if damping:
            diagonal += max(map(abs, (push * span[h]).tolist())) * scale[h] + _LEAST
        held = (at_low[h] & (push >= 0)) | (at_high[h] & (push <= 0)) if at_bounds[h] else None
        policy[h] = answer = _minimise(own, linear, problem.low[h], problem.high[h], held)
        value = cross.dot(answer)
        value += rest


def forward(problem: LinearQuadratic, policy: Policy) -> FloatArray:
    """Follow a policy within bounds; return how far the actions deviate (N, H, U)."""
    count, horizon, size, width = problem.dynamics.shape
    moves = np.zeros((count, horizon + 1, width))
    for index, stages in enumerate(moves):
        one, policies = LinearQuadratic(*(part[index] for part in problem)), (policy.steps[index], policy.gains[index])
        for h, (step, gain) in enumerate(zip(*policies, strict=True)):
            state, action = stages[h, :size], stages[h, size:]
            np.minimum(np.maximum(step + gain.dot(state), one.low[h]), one.high[h], out=action)
            np.add(one.dynamics[h].dot(stages[h]), one.gaps[h], out=stages[h + 1, :size])
    return moves[:, :-1, size:]


def _minimise(
    hessian: FloatArray, linear: FloatArray, low: FloatArray, high: FloatArray, held: NDArray[np.bool_] | None
) -> FloatArray:
    """Minimise u' hessian u / 2 + u' linear (1, x) over u, and move what leaves its bounds back onto them.

    Args:
        hessian: (U, U).
        linear: (U, 1 + X), the gradient and how it follows the state.
        low: (U,), at most 0.
        high: (U,), at least 0.
        held: actions that stay where they are (U,).

    Returns:
        The minimum at x = 0 and how it follows x (U, 1 + X).
    """
    if held is None:
        policy = _unbounded(hessian, linear)
    else:
        free = ~held[:, None]
        policy = _unbounded(np.where(free & free.T, hessian, _identity(len(held))), linear * free)
    step = policy[:, 0]
    place = np.minimum(np.maximum(step, low), high)
    left = place != step
    if np.count_nonzero(left):
        policy[left] = 0.0
        policy[:, 0] = place
    return policy


@cache
def _identity(size: int) -> FloatArray:
    return np.eye(size)


def _unbounded(hessian: FloatArray, linear: FloatArray) -> FloatArray:
    """Return -hessian^-1 linear; LAPACK at first hand, for the wrapper of NumPy takes longer than the solution."""
    _, solution, failed = dposv(hessian, linear)
    if failed:
        raise np.linalg.LinAlgError("a stage without curvature")
    answer: FloatArray = np.negative(solution, out=solution)
    return answer
