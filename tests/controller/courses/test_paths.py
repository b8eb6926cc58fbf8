from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.courses.paths import COURSES, START, Course, Executed, Progress, build
from hardware.spec import CourseSize
from planners import cem
from planners.costs.path import ExcessPrice, PathWeights
from planners.problem import FloatArray, Problem
from tests.planners.toys import Toy, crawler

STEP = 0.05
POSE = (0, 1, 2)

each_course = pytest.mark.parametrize("course", COURSES.values(), ids=COURSES.keys())
closed_course = pytest.mark.parametrize("course", [course for course in COURSES.values() if course.closed])


def left_of(course: Course, index: int, offset: float) -> FloatArray:
    """Return the point [m] that lies beside a point of a course."""
    heading = course.headings[index]
    beside: FloatArray = course.points[index] + offset * np.array([-math.sin(heading), math.cos(heading)])
    return beside


def walk(course: Course, indices: range, offset: float = 0.0) -> list[Progress]:
    """Locate a robot that runs along a course, beside it by an offset [m]."""
    trail = [START]
    for index in indices:
        trail.append(course.locate(left_of(course, index % len(course.points), offset), trail[-1]))
    return trail[1:]


def test_the_promised_courses_exist_with_the_published_weights() -> None:
    assert set(COURSES) == {"straight", "left", "right", "circle", "zigzag", "figure8"}
    for name, course in COURSES.items():
        assert course.name == name
        assert course.weights == (PathWeights(40, 10, 10) if name == "zigzag" else PathWeights(50, 10, 5))


@each_course
def test_courses_start_at_the_origin_towards_x(course: Course) -> None:
    np.testing.assert_array_equal(course.points[0], [0, 0])
    assert course.headings[0] == 0


@each_course
def test_points_are_evenly_spaced_and_headings_are_tangents(course: Course) -> None:
    chords = np.diff(course.points, axis=0)
    np.testing.assert_allclose(np.diff(course.arclength), 0.01, rtol=0.01)
    np.testing.assert_allclose(np.linalg.norm(chords, axis=1), np.diff(course.arclength), rtol=1e-3)
    middle = (course.headings[1:] + course.headings[:-1]) / 2
    np.testing.assert_allclose(chords[:, 0], np.linalg.norm(chords, axis=1) * np.cos(middle), atol=1e-4)
    np.testing.assert_allclose(chords[:, 1], np.linalg.norm(chords, axis=1) * np.sin(middle), atol=1e-4)


@each_course
def test_a_ten_centimetre_crawler_can_bend_that_much_and_twenty_seconds_are_filled(course: Course) -> None:
    assert np.abs(course.curvature).max() <= 1 / 0.25 + 1e-6
    assert 3.0 < course.length < 7.0


@closed_course
def test_closed_courses_end_where_they_start(course: Course) -> None:
    last = course.points[-1] + 0.01 * np.array([math.cos(course.headings[-1]), math.sin(course.headings[-1])])
    np.testing.assert_allclose(last, [0, 0], atol=5e-4)
    assert math.cos(course.headings[-1]) > 0.99


def test_left_and_right_are_mirror_images() -> None:
    np.testing.assert_allclose(COURSES["left"].points * [1, -1], COURSES["right"].points, atol=1e-12)
    assert COURSES["left"].points[-1, 1] > 4


def test_the_zigzag_runs_along_x_and_turns_at_every_leg() -> None:
    zigzag = COURSES["zigzag"]
    assert np.count_nonzero(np.diff(np.sign(zigzag.headings[zigzag.headings != 0])) != 0) == 11
    assert zigzag.points[-1, 0] > 5
    assert np.ptp(zigzag.points[:, 1]) < 0.3


def test_the_figure8_crosses_itself_at_right_angles() -> None:
    figure8 = COURSES["figure8"]
    near = np.flatnonzero(np.linalg.norm(figure8.points, axis=1) < 0.004)
    crossing = [index for index in near if 1.0 < figure8.arclength[index] < figure8.length - 1.0]
    assert crossing
    assert math.cos(figure8.headings[crossing[0]]) == pytest.approx(0.0, abs=1e-6)


@each_course
@pytest.mark.parametrize("offset", [0.0, 0.06, -0.06])
def test_progress_beside_the_course_is_the_arc_length(course: Course, offset: float) -> None:
    trail = walk(course, range(0, len(course.points), 2), offset)
    np.testing.assert_allclose([progress.s for progress in trail], course.arclength[::2], atol=2e-3)
    np.testing.assert_allclose([progress.signed for progress in trail], offset, atol=2e-3)
    np.testing.assert_allclose([progress.distance for progress in trail], abs(offset), atol=2e-3)


@closed_course
def test_progress_of_a_closed_course_grows_from_lap_to_lap(course: Course) -> None:
    trail = walk(course, range(0, 2 * len(course.points) + 1, 2))
    assert np.all(np.diff([progress.s for progress in trail]) > 0)
    assert trail[-1].s == pytest.approx(2 * course.length, abs=0.02)


