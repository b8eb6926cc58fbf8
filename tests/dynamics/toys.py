"""A small vehicle with a hidden gain: enough structure for every map, fast enough for every test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dynamics.model import Model
from dynamics.state_space import Channel, StateSpace, from_names
from dynamics.training.dataset import Episodes
from dynamics.training.recipes import NetworkSettings, untrained
from dynamics.transitions import FloatArray, Transitions

SPACE: StateSpace = from_names(
    [
        ("x", "m", "pose_x"),
        ("y", "m", "pose_y"),
        ("yaw", "rad", "pose_yaw"),
        ("speed", "m/s", "vector"),
        ("phase", "rad", "angle"),
    ]
)
REWARDED: StateSpace = StateSpace((Channel("reward", "1", "signal"), *SPACE.channels))
"""The same with a reward, in front so that no channel is where it was."""
ACTIONS = ("push", "turn")


def step(states: FloatArray, actions: FloatArray, gains: FloatArray) -> FloatArray:
    """Advance vehicles (..., 5) by one tick; the hidden gain scales what a push does."""
    speed = 0.8 * states[..., 3] + 0.2 * gains * actions[..., 0]
    zeros = np.zeros_like(speed)
    turn = 0.3 * actions[..., 1] * (1 + 0.2 * np.cos(states[..., 4]))
    increment = np.stack([0.1 * speed, zeros, turn, speed - states[..., 3], 0.5 + zeros], axis=-1)
    return SPACE.integrate(states, increment)


def episodes(rng: np.random.Generator, count: int = 24, ticks: int = 40) -> Episodes:
    """Drive random episodes, each with its own gain; the gain is the condition."""
    gains = rng.choice([-1.0, 1.0], size=count) * rng.uniform(0.5, 1.5, count)
    actions = rng.uniform(-1, 1, (count, ticks, 2))
    states = [np.zeros((count, 5))]
    for tick in range(ticks):
        states.append(step(states[-1], actions[:, tick], gains))
    conditions = np.repeat(gains[:, None, None], ticks, axis=1)
    families = np.where(gains > 0, "forward", "backward")
    return Episodes(np.stack(states, axis=1), actions, conditions, families)


def model(rng: np.random.Generator, *, told: bool = False, members: int = 1) -> Model:
    """Return an untrained model of the vehicle, its output layer shrunk so that roll-outs stay calm."""
    plain = untrained(SPACE, ACTIONS, episodes(rng), NetworkSettings((16, 12), members), seed=3, told=told)
    return replace(plain, prior=(*plain.prior[:-2], 0.3 * plain.prior[-2], plain.prior[-1] + 0.1))


def rewarded(rng: np.random.Generator, *, members: int = 1) -> Model:
    """Return an untrained model that predicts a reward too: the speed, or what is noted as such."""
    plain = episodes(rng)
    noted = replace(plain, states=np.concatenate([plain.states[..., 3:4] ** 2, plain.states], axis=-1))
    subject = untrained(REWARDED, ACTIONS, noted, NetworkSettings((16, 12), members), seed=3, told=False)
    return replace(subject, prior=(*subject.prior[:-2], 0.3 * subject.prior[-2], subject.prior[-1] + 0.1))


def window(rng: np.random.Generator, length: int = 8) -> Transitions:
    """Return the beginning of one episode."""
    data = episodes(rng, count=1, ticks=length)
    return Transitions(data.states[0, :-1], data.actions[0], data.states[0, 1:])


def double(subject: Model) -> Model:
    """Return the model in double precision, for finite differences."""
    return replace(subject, prior=tuple(w.to(torch.float64) for w in subject.prior))
