from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planners.costs.path import REFERENCE_STEP, ExcessPrice, PathCost, PathWeights, PathWindow, leaning, wrapped
from planners.problem import FloatArray

SPACING = 0.01
POSE = (0, 1, 2)


def straight(heading: float = 0.0) -> PathWindow:
    s = SPACING * np.arange(61)
    points = np.stack([1 + s * math.cos(heading), 2 + s * math.sin(heading)], axis=-1)
    return PathWindow(3.0, SPACING, points, heading + np.zeros(61), np.zeros(61))


def bend(radius: float) -> PathWindow:
    """A left turn on a circle around (0, radius) that starts at the origin."""
    angle = np.arange(0.0, 61.0) * (SPACING / radius)
    points = radius * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=-1)
    return PathWindow(0.0, SPACING, points, angle, np.full(61, 1 / radius))


def states_of(rows: list[list[list[float]]]) -> FloatArray:
    """Build states (1, N, H + 1, 3) from x, y, yaw rows."""
    return np.array([rows], dtype=np.float64)


def cost_on(window: PathWindow, weights: PathWeights) -> PathCost:
    return PathCost(window, weights, REFERENCE_STEP, POSE)


NO_ACTIONS = np.zeros((1, 2, 2))
ROBOT = states_of([[[1.0, 2.0, 0.0], [1.1, 2.03, 0.2], [1.25, 1.98, -0.1]]])


@pytest.mark.parametrize(
    "weights, expected",
    [
        (PathWeights(perp=1, back=0, head=0), 0.03 + 0.02),
        (PathWeights(perp=0, back=0, head=1), 0.2 + 0.1),
        (PathWeights(perp=0, back=1, head=0), -0.25),
        (PathWeights(), 50 * 0.05 + 5 * 0.3 - 10 * 0.25),
    ],
)
def test_terms_on_a_straight_path_by_hand(weights: PathWeights, expected: float) -> None:
    assert cost_on(straight(), weights)(ROBOT, NO_ACTIONS)[0] == pytest.approx(expected)


@given(heading=st.floats(-7, 7))
def test_the_cost_does_not_depend_on_where_north_is(heading: float) -> None:
    cos, sin = math.cos(heading), math.sin(heading)
    turned = ROBOT.copy()
    x, y = ROBOT[..., 0] - 1, ROBOT[..., 1] - 2
    turned[..., 0], turned[..., 1] = 1 + cos * x - sin * y, 2 + sin * x + cos * y
    turned[..., 2] += heading
    cost = cost_on(straight(heading), PathWeights())(turned, NO_ACTIONS)
    assert cost[0] == pytest.approx(cost_on(straight(), PathWeights())(ROBOT, NO_ACTIONS)[0])


@given(laps=st.integers(-3, 3), angle=st.floats(-3.1, 3.1))
def test_full_turns_of_yaw_cost_nothing(laps: int, angle: float) -> None:
    assert wrapped(angle + 2 * math.pi * laps) == pytest.approx(angle)


@given(angle=st.floats(0.02, 1.1), offset=st.floats(-0.1, 0.1))
def test_projection_on_a_bend_is_exact_to_a_tenth_of_a_millimetre(angle: float, offset: float) -> None:
    radius = 0.5
    x, y = (radius - offset) * math.sin(angle), radius - (radius - offset) * math.cos(angle)
    foot = bend(radius).project(np.array([x]), np.array([y]))
    assert foot.offset[0] == pytest.approx(offset, abs=1e-5)
    assert foot.progress[0] == pytest.approx(radius * angle, abs=1e-4)
    assert foot.heading[0] == pytest.approx(angle, abs=2e-4)


@pytest.mark.parametrize("past", [-0.3, 0.9])
def test_the_path_goes_on_straight_beyond_the_window(past: float) -> None:
    foot = straight().project(np.array([1.0 + past]), np.array([2.07]))
    np.testing.assert_allclose([foot.progress[0], foot.offset[0], foot.heading[0]], [past, 0.07, 0.0], atol=1e-12)


def test_the_path_goes_on_straight_beyond_a_bend() -> None:
    window = bend(0.5)
    cos, sin = math.cos(window.headings[-1]), math.sin(window.headings[-1])
    x, y = (window.points[-1] + 0.2 * np.array([cos, sin]) + 0.03 * np.array([-sin, cos])).tolist()
    foot = window.project(np.array([x]), np.array([y]))
    np.testing.assert_allclose([foot.progress[0], foot.offset[0], foot.heading[0]], [0.8, 0.03, window.headings[-1]])


def test_the_centre_of_a_bend_is_a_radius_away() -> None:
    foot = bend(0.5).project(np.array([0.0]), np.array([0.5]))
    assert foot.offset[0] == pytest.approx(0.5)
    assert 0 <= foot.progress[0] <= 0.6


def test_lost_progress_adds_up_to_the_distance_run() -> None:
    terms = cost_on(bend(0.5), PathWeights()).terms(
        states_of([[[0.5 * math.sin(a), 0.5 - 0.5 * math.cos(a), a] for a in (0.0, 0.1, 0.3, 0.2)]])
    )
    np.testing.assert_allclose(terms.lost[0, 0], [-0.05, -0.1, 0.05], atol=1e-4)


def test_running_back_costs() -> None:
    back = states_of([[[1.0, 2.0, 0.0], [0.9, 2.0, 0.0]]])
    assert cost_on(straight(), PathWeights())(back, NO_ACTIONS)[0] == pytest.approx(1.0)


