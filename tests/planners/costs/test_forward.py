from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planners.costs.forward import ForwardCost
from planners.costs.path import ExcessPrice
from planners.costs.residuals import ResidualCost, expand

COST = ForwardCost(channel=1, step=0.05, effort=np.array([0.1, 0.4]), alive=0.2)


def test_metres_count_by_the_second_and_actions_squared() -> None:
    states, actions = np.zeros((2, 1, 4, 3)), np.zeros((1, 3, 2))
    states[0, 0, :, 1], states[1, 0, :, 1] = [5.0, 5.1, 5.3, 5.6], [5.0, 4.9, 4.9, 4.9]
    actions[0, 1] = [2.0, -1.0]
    effort, alive = 0.1 * 4.0 + 0.4, 3 * 0.2
    np.testing.assert_allclose(COST(states, actions), [[effort - alive - 12.0], [effort - alive + 2.0]])


def test_changes_of_actions_cost_a_plan_the_first_one_where_an_action_came_before() -> None:
    changing = replace(COST, change=np.array([2.0, 0.5]))
    states, actions = np.zeros((1, 1, 3, 3)), np.array([[[1.0, 0.0], [2.0, 2.0]]])
    dearer = changing(states, actions) - COST(states, actions)
    np.testing.assert_allclose(dearer, [[2.0 * 1.0 + 0.5 * 4.0]])
    after = replace(changing, previous_action=np.array([-1.0, 1.0]))
    np.testing.assert_allclose(after(states, actions) - changing(states, actions), [[2.0 * 4.0 + 0.5 * 1.0]])


@pytest.mark.parametrize("before", [None, np.array([0.3, -0.2])], ids=["first change free", "after an action"])
def test_the_expansion_is_exact_where_changes_cost_something(before: np.ndarray | None) -> None:
    changing = replace(COST, change=np.array([2.0, 0.5]), previous_action=before)
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 2))
    states[:, 0, 1] = 0.0
    terms = expand(changing, states, actions)
    np.testing.assert_allclose(terms.value.sum(axis=1), changing(states[None], actions)[0])
    for step, action in np.ndindex(4, 2):
        nudge = np.zeros_like(actions)
        nudge[:, step, action] = 1e-6
        above, below = (changing(states[None], actions + sign * nudge)[0] for sign in (1.0, -1.0))
        slope = terms.gradient[:, step, 1 + action].copy()  # state, actions, actions before
        if step < 3:
            slope += terms.gradient[:, step + 1, 3 + action]
        np.testing.assert_allclose(slope, (above - below) / 2e-6, rtol=1e-5)
    first = 2.0 * COST.effort + (0.0 if before is None else 2.0 * np.array([2.0, 0.5]))
    np.testing.assert_allclose(np.diagonal(terms.hessian[0, 0])[1:3], first)


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


def test_leaning_beyond_what_is_free_costs_a_plan() -> None:
    leaning = replace(COST, tilt=ExcessPrice(weight=3.0, free=0.2, channels=(0, 2)))
    states, actions = np.zeros((1, 1, 4, 3)), np.zeros((1, 3, 2))
    states[0, 0, 2, [0, 2]] = 0.3, -0.4
    beyond = np.arccos(np.cos(0.3) * np.cos(0.4)) - 0.2
    np.testing.assert_allclose(leaning(states, actions) - COST(states, actions), [[3.0 * beyond**2]])
    states[0, 0, 0] = 1.0, 0.0, 1.0  # how it leans now, no plan can change
    np.testing.assert_allclose(leaning(states, actions) - COST(states, actions), [[3.0 * beyond**2]])


def test_who_turned_over_once_and_stands_again_does_not_lean() -> None:
    """A planar robot's pitch counts full turns: after a somersault it was priced as lying worse than on its back."""
    leaning = replace(COST, tilt=ExcessPrice(weight=3.0, free=0.2, channels=(2,)))
    states, actions = np.zeros((1, 3, 2, 3)), np.zeros((3, 1, 2))
    states[0, :, 1, 2] = 2 * np.pi + 0.1, np.pi + 0.5, -4 * np.pi - 0.5
    beyond = np.array([0.0, np.pi - 0.5 - 0.2, 0.5 - 0.2])
    np.testing.assert_allclose(leaning(states, actions) - COST(states, actions), 3.0 * beyond[None] ** 2, atol=1e-12)


HIGH = ExcessPrice(weight=5.0, free=0.7, channels=(2,), lean=False)


def test_being_high_costs_a_plan_beside_what_leaning_does() -> None:
    high = replace(COST, tilt=ExcessPrice(3.0, 0.2, (0,)), leap=HIGH)
    states, actions = np.zeros((1, 1, 4, 3)), np.zeros((1, 3, 2))
    states[0, 0, 1:, 2] = 0.7, 0.8, 4.0  # a height is no angle
    np.testing.assert_allclose(high(states, actions) - COST(states, actions), [[5.0 * (0.1**2 + 3.3**2)]])
    states[0, 0, 1:, 0] = 0.3
    dearer = 5.0 * (0.1**2 + 3.3**2) + 3 * 3.0 * 0.1**2
    np.testing.assert_allclose(high(states, actions) - COST(states, actions), [[dearer]])


LEANING = ExcessPrice(weight=3.0, free=0.2, channels=(0, 2))


@pytest.mark.parametrize(
    "prices",
    [
        {"tilt": LEANING},
        {"tilt": replace(LEANING, channels=(2,))},
        {"leap": HIGH},
        {"tilt": replace(LEANING, channels=(0,)), "leap": HIGH},
    ],
    ids=["roll and pitch", "pitch of a planar robot", "height", "pitch and height"],
)
def test_the_expansion_is_exact_where_leaning_costs_something(prices: dict[str, ExcessPrice]) -> None:
    leaning, rng = replace(COST, tilt=prices.get("tilt"), leap=prices.get("leap")), np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 2))
    states[:, 0, 1] = 0.0
    states[1] *= 9.0  # more than a full turn, and high
    terms = expand(leaning, states, actions)
    np.testing.assert_allclose(terms.value.sum(axis=1), leaning(states[None], actions)[0], rtol=1e-5)
    for place, channel in enumerate(leaning.channels):
        nudge = np.zeros_like(states)
        nudge[:, 1:, channel] = 1e-6
        above, below = (leaning((states + sign * nudge)[None], actions)[0] for sign in (1.0, -1.0))
        np.testing.assert_allclose(terms.gradient[:, :, place].sum(axis=1), (above - below) / 2e-6, rtol=1e-3)