def test_the_crossing_of_the_figure8_does_not_jump_progress() -> None:
    figure8 = COURSES["figure8"]
    crossing = figure8.length / 2
    index = round(crossing / figure8.length * len(figure8.points))
    on_branch = figure8.locate(figure8.points[index], Progress(crossing - 0.02, 0, 0, 0))
    at_start = figure8.locate(figure8.points[index], START)
    assert on_branch.s == pytest.approx(crossing, abs=1e-3)
    assert at_start.s == pytest.approx(0.0, abs=1e-3)
    assert abs(math.cos(at_start.heading - on_branch.heading)) < 1e-3


def test_planning_sees_no_gain_in_taking_the_other_branch_at_the_crossing() -> None:
    figure8 = COURSES["figure8"]
    poses = np.concatenate([figure8.points, figure8.headings[:, None]], axis=1)
    middle = len(poses) // 2
    states = np.stack([poses[:13], poses[middle : middle + 13]])[None]
    costs = figure8.cost(START, STEP, POSE)(states, np.zeros((2, 12, 2)))[0]
    assert costs[0] == pytest.approx(-10 * 0.12 * 0.1 / STEP, abs=0.05)
    assert costs[1] > 50


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), s=st.floats(0, 20))
def test_wherever_a_robot_is_thrown_progress_moves_little_within_a_tick(x: float, y: float, s: float) -> None:
    for course in COURSES.values():
        progress = course.locate(np.array([x, y]), Progress(s, 0, 0, 0))
        assert abs(progress.s - s) <= 0.15 + 1e-9
        assert -math.pi <= progress.heading <= math.pi
        assert progress.distance == abs(progress.signed)


@pytest.mark.parametrize("name", ["straight", "left", "zigzag"])
def test_an_open_course_goes_on_straight_after_its_end(name: str) -> None:
    course = COURSES[name]
    heading = float(course.headings[-1])
    ahead = course.points[-1] + 2.0 * np.array([math.cos(heading), math.sin(heading)])
    progress = course.locate(ahead, Progress(course.length + 1.95, 0, 0, 0))
    assert progress.s == pytest.approx(course.length + 2.0, abs=1e-6)
    assert progress.distance == pytest.approx(0.0, abs=1e-6)
    assert progress.heading == pytest.approx(heading)


def test_a_course_that_ends_in_a_bend_goes_on_straight_all_the_same() -> None:
    hook = build("hook", [(1.0, 0.0), (0.5, 1.0)])
    for beyond in (0.304, 0.508):
        ahead = hook.points[-1] + beyond * np.array([math.cos(1.0), math.sin(1.0)])
        progress = hook.locate(ahead, Progress(1.5 + beyond, 0, 0, 0))
        assert progress.s == pytest.approx(1.5 + beyond, abs=1e-9)
        assert progress.heading == pytest.approx(1.0, abs=1e-9)


def test_planning_aims_further_to_the_right_the_longer_a_robot_stays_on_the_left() -> None:
    course = replace(COURSES["straight"], integral=0.1)
    trail = [START]
    for x in np.arange(0.0, 1.0, 0.02):
        trail.append(course.locate(np.array([x, 0.002]), trail[-1]))
    np.testing.assert_allclose([progress.aside for progress in trail[:40]], -0.0002 * np.arange(40), atol=1e-9)
    assert trail[-1].distance == pytest.approx(0.002), "what counts is the path, not what is aimed at"
    beside = np.array([[[[1.0, y, 0.0], [1.02, y, 0.0]] for y in (0.0, trail[-1].aside)]])
    on_path, aimed = course.cost(trail[-1], STEP, POSE)(beside, np.zeros((2, 1, 2)))[0]
    assert on_path - aimed == pytest.approx(course.weights.perp * abs(trail[-1].aside))


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_robot_that_is_far_from_its_path_does_not_wind_up_what_planning_aims_at(side: float) -> None:
    course = replace(COURSES["zigzag"], integral=0.1)
    near = course.locate(np.array([0.1, side * 0.01]))
    far = course.locate(np.array([0.1, side * 0.3]))
    assert far.aside == near.aside == pytest.approx(-side * 0.0003)
    for _ in range(100):
        far = course.locate(np.array([0.1, side * 0.3]), far)
    assert far.aside == -side * 0.03


def test_a_robot_behind_the_start_has_negative_progress() -> None:
    assert COURSES["straight"].locate(np.array([-0.04, 0.01])).s == pytest.approx(-0.04)


@each_course
def test_what_is_planned_is_what_is_scored(course: Course) -> None:
    rng = np.random.default_rng(0)
    before = walk(course, range(0, 99, 2), offset=-0.01)[-1]
    start = [*left_of(course, 98, -0.01).tolist(), 0]
    x, y = left_of(course, 100, 0.02) + rng.normal(0, 0.005, 2)
    yaw = float(course.headings[100]) + 0.3 + 2 * math.pi
    after = course.locate(np.array([x, y]), before)
    planned = course.cost(before, STEP, POSE)(np.array([[[start, [x, y, yaw]]]]), np.zeros((1, 1, 2)))
    executed = course.executed_cost(Executed(before, after, np.array([x, y, yaw]), STEP, POSE))
    assert executed == pytest.approx(planned[0, 0], abs=1e-6)