def test_the_cost_of_a_step_does_not_depend_on_the_control_rate() -> None:
    speed, means = 0.3, []
    for rate in (10, 20, 50):
        run = states_of([[[1 + speed * k / rate, 2.004, 0.05] for k in range(rate // 2 + 1)]])
        cost = replace(cost_on(straight(), PathWeights()), step=1 / rate)
        means.append(cost(run, NO_ACTIONS)[0] / (rate // 2))
    assert means == pytest.approx([50 * 0.004 + 5 * 0.05 - 10 * 0.03] * 3)


def test_faster_is_cheaper_on_the_path_at_any_default_weights() -> None:
    slow, fast = ([[1 + speed * 0.05 * k, 2.0, 0.0] for k in range(13)] for speed in (0.1, 0.3))
    costs = cost_on(straight(), PathWeights())(states_of([slow, fast]), NO_ACTIONS)
    assert costs[0, 1] < costs[0, 0]


def test_every_member_says_what_every_candidate_costs() -> None:
    on, off = [[1.0, 2.0, 0.0], [1.1, 2.0, 0.0]], [[1.0, 2.0, 0.0], [1.1, 2.02, 0.0]]
    cost = cost_on(straight(), PathWeights(perp=1, back=0, head=0))
    states = np.concatenate([states_of([on, off]), states_of([off, off])])
    np.testing.assert_allclose(cost(states, np.zeros((2, 1, 2))), [[0.0, 0.02], [0.02, 0.02]], atol=1e-12)


def test_action_changes_are_charged_from_the_action_under_way() -> None:
    still = states_of([[[1.0, 2.0, 0.0]] * 3])
    actions = np.array([[[1.0, 0.0], [3.0, 1.0]]])
    cost = replace(cost_on(straight(), PathWeights()), change=np.array([0.1, 0.2]))
    assert cost(still, actions)[0] == pytest.approx(0.1 * 4 + 0.2)
    assert replace(cost, previous_action=np.array([1.0, 3.0]))(still, actions)[0] == pytest.approx(
        0.1 * 4 + 0.2 * (9 + 1)
    )


def test_leaning_costs_what_is_beyond_an_upright_walk() -> None:
    cost = replace(cost_on(straight(), PathWeights()), tilt=ExcessPrice(weight=10.0, free=0.3, channels=(3, 4)))
    poses = [[1.0, 2.0, 0.0]] * 2
    leans = [[0.5, 0.0], [0.2, -0.1]], [[0.1, 0.1], [0.0, -0.5]]
    states = np.array([[np.concatenate([poses, lean], axis=1) for lean in leans]])
    upright = cost_on(straight(), PathWeights())(states, NO_ACTIONS)
    np.testing.assert_allclose(cost(states, NO_ACTIONS) - upright, [[0.0, 10 * (0.5 - 0.3) ** 2]], atol=1e-12)
    for step, lean in enumerate(leans):
        np.testing.assert_allclose(ExcessPrice(10.0, 0.0, (0, 1))(np.array(lean[0])), [2.5, 0.2][step], rtol=1e-2)


@pytest.mark.parametrize("roll", [0.0, 0.2, -1.5, 3.0, 4.0])
@pytest.mark.parametrize("pitch", [0.0, -0.4, 1.5, 2.5, -6.2])
def test_a_lean_is_the_angle_between_two_verticals(roll: float, pitch: float) -> None:
    """However the angles got there: out of the rotation that roll and pitch make."""
    about_y = np.array([[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(roll), -np.sin(roll)], [0, np.sin(roll), np.cos(roll)]])
    vertical = (about_y @ about_x)[:, 2]
    angle = np.arctan2(np.hypot(vertical[0], vertical[1]), vertical[2])
    assert float(leaning(np.array(roll), np.array(pitch))) == pytest.approx(angle, abs=1e-12)
    price = ExcessPrice(weight=2.0, free=0.3, channels=(1, 0))
    assert float(price(np.array([pitch, roll]))) == pytest.approx(2.0 * max(0.0, angle - 0.3) ** 2)


def test_on_its_back_every_way_up_gets_cheaper() -> None:
    """The norm of roll and pitch that stood here grew on the way over a side, so that a plan stayed on its back."""
    way = np.linspace(0.0, np.pi, 20)
    for direction in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([-1.0, 0.0])):
        states = np.array([np.pi, 0.0]) + way[:, None] * direction
        assert (np.diff(ExcessPrice(1.0, 0.2, (0, 1))(states)) <= 0.0).all()


def test_single_precision_is_good_to_a_micrometre_far_from_the_origin() -> None:
    window = bend(0.5)
    window = replace(window, start=40.0, points=window.points + 8.0)
    rng = np.random.default_rng(0)
    states = np.concatenate([rng.uniform(7.9, 8.4, (1, 50, 13, 2)), rng.normal(size=(1, 50, 13, 1))], axis=-1)
    states = states.astype(np.float32).astype(np.float64)
    cost = cost_on(window, PathWeights())
    coarse = cost(states.astype(np.float32), np.zeros((50, 12, 2)))
    assert coarse.dtype == np.float32
    np.testing.assert_allclose(coarse, cost(states, np.zeros((50, 12, 2))), rtol=1e-4)


def test_states_are_not_written_to() -> None:
    states = ROBOT.copy()
    states.flags.writeable = False
    cost_on(straight(), PathWeights())(states, NO_ACTIONS)
    np.testing.assert_array_equal(states, ROBOT)


def test_channels_of_the_pose_are_found_where_they_are_said_to_be() -> None:
    moved = ROBOT[..., [2, 0, 1]]
    cost = cost_on(straight(), PathWeights())
    assert replace(cost, pose=(1, 2, 0))(moved, NO_ACTIONS)[0] == cost(ROBOT, NO_ACTIONS)[0]
