from __future__ import annotations

import numpy as np
import pytest

from planners.newton.riccati import LinearQuadratic, backward, forward, solve
from planners.problem import FloatArray


def random_problem(rng: np.random.Generator, count: int = 3, bound: float = np.inf) -> LinearQuadratic:
    """Return N problems of 8 stages with 4 states and 2 actions, curved in every direction, with cross terms."""
    roots = rng.normal(size=(count, 8, 6, 6))
    last = rng.normal(size=(count, 4, 4))
    limit = np.full((count, 8, 2), bound)
    return LinearQuadratic(
        0.6 * rng.normal(size=(count, 8, 4, 6)),
        0.3 * rng.normal(size=(count, 8, 4)),
        rng.normal(size=(count, 8, 6)),
        roots @ roots.mT + 0.1 * np.eye(6),
        rng.normal(size=(count, 4)),
        last @ last.mT,
        -limit,
        limit,
    )


def one(problem: LinearQuadratic, index: int) -> LinearQuadratic:
    return LinearQuadratic(*(part[index] for part in problem))


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


def value(problem: LinearQuadratic, change: FloatArray) -> FloatArray:
    """What changes (N, H, U) of the actions cost."""
    costs = []
    for index, actions in enumerate(change):
        hessian, gradient, *_ = condense(one(problem, index))
        flat = actions.reshape(-1)
        costs.append(gradient @ flat + flat @ hessian @ flat / 2)
    return np.array(costs)


def test_without_bounds_the_sweep_equals_one_dense_solve() -> None:
    problem = random_problem(np.random.default_rng(0))
    answer = solve(problem, damping=0.0)
    assert answer is not None
    for index in range(3):
        hessian, gradient, *_ = condense(one(problem, index))
        np.testing.assert_allclose(answer.change[index].reshape(-1), -np.linalg.solve(hessian, gradient), atol=1e-9)


def test_gains_say_what_is_best_from_another_state() -> None:
    problem = random_problem(np.random.default_rng(1), count=1)
    policy = backward(problem, damping=0.0)
    deviation = np.random.default_rng(2).normal(size=4)
    tail = LinearQuadratic(*(part[:, 3:] if part.ndim > 2 and part.shape[1] == 8 else part for part in problem))
    cross = tail.hessian[:, 0, 4:, :4] @ deviation
    moved = tail.gradient.copy()
    moved[:, 0, 4:] += cross
    ahead = tail.dynamics[0, 0, :, :4] @ deviation
    for stage in range(1, 5):
        moved[0, stage] += tail.hessian[0, stage, :, :4] @ ahead
        ahead = tail.dynamics[0, stage, :, :4] @ ahead
    shifted = tail._replace(gradient=moved, last_gradient=tail.last_gradient + tail.last_hessian[0] @ ahead)
    answer = solve(shifted, damping=0.0)
    assert answer is not None
    wanted = policy.steps[0, 3] + policy.gains[0, 3] @ deviation
    np.testing.assert_allclose(answer.change[0, 0], wanted, atol=1e-9)


def test_bounds_are_kept_and_gains_of_bounded_actions_are_zero() -> None:
    problem = random_problem(np.random.default_rng(3), bound=0.1)
    policy = backward(problem, damping=0.0)
    change = forward(problem, policy)
    assert np.all(np.abs(change) <= 0.1)
    bounded = np.abs(policy.steps) == 0.1
    assert 0.1 < bounded.mean() < 1
    assert not policy.gains[bounded].any()


def test_an_action_pushed_against_its_bound_at_once_gets_no_feedback() -> None:
    problem = random_problem(np.random.default_rng(9))
    limit = np.full((3, 8, 2), 1e-6)
    pushed = problem._replace(gradient=problem.gradient + 1e3, low=-limit, high=limit)
    policy = backward(pushed, damping=0.0)
    assert not policy.gains.any()
    assert np.all(np.abs(policy.steps) == 1e-6)


@pytest.mark.parametrize("bound", [0.03, 0.1, 0.3])
def test_repeated_sweeps_meet_the_bounded_optimum(bound: float) -> None:
    problem = random_problem(np.random.default_rng(4), bound=bound)
    total = np.zeros((3, 8, 2))
    for _ in range(15):
        moved = []
        for index in range(3):
            _, _, follow, drift = condense(one(problem, index))
            states = np.concatenate([np.zeros((1, 4)), follow @ total[index].reshape(-1) + drift])
            here = np.concatenate([states[:-1], total[index]], axis=-1)
            moved.append(
                (
                    problem.gradient[index] + np.einsum("hij,hj->hi", problem.hessian[index], here),
                    problem.last_gradient[index] + problem.last_hessian[index] @ states[-1],
                )
            )
        local = problem._replace(
            gaps=np.zeros((3, 8, 4)),
            gradient=np.stack([m[0] for m in moved]),
            last_gradient=np.stack([m[1] for m in moved]),
            low=problem.low - total,
            high=problem.high - total,
        )
        answer = solve(local, damping=0.0)
        assert answer is not None
        better = [total + share * answer.change for share in (1.0, 0.5, 0.2)]
        costs = np.stack([value(problem, candidate) for candidate in better])
        total = np.stack([better[pick][index] for index, pick in enumerate(costs.argmin(axis=0))])
    for index in range(3):
        hessian, gradient, *_ = condense(one(problem, index))
        flat = total[index].reshape(-1)
        push = gradient + hessian @ flat
        residual = np.clip(flat - push, -bound, bound) - flat
        assert np.abs(residual).max() < 1e-5


def test_problems_do_not_mix() -> None:
    problem = random_problem(np.random.default_rng(5), bound=0.2)
    together = solve(problem, damping=0.3)
    assert together is not None
    for index in range(3):
        alone = solve(LinearQuadratic(*(part[index : index + 1] for part in problem)), damping=0.3)
        assert alone is not None
        np.testing.assert_allclose(alone.change[0], together.change[index], atol=1e-12)


def test_damping_holds_back_an_action_that_has_only_a_gradient() -> None:
    problem = random_problem(np.random.default_rng(6), bound=0.5)
    flat = problem._replace(hessian=0 * problem.hessian, last_hessian=0 * problem.last_hessian)
    policy = backward(flat, damping=4.0)
    assert np.all(np.abs(policy.steps) <= 0.25 * (1 + 1e-9))
    assert solve(flat, damping=0.0) is None


def test_numbers_that_are_not_finite_give_no_step() -> None:
    problem = random_problem(np.random.default_rng(7))
    assert solve(problem._replace(gradient=np.full((3, 8, 6), np.nan)), damping=0.1) is None


def test_inputs_are_not_written_to() -> None:
    problem = random_problem(np.random.default_rng(8), bound=0.1)
    for part in problem:
        part.flags.writeable = False
    assert solve(problem, damping=0.1) is not None
