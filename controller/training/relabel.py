"""Training data for hidden goals without new simulation: a reward does not change what happened.

Every recorded episode gets a goal of its own. What is judged, and the reward that it would have earned, become further
channels of its states.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controller.courses.goals import GoalFamily
from dynamics.model import Model
from dynamics.state_space import StateSpace
from dynamics.training.dataset import Episodes

CHANGE_SHARE = 0.3
"""Share of the episodes whose goal changes on the way."""


def relabel(episodes: Episodes, space: StateSpace, family: GoalFamily, period: float, seed: list[int]) -> Episodes:
    """Append what is judged and its reward for drawn goals to every state, the goals to what an informed model is told.

    The episodes are of a state vector (S,) without reward, a state every period [s].

    Returns:
        Episodes with states (episodes, T + 1, S + 3) and conditions (episodes, T, C + 1).
    """
    rng = np.random.default_rng(seed)
    count, ticks = episodes.actions.shape[:2]
    first, later = family.draw(rng, count), family.draw(rng, count)
    changes = np.where(rng.random(count) < CHANGE_SHARE, rng.uniform(0.2, 0.8, count) * ticks, ticks)
    goals = np.where(np.arange(ticks) < changes[:, None], first[:, None], later[:, None])
    motion = np.zeros((count, ticks + 1, 2))
    moved = space.difference(episodes.states[:, 1:], episodes.states[:, :-1]) / period
    motion[:, 1:] = moved[..., [space.pose[0], space.pose[2]]]
    rewards = np.zeros((count, ticks + 1, 1))
    rewards[:, 1:, 0] = family.worth(goals, motion[:, :-1, 0], motion[:, :-1, 1])
    return replace(
        episodes,
        states=np.concatenate([episodes.states, motion, rewards], axis=-1),
        conditions=np.concatenate([episodes.conditions, goals[..., None]], axis=-1),
    )


def emphasise(model: Model, weight: float) -> Model:
    """Return an untrained model to whose training an error of the reward counts `weight` times what others do.

    One channel of many decides what a planner does, and a plain mean over the channels hardly sees it. The weight is a
    matter of scale: what counts as a deviation of the reward becomes smaller.
    """
    std = model.increments.std.copy()
    std[model.space.signals] /= np.sqrt(weight)
    return replace(model, increments=replace(model.increments, std=std))
