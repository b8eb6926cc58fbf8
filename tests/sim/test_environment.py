from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from absl.testing import absltest
from dm_env import test_utils

from sim.environment import Actions, FloatArray, make
from sim.perturbations import parse
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
