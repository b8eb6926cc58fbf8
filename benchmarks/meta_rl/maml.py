"""MAML with policy gradients (Finn et al. 2017, https://arxiv.org/abs/1703.03400, algorithm 3), one inner step.

    theta_i' = theta - inner grad L_i(theta; episodes under theta)       of every condition i of a batch
    theta    <- Adam on sum_i grad_theta L_i(theta_i'; episodes under theta_i')

Both losses are REINFORCE with a baseline that is linear in state and time. The outer gradient is of second order; as in
the published code it leaves out that the first episodes, too, are sampled as theta says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.meta_rl.progress import Act, Point, better, tested
from benchmarks.meta_rl.world import Observation, Task, World
from dynamics.transitions import FloatArray
from sim.perturbations import Perturbation

Policy = tuple[Tensor, ...]
"""Weights and biases of a network with tanh between, then the logarithm of the standard deviations."""
BATCH, HIDDEN = 5, 64
"""Conditions of a step of the outer loop, and units of both hidden layers."""
INNER, OUTER, DISCOUNT = 0.1, 1e-3, 0.99
_FIRST = -0.5
"""Logarithm of the standard deviations at the start."""


class Tried(NamedTuple):
    """Episodes of one condition: what was seen (T, O), done (T, A), earned (T,), and how much better than expected."""

    seen: Tensor
    acted: Tensor
    advantage: Tensor
    earned: float


def learned(task: Task, seed: int, tests: list[int], length: int, runs: int) -> Iterator[Point]:
    """Learn, and yield what it came to after so many steps each."""
    torch.set_num_threads(1)
    world, rng, generator = World(task), np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    policy = _untrained(world, generator)
    adam, steps, earned = torch.optim.Adam(policy, OUTER), 0, 0.0
    world.reset(seed=seed)
    for test in tests:
        while steps < test:
            losses = []
            for _ in range(BATCH):
                before = _tried(world, policy, rng, None)
                adapted = _adapted(policy, before)
                after = _tried(world, adapted, rng, world.happens)
                losses.append(_loss(adapted, after))
                steps, earned = steps + 2 * task.length * task.episodes, earned + (after.earned - earned) / 20
            adam.zero_grad()
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(policy, 1.0)
            adam.step()

        def begin(condition: str, number: int, *, noise: float = 0.0) -> Act:
            own = np.random.default_rng(number)
            network = _arrays(_adapted(policy, _tried(world, policy, own, task.drawn(condition, number))))
            spread = noise * np.exp(network[-1])
            return lambda seen: _mean(network, seen) + spread * own.standard_normal(len(spread))

        mean, drawn = (tested(task, partial(begin, noise=noise), length, runs) for noise in (0.0, 1.0))
        yield Point("maml", task.experiment, seed, steps, earned, better(mean, drawn))


def _untrained(world: World, generator: torch.Generator) -> Policy:
    (inputs,), (outputs,) = world.observation_space.shape or (0,), world.action_space.shape or (0,)
    sizes = [inputs, HIDDEN, HIDDEN, outputs]
    layers: list[Tensor] = []
    for rows, columns in itertools.pairwise(sizes):
        layers += [torch.randn(rows, columns, generator=generator) / rows**0.5, torch.zeros(columns)]
    layers[-2] *= 0.1
    return tuple(each.requires_grad_() for each in (*layers, torch.full((outputs,), _FIRST)))


def _loss(policy: Policy, tried: Tried) -> Tensor:
    """Return what REINFORCE minimises: the unlikelihood of what was done, weighed by how much better it was."""
    *layers, spread = policy
    hidden = tried.seen
    for index in range(0, len(layers), 2):
        hidden = (torch.tanh(hidden) if index else hidden) @ layers[index] + layers[index + 1]
    unlikely = 0.5 * ((tried.acted - hidden) / spread.exp()).square() + spread
    return (unlikely.sum(dim=-1) * tried.advantage).mean()


def _adapted(policy: Policy, tried: Tried) -> Policy:
    """Return the policy after one step on episodes of a condition, as a function of what it was before."""
    slopes = torch.autograd.grad(_loss(policy, tried), policy, create_graph=True)
    return tuple(value - INNER * slope for value, slope in zip(policy, slopes, strict=True))


def _tried(world: World, policy: Policy, rng: np.random.Generator, happens: tuple[Perturbation, ...] | None) -> Tried:
    """Play a meta-episode under a condition, a drawn one where none is given."""
    network, count = _arrays(policy), world.task.length * world.task.episodes
    seen, _ = world.reset(options=None if happens is None else {"perturbations": happens})
    met, acted, rewards = [], [], []
    spread = np.exp(network[-1])
    for _ in range(count):
        action = _mean(network, seen) + spread * rng.standard_normal(len(spread))
        met.append(seen)
        acted.append(action)
        seen, reward, *_ = world.step(action.astype(np.float32))
        rewards.append(reward)
    gained = _advantage(np.array(met), np.reshape(rewards, (world.task.episodes, -1)))
    known, done, better = (
        torch.as_tensor(each, dtype=torch.float32) for each in (np.array(met), np.array(acted), gained)
    )
    return Tried(known, done, better, float(np.mean(rewards)))


def _advantage(met: Observation, rewards: FloatArray) -> FloatArray:
    """Return how much more than expected (T,) was earned from each step on, given rewards (episodes, steps)."""
    later = np.zeros_like(rewards)
    for step in reversed(range(rewards.shape[1])):
        later[:, step] = rewards[:, step] + (DISCOUNT * later[:, step + 1] if step + 1 < rewards.shape[1] else 0.0)
    time = np.tile(np.linspace(0.0, 1.0, rewards.shape[1]), len(rewards))[:, None]
    features = np.concatenate([met, np.square(met), time, time**2, time**3, np.ones_like(time)], axis=1)
    ridge = features.T @ features + 1e-3 * np.eye(features.shape[1])
    gained: FloatArray = later.ravel() - features @ np.linalg.solve(ridge, features.T @ later.ravel())
    gained /= gained.std() + 1e-8
    return gained


def _arrays(policy: Policy) -> list[FloatArray]:
    return [each.detach().numpy().astype(np.float64) for each in policy]


def _mean(network: list[FloatArray], seen: Observation) -> FloatArray:
    first, a, second, b, last, c, _ = network
    return np.asarray(np.tanh(np.tanh(seen @ first + a) @ second + b) @ last + c)
