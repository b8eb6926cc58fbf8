from __future__ import annotations

import math
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

from benchmarks.planner_study.quadratic import QuadraticCost
from planners.costs.path import ExcessPrice, PathCost, PathWeights
from planners.costs.pose import PoseCost, PoseWeights
from planners.costs.residuals import ResidualCost, StepResiduals, expand, norm_residual
from planners.problem import FloatArray, PlanningError
from tests.planners.costs.test_path import POSE, bend

NORTH = bend(0.5)
PATH = PathCost(NORTH, PathWeights(), 0.05, POSE, change=np.array([0.1, 0.3]), previous_action=np.array([0.2, -0.1]))
LEADER = np.array([[0.1, 0.02, 9.0], [0.2, 0.05, 0.4], [0.3, 0.1, -6.0], [0.4, 0.2, 0.0]])
POSES = PoseCost(LEADER, PoseWeights(), POSE, change=np.array([0.1, 0.3]), previous_action=np.array([0.2, -0.1]))
QUADRATIC = QuadraticCost(np.array([0.1, 0.0, -0.2]), np.array([1.0, 0.0, 2.0]), np.array([0.1, 0.3]))
COSTS: dict[str, ResidualCost] = {
    "path": PATH,
    "path, first change free": replace(PATH, previous_action=None),
    "path, changes free": replace(PATH, change=None),
    "path, other channels": replace(PATH, pose=(2, 0, 1)),
    "path, leaning": replace(PATH, tilt=ExcessPrice(20.0, 0.3, (4, 3))),
    "path, leaning, other channels": replace(PATH, pose=(4, 0, 2), tilt=ExcessPrice(20.0, 0.3, (1, 3)), change=None),
    "pose": POSES,
    "pose, first change free": replace(POSES, previous_action=None),
    "pose, changes free": replace(POSES, change=None),
    "pose, leaning": replace(POSES, tilt=ExcessPrice(20.0, 0.3, (4, 3))),
    "quadratic": QUADRATIC,
}
each_cost = pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS.keys())


def trajectories(cost: ResidualCost, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Draw states (2, 5, 3), with roll and pitch (2, 5, 5), near the bend and actions (2, 4, 2)."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.1, 1.0, (2, 5))
    radius = 0.5 + 0.02 * rng.normal(size=(2, 5))
    pose = np.stack([radius * np.sin(angle), 0.5 - radius * np.cos(angle), angle + rng.normal(size=(2, 5))], axis=-1)
    if len(cost.channels) == 5:
        pose = np.concatenate([pose, 0.4 * rng.normal(size=(2, 5, 2))], axis=-1)
    states = np.empty_like(pose)
    states[..., list(cost.channels)] = pose
    return states, rng.normal(size=(2, 4, 2))


def smooth(cost: ResidualCost, states: FloatArray, actions: FloatArray) -> FloatArray:
    total: FloatArray = expand(cost, states, actions).value.sum(axis=1)
    return total


@each_cost
def test_the_smooth_cost_is_the_true_one_up_to_its_rounding(cost: ResidualCost) -> None:
    states, actions = trajectories(cost)
    true, rounded = np.asarray(cost(states[None], actions)), smooth(cost, states, actions)
    if isinstance(cost, PoseCost):
        assert np.all(rounded <= true + 1e-9)
        assert np.all(rounded >= true - 4 * (50 * cost.rounding[0] + 5 * cost.rounding[1]))
    elif isinstance(cost, PathCost):
        true = true - 10 * 2 * cost.window.project(states[:, 0, cost.pose[0]], states[:, 0, cost.pose[1]]).progress
        lowest = true - 4 * (50 * cost.rounding[0] + 5 * cost.rounding[1])
        assert np.all(rounded <= true + 1e-9)
        assert np.all(rounded >= lowest)
    else:
        np.testing.assert_allclose(rounded, true[0])


@each_cost
def test_gradients_match_finite_differences(cost: ResidualCost) -> None:
    states, actions = trajectories(cost)
    terms, eps = expand(cost, states, actions), 1e-6
    count = len(cost.channels)
    for step in range(4):
        for index, channel in enumerate(cost.channels):
            moved = [states.copy(), states.copy()]
            for sign, array in zip((1, -1), moved, strict=True):
                array[:, step + 1, channel] += sign * eps
            slope = (smooth(cost, moved[0], actions) - smooth(cost, moved[1], actions)) / (2 * eps)
            np.testing.assert_allclose(terms.gradient[:, step, index], slope, rtol=1e-4, atol=1e-5)
        if terms.gradient.shape[-1] > count:
            by_action = terms.gradient[:, step, count : count + 2].copy()
            if terms.gradient.shape[-1] > count + 2 and step < 3:
                by_action += terms.gradient[:, step + 1, count + 2 :]
            if terms.gradient.shape[-1] > count + 2 and step == 0 and cost.previous_action is None:
                by_action += terms.gradient[:, 0, count + 2 :]
            for index in range(2):
                moved = [actions.copy(), actions.copy()]
                for sign, array in zip((1, -1), moved, strict=True):
                    array[:, step, index] += sign * eps
                slope = (smooth(cost, states, moved[0]) - smooth(cost, states, moved[1])) / (2 * eps)
                np.testing.assert_allclose(by_action[:, index], slope, rtol=1e-4, atol=1e-5)


@each_cost
def test_curvature_is_symmetric_and_never_negative(cost: ResidualCost) -> None:
    hessian = expand(cost, *trajectories(cost)).hessian
    np.testing.assert_allclose(hessian, hessian.swapaxes(-1, -2), atol=1e-12)
    assert np.linalg.eigvalsh(hessian).min() > -1e-9


@pytest.mark.parametrize("value", [0.0, 1e-4, -0.01, 0.3, -5.0])
def test_half_the_square_of_a_norm_residual_is_the_norm_with_a_rounded_tip(value: float) -> None:
    residual = float(norm_residual(ca.DM(value), 50.0, 0.002))
    assert residual**2 / 2 == pytest.approx(50 * (math.hypot(value, 0.002) - 0.002))
    assert math.copysign(1, residual) == math.copysign(1, value)


def test_full_turns_of_yaw_change_nothing() -> None:
    states, actions = trajectories(PATH)
    turned = states + np.array([0.0, 0.0, 4 * math.pi])
    for one, other in zip(expand(PATH, states, actions), expand(PATH, turned, actions), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_quadratic_cost_is_expanded_exactly() -> None:
    terms = expand(QUADRATIC, *trajectories(QUADRATIC))
    np.testing.assert_allclose(terms.hessian[0, 0], np.diag([2.0, 0.0, 4.0, 0.2, 0.6]), atol=1e-12)


def test_a_residual_of_state_and_action_is_refused() -> None:
    state, action = ca.SX.sym("state"), ca.SX.sym("action")
    with pytest.raises(PlanningError, match="got one of both"):
        StepResiduals(state, action, ca.SX(0, 1), ca.SX(0, 1), state - action, ca.SX(0))


def test_expressions_are_built_once_for_a_kind_of_cost() -> None:
    assert PATH.residuals(2) is replace(PATH, window=bend(0.3)).residuals(2)
    assert QUADRATIC.residuals(2) is replace(QUADRATIC, target=np.zeros(3)).residuals(2)


@pytest.mark.parametrize("wrong", [{"weights": np.ones(2)}, {"weights": -np.ones(3)}, {"effort": -np.ones(2)}])
def test_a_quadratic_cost_that_makes_no_sense_is_refused(wrong: dict[str, FloatArray]) -> None:
    with pytest.raises(PlanningError, match="expected"):
        replace(QUADRATIC, **wrong)
