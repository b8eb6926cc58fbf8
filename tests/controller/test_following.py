"""What goes along with a schedule for the servo to follow, and what it does to a disturbance between two plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller import following
from controller.tick import Actions
from hardware.feedback import Feedback, corrected
from hardware.robot import FloatArray
from hardware.schedule import ActionSchedule
from planners import rti
from planners.plan import Plan, PlanStatus
from planners.rti import RtiSettings
from tests.planners.smooth import Linear, linear_problem

STEP = 0.1
NO_TURNS = np.array([], dtype=np.intp)


def plan(time: float, gains: bool = True, seed: int = 0) -> Plan:
    rng = np.random.default_rng(seed)
    actions, states = rng.uniform(-1, 1, (4, 2)), rng.normal(size=(5, 3))
    known = rng.normal(size=(4, 2, 3)) if gains else None
    return Plan(time, STEP, actions, states, 1.0, PlanStatus.OK, 1, gains=known)


def schedule(made: Plan, before: ActionSchedule | None = None, delay: int = 1, share: float = 0.5) -> ActionSchedule:
    """Return what is played from a tick on, whose plan begins after some actions under way."""
    now = made.time - delay * STEP
    under_way = np.zeros((delay, 2))
    feedback = following.feedback(before, now, delay, made, share)
    return ActionSchedule(now, STEP, np.concatenate([under_way, made.actions]), now + 9.0, feedback)


def followed(subject: ActionSchedule) -> Feedback:
    assert subject.feedback is not None
    return subject.feedback


def test_a_first_plan_is_followed_from_where_it_begins() -> None:
    made = plan(1.1)
    found = followed(schedule(made))
    assert (found.first, len(found.gains)) == (1, following.FOLLOWED)
    assert made.gains is not None
    np.testing.assert_array_equal(found.gains, 0.5 * made.gains[:2])
    np.testing.assert_array_equal(found.states, np.stack([made.states[[0, 1]], made.states[[1, 2]]]))


@pytest.mark.parametrize("delay", [1, 2])
def test_actions_under_way_go_on_following_the_plan_that_decided_them(delay: int) -> None:
    plans = [plan(1.0 + STEP * tick, seed=tick) for tick in range(4)]
    current = schedule(plans[0], delay=delay)
    for made in plans[1:]:
        current = schedule(made, current, delay)
    found, last = followed(current), plans[-2].gains
    assert last is not None
    assert (found.first, len(found.gains)) == (0, delay + following.FOLLOWED)
    np.testing.assert_array_equal(found.gains[delay - 1], 0.5 * last[0])
    np.testing.assert_array_equal(found.states[delay - 1], plans[-2].states[:2])


def test_a_plan_without_gains_leaves_what_is_under_way_to_be_followed() -> None:
    before = schedule(plan(1.1))
    found = followed(schedule(plan(1.2, gains=False), before))
    assert (found.first, len(found.gains)) == (0, 1)
    assert following.feedback(None, 1.0, 1, plan(1.1, gains=False), 0.5) is None
    assert schedule(plan(1.3, gains=False), schedule(plan(1.2, gains=False), before)).feedback is None


def test_what_is_too_old_is_not_followed() -> None:
    before = schedule(plan(1.1))
    assert followed(schedule(plan(1.9), before)).first == 1


def test_the_controller_expects_what_the_servo_will_do_with_the_first_action_under_way() -> None:
    before = schedule(plan(1.1))
    actions, state = Actions(-np.ones(2), np.ones(2), np.zeros(2)), np.array([0.1, -0.2, 0.3])
    under_way = before.actions[1:3]
    found = following.expected(under_way, before, 1.1, state, NO_TURNS, actions)
    guide = before.guide(1.1)
    assert guide is not None
    first = corrected(under_way[0], guide.gain, state - guide.predicted, actions.low, actions.high)
    assert not np.array_equal(first, under_way[0])
    np.testing.assert_array_equal(found, np.stack([first, under_way[1]]))
    lost = np.full(3, np.nan)
    np.testing.assert_array_equal(following.expected(under_way, before, 1.1, lost, NO_TURNS, actions), under_way)
    np.testing.assert_array_equal(following.expected(under_way, None, 1.1, state, NO_TURNS, actions), under_way)
    assert len(following.expected(under_way[:0], before, 1.1, state, NO_TURNS, actions)) == 0


def cost_after_a_push(share: float, seed: int) -> float:
    """Play a plan to its end on a system that is pushed at once, following some of its gains."""
    problem = linear_problem(np.random.default_rng(seed))
    model = problem.model
    assert isinstance(model, Linear)
    made = rti.plan(problem, RtiSettings(damping=0.0), None, np.random.default_rng(0))
    assert made.gains is not None
    state = made.states[0] + 0.5 * np.random.default_rng(seed + 1).normal(size=6)
    states, actions = [state], []
    for knot, planned in enumerate(made.actions):
        off = states[-1] - made.states[knot]
        actions.append(corrected(planned, share * made.gains[knot], off, problem.low, problem.high))
        states.append(model.by_state @ states[-1] + model.by_action @ actions[-1])
    found, _ = replace(problem, state=state).evaluate(np.array(actions)[None])
    return float(found[0])


@pytest.mark.parametrize("seed", range(4))
def test_gains_take_up_a_push_and_half_of_them_some_of_it(seed: int) -> None:
    """In closed loop, on a system that the model knows: full gains are best, and what is not followed costs."""
    none, half, full = (cost_after_a_push(share, seed) for share in (0.0, 0.5, 1.0))
    assert full < half < none
    wrong: FloatArray = np.array([cost_after_a_push(share, seed) for share in (-0.5, 0.9, 1.1)])
    assert wrong[0] > none
    assert np.all(wrong[1:] > full)
