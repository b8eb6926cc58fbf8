from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.courses.goals import GOALS, HiddenGoal, judged, parse, steps_to_goal
from tests.hardware.six_legs import ROACH

SPEED, TURN = GOALS["hidden_speed"], GOALS["hidden_turn"]
PERIOD = 0.05
each_family = pytest.mark.parametrize("name", sorted(GOALS))


def read(text: str, seed: int = 0) -> HiddenGoal:
    return parse(text, np.random.default_rng(seed))


@given(goal=st.floats(0.08, 0.25), speed=st.floats(-0.1, 0.5), yaw_rate=st.floats(-3, 3))
def test_a_speed_is_worth_its_distance_from_the_wanted_one(goal: float, speed: float, yaw_rate: float) -> None:
    assert SPEED.reward(goal, speed, yaw_rate) == pytest.approx(-10 * abs(speed - goal))
    assert SPEED.reward(goal, goal, yaw_rate) == SPEED.best


@given(speed=st.floats(-0.1, 0.5), yaw_rate=st.floats(-3, 3))
def test_what_one_side_earns_the_other_loses(speed: float, yaw_rate: float) -> None:
    assert TURN.reward(1.0, speed, yaw_rate) == pytest.approx(yaw_rate / 2.4)
    assert TURN.reward(-1.0, speed, yaw_rate) == pytest.approx(-yaw_rate / 2.4)


@each_family
def test_drawn_goals_are_goals_and_differ_from_seed_to_seed(name: str) -> None:
    goals = [read(name, seed) for seed in range(20)]
    assert all(goal.family.allows(goal.value) for goal in goals)
    assert len({goal.value for goal in goals}) > 1
    assert read(name, 3) == read(name, 3)


@each_family
def test_goals_are_drawn_evenly(name: str) -> None:
    family = GOALS[name]
    drawn = family.draw(np.random.default_rng(0), 4000)
    middle = (family.low + family.high) / 2
    assert np.mean(drawn > middle) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    "text", ["hidden_speed:speed=0.2", "hidden_turn:side=-1", "hidden_speed:speed=0.2,later=0.1,at=6"]
)
def test_the_text_of_a_goal_can_be_read_back(text: str) -> None:
    assert str(read(text)) == text


def test_a_goal_may_change_once() -> None:
    goal = read("hidden_turn:side=1,later=-1,at=4")
    assert [goal.now(time) for time in (0.0, 3.99, 4.0, 9.0)] == [1.0, 1.0, -1.0, -1.0]
    assert read("hidden_turn:side=1").now(1e9) == 1.0


@pytest.mark.parametrize(
    "text,message",
    [
        ("hidden_sped", "unknown goal 'hidden_sped'.*did you mean 'hidden_speed'"),
        ("hidden_speed:sped=0.1", "unknown key 'sped'.*did you mean 'speed'"),
        ("hidden_speed:speed=fast", "hidden_speed: speed: expected a number, got 'fast'"),
        ("hidden_speed:speed=0.9", "hidden_speed: speed: expected 0.08 to 0.25, got 0.9"),
        ("hidden_speed:speed=nan", "expected 0.08 to 0.25, got nan"),
        ("hidden_turn:side=0", "hidden_turn: side: expected -1 or 1, got 0"),
        ("hidden_turn:side=1,later=-1", "expected later and at > 0 together"),
        ("hidden_turn:side=1,at=3", "expected later and at > 0 together"),
        ("hidden_turn:side=1,later=-1,at=nan", "expected later and at > 0 together"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text)


def test_the_state_vector_gets_what_is_judged_and_the_robot_stays_as_it_is() -> None:
    spec = judged(ROACH, "hidden_turn")
    assert spec.channels[:-3] == ROACH.channels
    assert spec.judged == ("mean_speed", "mean_yaw_rate", "hidden_turn_reward")
    assert [channel.kind for channel in spec.channels[-3:]] == ["vector", "vector", "signal"]
    assert judged(ROACH, None) is ROACH


def test_a_goal_is_found_when_the_average_stays_near_the_best() -> None:
    goal, good, bad = read("hidden_turn:side=1"), np.full(60, 0.9), np.zeros(20)
    assert steps_to_goal(goal, good, PERIOD) == 10
    found = steps_to_goal(goal, np.concatenate([bad, good]), PERIOD)
    assert found is not None
    assert 20 < found <= 30
    assert steps_to_goal(goal, np.concatenate([good, bad]), PERIOD) is None
    assert steps_to_goal(goal, np.concatenate([good, bad, good]), PERIOD) == 80 + found - 20
    assert steps_to_goal(goal, good[:9], PERIOD) is None
    assert steps_to_goal(goal, np.full(60, math.nan), PERIOD) is None


def test_a_single_bad_step_does_not_lose_a_goal() -> None:
    rewards = np.full(60, 0.9)
    rewards[40] = 0.0
    assert steps_to_goal(read("hidden_turn:side=1"), rewards, PERIOD) == 10


def test_what_comes_after_a_change_does_not_count() -> None:
    rewards = np.concatenate([np.full(40, 0.9), np.full(40, -0.9)])
    assert steps_to_goal(read("hidden_turn:side=1,later=-1,at=2"), rewards, PERIOD) == 10
