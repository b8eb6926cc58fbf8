from __future__ import annotations

import numpy as np

from planners.costs.forward import ForwardCost
from planners.costs.residuals import ResidualCost, expand

COST = ForwardCost(channel=1, step=0.05, effort=np.array([0.1, 0.4]), alive=0.2)


def test_metres_count_by_the_second_and_actions_squared() -> None:
    states, actions = np.zeros((2, 1, 4, 3)), np.zeros((1, 3, 2))
    states[0, 0, :, 1], states[1, 0, :, 1] = [5.0, 5.1, 5.3, 5.6], [5.0, 4.9, 4.9, 4.9]
    actions[0, 1] = [2.0, -1.0]
    effort, alive = 0.1 * 4.0 + 0.4, 3 * 0.2
    np.testing.assert_allclose(COST(states, actions), [[effort - alive - 12.0], [effort - alive + 2.0]])


def test_the_expansion_is_exact() -> None:
    assert isinstance(COST, ResidualCost)
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 2))
    states[:, 0, 1] = 0.0  # only the way from the first state on is paid
    terms = expand(COST, states, actions)
    np.testing.assert_allclose(terms.value.sum(axis=1), COST(states[None], actions)[0])
    np.testing.assert_allclose(terms.gradient[:, :, 0], [[0.0, 0.0, 0.0, -20.0]] * 2)
    np.testing.assert_allclose(terms.gradient[:, :, 1:], 2.0 * actions * COST.effort)
    assert COST.residuals(2) is ForwardCost(0, 1.0, np.ones(2), 0.0).residuals(2)
