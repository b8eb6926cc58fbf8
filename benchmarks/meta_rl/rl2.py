"""RL^2 (Duan et al. 2016, https://arxiv.org/abs/1611.02779): a recurrent policy that sees what it did and earned.

PPO with an LSTM, by sb3-contrib. Its state is kept over the episodes of one condition, so that it can learn in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import DummyVecEnv

from benchmarks.meta_rl.progress import Act, Point, better, tested
from benchmarks.meta_rl.world import Observation, Task, World
from dynamics.transitions import FloatArray

WORLDS = 8
"""Bodies that are stepped in turn."""
_MOST = 400
"""Steps of each of them between two updates; longer episodes go on with the memory that they had."""


def learned(task: Task, seed: int, tests: list[int], length: int, runs: int) -> Iterator[Point]:
    """Learn, and yield what it came to after so many steps each."""
    learner = made(task, seed)
    for steps in tests:
        learner.learn(steps - learner.num_timesteps, reset_num_timesteps=False)
        earned = float(np.mean(learner.rollout_buffer.rewards))
        mean = tested(task, lambda *_: policy(learner), length, runs)
        drawn = tested(task, lambda *_: policy(learner, sampled=True), length, runs)
        yield Point("rl2", task.experiment, seed, learner.num_timesteps, earned, better(mean, drawn))


def made(task: Task, seed: int) -> RecurrentPPO:
    """Return a learner that has learned nothing yet."""
    torch.set_num_threads(1)
    worlds, steps = DummyVecEnv([lambda: World(task)] * WORLDS), min(task.length * task.episodes, _MOST)
    return RecurrentPPO(
        "MlpLstmPolicy",
        worlds,
        seed=seed,
        n_steps=steps,
        batch_size=WORLDS * steps // 2,
        n_epochs=5,
        learning_rate=1e-3,
        policy_kwargs={"lstm_hidden_size": 64, "net_arch": [64], "shared_lstm": True, "enable_critic_lstm": False},
        device="cpu",
    )


def policy(learner: RecurrentPPO, *, sampled: bool = False) -> Act:
    """Return the policy with a memory of its own: its mean, or sampled as while it learned."""
    memory: tuple[FloatArray, ...] | None = None
    begins = np.ones(1, dtype=bool)

    def act(seen: Observation) -> FloatArray:
        nonlocal memory, begins
        action, memory = learner.predict(seen, memory, begins, deterministic=not sampled)
        begins = np.zeros(1, dtype=bool)
        return np.asarray(action, dtype=np.float64)

    return act
