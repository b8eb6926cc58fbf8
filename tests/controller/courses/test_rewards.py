from __future__ import annotations

import math

import numpy as np
import pytest

from controller.courses.goals import GOALS, HiddenGoal, judged, parse
from controller.courses.paths import Executed
from controller.courses.rewards import Pursuit, Referee
from controller.training.fitting import relabel
from dynamics.state_space import from_names
from dynamics.training.dataset import Episodes
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotState
from hardware.simulated.robot import SimRobot
from planners.costs.reward import RewardCost
from sim.perturbations import parse as perturbation
from tests.hardware.six_legs import ROACH

PERIOD = 0.05


def at(time: float, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> RobotState:
    nothing = np.zeros(3)
    attitude = np.array([math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)])
    return RobotState(0, time, np.array([x, y, 0.0]), attitude, nothing, nothing, np.zeros(2), np.zeros(2), 3.9)


def referee(text: str) -> Referee:
    return Referee(parse(text, np.random.default_rng(0)), PERIOD)


def test_a_pursuit_costs_the_reward_that_is_missing() -> None:
    task, state = Pursuit(channel=3), np.array([0.0, 0.0, 0.0, -0.7])
    progress = task.locate(np.array([3.0, 4.0]))
    assert progress.s == 5.0
    assert math.isnan(progress.distance)
    assert task.cost(progress, PERIOD, (0, 1, 2)) == RewardCost(3)
    planned = task.cost(progress, PERIOD, (0, 1, 2))(np.stack([np.zeros(4), state])[None, None], np.zeros((1, 1, 2)))
    assert task.executed_cost(Executed(progress, progress, state, PERIOD, (0, 1, 2))) == planned[0, 0] == 0.7


def test_the_referee_judges_the_mean_speed_over_a_period_and_pays_for_the_one_before() -> None:
    watching = referee("hidden_speed:speed=0.2")
    assert watching(at(0.0, yaw=math.pi / 2)) == pytest.approx((0.0, 0.0, -2.0))
    said = [watching(at(0.01 * k, y=0.15 * 0.01 * k, yaw=math.pi / 2)) for k in range(1, 21)]
    assert [speed for speed, _, _ in said[4:]] == pytest.approx([0.15] * 16)
    assert said[4][2] == pytest.approx(-2.0)
    assert [reward for _, _, reward in said[9:]] == pytest.approx([-0.5] * 11)
    sideways = referee("hidden_speed:speed=0.2")
    sideways(at(0.0))
    assert sideways(at(PERIOD, y=0.01))[0] == pytest.approx(0.0)


def test_the_referee_judges_turns_the_short_way() -> None:
    watching = referee("hidden_turn:side=-1")
    watching(at(0.0, yaw=-3.1))
    rate = -(2 * math.pi - 6.2) / PERIOD
    assert watching(at(PERIOD, yaw=3.1))[1] == pytest.approx(rate)
    assert watching(at(2 * PERIOD, yaw=3.1)) == pytest.approx((0.0, 0.0, -rate / 2.4))


def test_a_state_is_worth_what_was_wanted_while_it_was_shown() -> None:
    watching = referee("hidden_turn:side=1,later=-1,at=0.1")
    watching(at(7.0))
    seen = [(watching(at(7.0 + PERIOD * k, yaw=0.12 * k))[2], watching.goal) for k in range(1, 6)]
    assert [reward for reward, _ in seen] == pytest.approx([0.0, 1.0, -1.0, -1.0, -1.0])
    assert [goal for _, goal in seen] == [1.0, -1.0, -1.0, -1.0, -1.0]


def test_training_data_and_referee_agree() -> None:
    """Rewards that are added to recorded states are those that the run would have earned."""
    rng = np.random.default_rng(0)
    path = np.cumsum(rng.normal(0.01, 0.005, (1, 9, 3)), axis=1)
    plain = Episodes(path, np.zeros((1, 8, 2)), np.zeros((1, 8, 1)), np.array(["none"]))
    space = from_names([("x", "m", "pose_x"), ("y", "m", "pose_y"), ("yaw", "rad", "pose_yaw")])
    recorded = relabel(plain, space, GOALS["hidden_speed"], PERIOD, [0])
    goals = recorded.conditions[0, :, -1]
    change = int(np.flatnonzero(np.diff(goals))[0]) + 1
    goal = HiddenGoal(GOALS["hidden_speed"], goals[0], goals[-1], change * PERIOD)
    watching = Referee(goal, PERIOD)
    said = np.array([watching(at(PERIOD * k, *point.tolist())) for k, point in enumerate(path[0])])
    assert 0 < change < 8
    np.testing.assert_allclose(recorded.states[0, 1:, 3:], said[1:], atol=1e-9)


def test_a_simulated_robot_passes_on_what_a_judge_says_about_the_truth() -> None:
    spec = judged(ROACH, "hidden_speed")
    seen: list[RobotState] = []

    def judge(state: RobotState) -> tuple[float, ...]:
        seen.append(state)
        return 0.1, 0.2, -0.3

    clock = VirtualClock()
    noise = (perturbation("noise:scale=5"),)
    robot = SimRobot(spec, clock, np.random.default_rng(0), perturbations=noise, judge=judge)
    robot.connect()
    measured = robot.read()
    np.testing.assert_array_equal(embodiment.observe(spec, measured)[-3:], [0.1, 0.2, -0.3])
    assert not np.array_equal(measured.gyro, seen[0].gyro)
    np.testing.assert_array_equal(seen[0].position, robot.true_state().position)


def test_without_a_judge_what_is_judged_is_unknown() -> None:
    robot = SimRobot(ROACH, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    vector = embodiment.observe(judged(ROACH, "hidden_turn"), robot.read())
    assert np.isnan(vector[-3:]).all()
    assert np.isfinite(vector[:-3]).all()