def test_action_changes_cost_in_planning_alone() -> None:
    course = replace(COURSES["straight"], change=np.array([2.0, 0.5]))
    states, actions = np.zeros((1, 1, 3, 3)), np.array([[[1.0, 0.0], [2.0, 2.0]]])
    assert course.cost(START, STEP, POSE)(states, actions)[0, 0] == pytest.approx(2.0 + 0.5 * 4)
    planned = course.cost(START, STEP, POSE, np.array([0.0, 2.0]))(states, actions)
    assert planned[0, 0] == pytest.approx(2.0 + 0.5 * 4 + 2.0 + 0.5 * 4)
    assert course.executed_cost(Executed(START, START, np.zeros(3), STEP, POSE)) == 0.0


def test_a_lean_costs_in_planning_and_in_scoring() -> None:
    course = replace(COURSES["straight"], tilt=ExcessPrice(8.0, 0.1, (3, 4)))
    states = np.zeros((1, 1, 2, 5))
    states[..., 1, 3:] = 0.0, 0.5
    planned = course.cost(START, STEP, POSE)(states, np.zeros((1, 1, 2)))[0, 0]
    assert course.executed_cost(Executed(START, START, states[0, 0, 1], STEP, POSE)) == pytest.approx(8 * 0.4**2)
    assert planned == pytest.approx(8 * 0.4**2)


def test_weights_belong_to_the_course() -> None:
    before, after = Progress(1.0, 0.0, 0.0, 0.0), Progress(1.02, 0.01, -0.01, 0.1)
    state = np.array([0.0, 0.0, 0.3])
    cost = COURSES["straight"].executed_cost(Executed(before, after, state, STEP, POSE))
    assert cost == pytest.approx(50 * 0.01 + 5 * 0.2 - 10 * 0.02 * 2)
    assert COURSES["zigzag"].executed_cost(Executed(before, after, state, STEP, POSE)) == pytest.approx(
        40 * 0.01 + 10 * 0.2 - 0.4
    )


def drive(course: Course, seconds: float) -> tuple[Progress, float]:
    """Let the cross-entropy method drive a toy crawler; return its last progress and the mean distance [m]."""
    low, high, rng = np.full(2, 4 * math.pi), np.full(2, 18 * math.pi), np.random.default_rng(0)
    state, progress, plan, distances = np.zeros(5), START, None, []
    for tick in range(round(seconds / STEP)):
        cost = course.cost(progress, STEP, POSE)
        problem = Problem(state, tick * STEP, STEP, 12, Toy(crawler), cost, low, high)
        plan = cem.plan(problem, cem.CemSettings(candidates=64, elites=8, iterations=2), plan, rng)
        state = crawler(state[None], plan.actions[:1])[0]
        progress = course.locate(state[:2], progress)
        distances.append(progress.distance)
    return progress, float(np.mean(distances))


@each_course
def test_a_scaled_course_costs_a_scaled_run_the_same(course: Course) -> None:
    large, place = course.sized(CourseSize(3.0, 1.8, 0.3, 0.45)), np.array([0.3, 0.04])
    assert large.length == pytest.approx(3.0 * course.length)
    small_at = course.locate(place, replace(START, s=0.3))
    large_at = large.locate(3.0 * place, replace(START, s=0.9))
    assert large_at.s == pytest.approx(3.0 * small_at.s, abs=2e-3)
    assert large_at.signed == pytest.approx(3.0 * small_at.signed, abs=2e-3)
    assert large_at.heading == pytest.approx(small_at.heading, abs=1e-2)
    state = np.array([0.3, 0.04, 0.1])
    costs = [
        path.executed_cost(Executed(START, at, state, STEP, POSE))
        for path, at in ((course, small_at), (large, large_at))
    ]
    assert costs[1] == pytest.approx(costs[0], abs=0.1)


@each_course
def test_a_planner_that_minimises_the_cost_follows_the_course_at_speed(course: Course) -> None:
    progress, distance = drive(course, seconds=4.0)
    assert distance < 0.005
    assert 0.5 < progress.s < 4 * 0.36


def test_a_planner_drives_straight_over_the_crossing_of_the_figure8() -> None:
    progress, distance = drive(COURSES["figure8"], seconds=12.0)
    assert distance < 0.005
    assert COURSES["figure8"].length / 2 + 0.1 < progress.s < 12 * 0.36


def test_courses_are_laid_out_from_pieces() -> None:
    square = build("square", [(1.0, 0.0), (0.5, math.pi / 2)] * 4, closed=True)
    assert square.closed
    assert square.length == 6.0
    corner = square.points[round(1.0 / 0.01)]
    np.testing.assert_allclose(corner, [1, 0], atol=1e-9)
    radius = 0.5 / (math.pi / 2)
    np.testing.assert_allclose(square.points[150], [1 + radius, radius], atol=1e-4)
    assert replace(square, name="other").name == "other"
