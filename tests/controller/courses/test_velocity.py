from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.courses.lead import FORGET, Pose, Wanted, begun, moved
from controller.courses.paths import Executed, Progress
from controller.courses.velocity import Steered, velocity_errors
from dynamics.transitions import FloatArray
from hardware.steering import STILL, Axis, Steering, Velocity

LIMITS = Steering(Axis(-0.2, 0.5, 1.0), Axis(-2.0, 2.0, 4.0), Axis(-0.2, 0.2, 1.0))
TASK = Steered(LIMITS, delay=1, horizon=4)
ORIGIN = Pose(0.0, 0.0, 0.0)
PERIOD = 0.1
POSE = (0, 1, 2)


def followed(velocity: Velocity, ticks: int, start: Pose = ORIGIN) -> list[Progress]:
    """Where a robot is said to be that does nothing whatever it is told."""
    told = [TASK.locate(np.array(start), wanted=Wanted(0.0, velocity))]
    for k in range(1, ticks):
        told.append(TASK.locate(np.array(start), told[-1], Wanted(k * PERIOD, velocity)))
    return told


def test_a_leader_speeds_up_within_its_limits_and_waits_for_nobody_too_long() -> None:
    leads = [progress.lead for progress in followed(Velocity(0.4, 0.0, 0.0), 60)]
    assert [lead.command.forward for lead in leads if lead][:6] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.4])
    last = leads[-1]
    assert last is not None
    lag = 0.4 * PERIOD / (1 - math.exp(-PERIOD / FORGET))
    assert last.expected.x == pytest.approx(lag, rel=1e-3)


def test_a_leader_stands_beside_the_robot_while_nothing_is_wanted() -> None:
    told = followed(Velocity(0.4, 0.0, 0.0), 20)
    assert [told[k].still for k in (0, -1)] == [False, False]
    for k in range(20, 30):
        told.append(TASK.locate(np.array([0.1, 0.0, 0.0]), told[-1], Wanted(k * PERIOD, STILL)))
    lead = told[-1].lead
    assert lead is not None
    assert lead.still
    assert lead.pose == lead.expected == Pose(0.1, 0.0, 0.0)
    assert followed(STILL, 1)[0].still


def test_progress_is_what_was_covered_forwards() -> None:
    begin = TASK.locate(np.array([1.0, 1.0, math.pi / 2]), wanted=Wanted(0.0, STILL))
    after = TASK.locate(np.array([1.3, 1.2, math.pi / 2]), begin, Wanted(0.1, STILL))
    assert [begin.s, after.s] == pytest.approx([0.0, 0.2])
    assert math.isnan(after.distance)


def test_a_plan_is_compared_with_where_the_leader_will_be_behind_the_delay() -> None:
    lead = begun(ORIGIN, Wanted(0.0, Velocity(0.2, 0.0, 0.0)))
    cost = TASK.cost(Progress(0.0, math.nan, math.nan, 0.0, lead), PERIOD, POSE)
    np.testing.assert_allclose(cost.reference[:, 0], [0.01, 0.03, 0.05, 0.07], atol=1e-12)
    states = np.concatenate([np.zeros((1, 3)), cost.reference])[None, None]
    assert cost(states, np.zeros((1, 4, 2)))[0, 0] == 0.0


def test_the_cost_of_an_executed_step_is_the_one_that_planning_predicts() -> None:
    before, after = followed(Velocity(0.4, 0.1, 1.0), 9)[-2:]
    assert before.lead is not None
    assert after.lead is not None
    state = np.array([0.02, -0.01, 0.3])
    cost = Steered(LIMITS, delay=0, horizon=1).cost(before, PERIOD, POSE)
    planned = cost(np.stack([np.zeros(3), state])[None, None], np.zeros((1, 1, 2)))
    assert TASK.executed_cost(Executed(before, after, state, PERIOD, POSE)) == pytest.approx(planned[0, 0])
    x, y, yaw = state - np.array(after.lead.expected)
    assert planned[0, 0] == pytest.approx(50 * math.hypot(x, y) + 5 * abs(yaw))


@given(yaw=st.floats(-7, 7), turn=st.floats(-2, 2), speed=st.floats(-0.3, 0.3))
def test_steps_of_a_motion_are_those_of_a_circle(yaw: float, turn: float, speed: float) -> None:
    pose, count = Pose(1.0, 2.0, yaw), 100
    for _ in range(count):
        pose = moved(pose, Velocity(speed, 0.0, turn), 0.01)
    assert pose.yaw == pytest.approx(yaw + turn)
    chord = speed * (2 * math.sin(turn / 2) / turn if abs(turn) > 1e-6 else 1.0)
    assert math.hypot(pose.x - 1.0, pose.y - 2.0) == pytest.approx(abs(chord), abs=1e-4)


def circle(turn: float, speed: float, count: int = 40) -> FloatArray:
    pose, poses = Pose(0.0, 0.0, 3.0), []
    for _ in range(count):
        poses.append(pose)
        pose = moved(pose, Velocity(speed, 0.0, turn), 0.05)
    return np.array([(p.x, p.y, math.remainder(p.yaw, math.tau)) for p in poses])


def test_velocity_errors_are_per_second_and_know_no_full_turns() -> None:
    told = [Velocity(0.2, 0.0, 1.0)] * 40
    exact, off = velocity_errors(circle(1.0, 0.2), told, 0.05), velocity_errors(circle(0.7, 0.2), told, 0.05)
    assert np.isnan(exact[:10]).all()
    np.testing.assert_allclose(exact[10:], 0.0, atol=1e-9)
    np.testing.assert_allclose(off[10:, 1], 0.3, atol=1e-9)
    slow = velocity_errors(circle(0.0, 0.15), [Velocity(0.2, 0.0, 0.0)] * 40, 0.05)
    np.testing.assert_allclose(slow[10:], [[0.05, 0.0]] * 30, atol=1e-9)


def test_an_axis_that_cannot_stand_is_refused() -> None:
    with pytest.raises(ValueError, match="low: expected low <= 0 <= high, not both 0, got 0.1 and 0.5"):
        Axis(0.1, 0.5, 1.0)
    with pytest.raises(ValueError, match="acceleration: expected a positive number"):
        Axis(0.0, 0.5, 0.0)
