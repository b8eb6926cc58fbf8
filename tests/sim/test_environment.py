from __future__ import annotations

import copy
import math
import pickle
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from absl.testing import absltest
from dm_control.rl import control
from dm_env import test_utils

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.simulated.robot import SimRobot
from sim.environment import Actions, make
from sim.perturbations import parse
from sim.terrain import FloatArray
from tests.sim.anatomies import ANATOMIES

ROACH, GO2 = ANATOMIES["roach"], ANATOMIES["go2"]
SPEEDS = Actions((12.0, 12.0), (56.0, 56.0))
POSES = Actions([angle - 0.1 for angle in GO2.stand], [angle + 0.1 for angle in GO2.stand], kp=60.0, kd=5.0)


class ContractTest(test_utils.EnvironmentTestMixin, absltest.TestCase):  # type: ignore[misc]
    """dm_env's own contract, over episodes that end and begin again."""

    def make_object_under_test(self) -> object:
        return make(ROACH, SPEEDS, np.random.default_rng(0), seconds=0.5)

    def make_action_sequence(self) -> Iterator[FloatArray]:
        rng = np.random.default_rng(1)
        for _ in range(25):
            yield rng.uniform(13.0, 56.0, 2)


class JointsContractTest(test_utils.EnvironmentTestMixin, absltest.TestCase):  # type: ignore[misc]
    """The same on a robot whose motors follow angles."""

    def make_object_under_test(self) -> object:
        return make(GO2, POSES, np.random.default_rng(0), seconds=0.5)

    def make_action_sequence(self) -> Iterator[FloatArray]:
        rng = np.random.default_rng(1)
        for _ in range(25):
            yield rng.uniform(POSES.low, POSES.high)


def test_episodes_have_the_asked_length_and_end_without_failure() -> None:
    environment = make(ROACH, SPEEDS, np.random.default_rng(0), seconds=1.0, rate_hz=20.0)
    step, count = environment.reset(), 0
    while not step.last():
        step, count = environment.step(np.array([40.0, 40.0])), count + 1
    assert count == 20
    assert step.discount == 1.0
    assert environment.physics.time() == pytest.approx(1.0)


def test_one_seed_repeats_and_walking_pays() -> None:
    rewards = []
    for _ in range(2):
        environment = make(ROACH, SPEEDS, np.random.default_rng(4), seconds=2.0)
        environment.reset()
        rewards.append([environment.step(np.array([45.0, 45.0])).reward for _ in range(30)])
    assert rewards[0] == rewards[1]
    assert np.mean(rewards[0][10:]) > 0.1


def test_a_fall_ends_the_episode_for_good() -> None:
    environment = make(ROACH, SPEEDS, np.random.default_rng(0))
    environment.reset()
    environment.physics.data.qpos[3:7] = 0.0, 1.0, 0.0, 0.0
    step = environment.step(np.array([40.0, 40.0]))
    assert step.last()
    assert step.discount == 0.0


def test_perturbations_act_inside_a_control_step() -> None:
    environment = make(
        ROACH, SPEEDS, np.random.default_rng(0), perturbations=(parse("leg_loss:leg=left_middle@0.125"),)
    )
    environment.reset()
    lost = []
    for _ in range(4):
        environment.step(np.array([40.0, 40.0]))
        lost.append(bool(environment.physics.condition.lost_legs))
    assert lost == [False, False, True, True]


def test_an_unknown_terrain_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        make(ROACH, SPEEDS, np.random.default_rng(0), terrain="lawn")


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_what_holds_a_simulation_refuses_to_be_copied(copied: Callable[[object], object]) -> None:
    environment = make(ROACH, SPEEDS, np.random.default_rng(0))
    robot = SimRobot(spec("roach"), VirtualClock(), np.random.default_rng(0))
    for subject in (environment, environment.physics, environment.physics._writer, robot):
        with pytest.raises(TypeError, match="cannot be copied or pickled.*; make another$"):
            copied(subject)
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.copy(environment.physics)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"rate_hz": 0.0}, "rate_hz: expected a positive number, got 0.0"),
        ({"rate_hz": math.nan}, "rate_hz: expected a positive number, got nan"),
        ({"rate_hz": math.inf}, "rate_hz: expected a positive number, got inf"),
        ({"rate_hz": -20.0}, "rate_hz: expected a positive number, got -20"),
        ({"rng": 3}, "rng: expected a generator, as numpy.random.default_rng returns, got 3"),
        ({"rng": np.random.RandomState(0)}, "rng: expected a generator"),
        (
            {"perturbations": ["leg_loss:leg=left_middle"]},
            "perturbations: expected what sim.perturbations.parse returns",
        ),
        ({"perturbations": "leg_loss:leg=left_middle"}, "perturbations: expected what sim.perturbations.parse returns"),
        ({"seconds": math.nan}, "seconds: expected at least one action, got nan"),
        ({"seconds": 0.0}, "seconds: expected at least one action, got 0"),
        ({"seconds": math.inf}, "seconds: expected at least one action, got inf"),
        ({"actions": Actions((0.0,), (1.0,))}, "actions.low: expected 2 numbers, one a motor"),
        ({"actions": Actions((0.0, 1.0), (1.0, 0.0))}, "actions: expected finite bounds, low below high"),
        ({"actions": Actions((0.0, -math.inf), (1.0, 0.0))}, "actions: expected finite bounds, low below high"),
        ({"actions": Actions((0.0, 0.0), (1.0, math.nan))}, "actions: expected finite bounds, low below high"),
    ],
)
def test_what_cannot_be_made_says_why(changes: dict[str, object], message: str) -> None:
    arguments = {"anatomy": ROACH, "actions": SPEEDS, "rng": np.random.default_rng(0), **changes}
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "action",
    [
        None,
        [math.nan, 20.0],
        [57.0, 20.0],
        [20.0, 11.0],
        [20.0],
        20.0,
        [[20.0, 20.0]],
        np.array([20.0 + 5.0j, 20.0]),
        np.array([20.0, 20.0], object),
        ["20", "20"],
        np.ma.masked_greater([20.0, 30.0], 25.0),
        np.array([20, 20], "timedelta64[s]"),
        {20.0, 21.0},
    ],
)
def test_an_action_that_is_none_of_the_spec_is_refused(action: object) -> None:
    environment = make(ROACH, SPEEDS, np.random.default_rng(0))
    environment.reset()
    with pytest.raises(ValueError, match=r"action: expected \(2,\) within "):
        environment.step(action)
    environment.step(np.array(SPEEDS.high, np.float32) * np.float32(1 + 1e-7))


def test_physics_that_breaks_down_is_the_error_that_agents_catch() -> None:
    environment = make(ROACH, SPEEDS, np.random.default_rng(0))
    environment.reset()
    environment.physics.data.qvel[0] = math.nan
    with pytest.raises(control.PhysicsError, match="the state is not finite or far too large"):
        environment.step(np.array([40.0, 40.0]))
