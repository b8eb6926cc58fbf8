"""Gather episodes: a robot in a drawn condition, driven by random actions, one process a core.

Every episode has its own seed, so the data are the same bits whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from controller.workers import pool
from dynamics.dataset import Episodes, concatenate
from dynamics.transitions import FloatArray
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotSpec
from hardware.sim_robot import SimRobot
from sim.perturbations import FAMILIES, Perturbation, sample_condition

Split = Literal["train", "heldout"]

_ATTEMPTS = 20
_FALL = 1.2
"""An episode in which the body tilts further than this is drawn again [rad]."""


@dataclass(frozen=True)
class CollectSettings:
    """How much data to gather.

    Attributes:
        episodes: training episodes.
        heldout_episodes: episodes under conditions whose parameters are not in training.
        seconds: length of an episode [s].
        onset_share: share of the training episodes whose condition begins on the way.
        workers: processes.
    """

    episodes: int = 1500
    heldout_episodes: int = 300
    seconds: float = 8.0
    onset_share: float = 0.3
    workers: int = 2

    def __post_init__(self) -> None:
        for name in ("episodes", "heldout_episodes", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not self.seconds > 0:
            raise ValueError(f"seconds: expected a positive number, got {self.seconds}")
        if not 0 <= self.onset_share <= 1:
            raise ValueError(f"onset_share: expected a share in [0, 1], got {self.onset_share}")


def gather(
    spec: RobotSpec,
    settings: CollectSettings,
    rate_hz: float,
    seed: int,
    split: Split,
    advance: Callable[[int], None] = lambda done: None,
) -> Episodes:
    """Drive random episodes of one split and return them in a fixed order.

    Args:
        spec: the robot, simulated.
        settings: how much.
        rate_hz: rate of the actions [Hz].
        seed: of all draws.
        split: `train` or `heldout`: which parameters conditions are drawn from.
        advance: told the number of episodes done.
    """
    count = settings.episodes if split == "train" else settings.heldout_episodes
    onset_share = settings.onset_share if split == "train" else 0.0
    ticks = round(settings.seconds * rate_hz)
    seeds = np.random.SeedSequence([seed, split == "heldout"]).spawn(count)
    parts: list[Episodes] = []
    with pool(settings.workers) as executor:
        families = [FAMILIES[index % len(FAMILIES)] for index in range(count)]
        arguments = ([spec] * count, families, seeds, [ticks] * count, [rate_hz] * count, [split] * count)
        for episode in executor.map(_episode, *arguments, [onset_share] * count, chunksize=8):
            parts.append(episode)
            advance(len(parts))
    return concatenate(parts)


def _episode(
    spec: RobotSpec,
    family: str,
    seed: np.random.SeedSequence,
    ticks: int,
    rate_hz: float,
    split: Split,
    onset_share: float,
) -> Episodes:
    """Drive one episode; one that falls is drawn again."""
    for attempt in seed.spawn(_ATTEMPTS):
        rng = np.random.default_rng(attempt)
        condition = with_onset(sample_condition(rng, family, split), ticks / rate_hz, onset_share, rng)
        episode = _drive(spec, condition, excitation(spec, ticks, rng), rate_hz, rng, family)
        if episode is not None:
            return episode
    raise RuntimeError(f"family {family}: {_ATTEMPTS} episodes in a row ended in a fall")


def with_onset(
    condition: tuple[Perturbation, ...], seconds: float, share: float, rng: np.random.Generator
) -> tuple[Perturbation, ...]:
    """Let a share of all conditions begin on the way instead of at the start."""
    if rng.random() >= share:
        return condition
    onset = float(rng.uniform(0.2, 0.7)) * seconds
    return tuple(replace(perturbation, onset=onset) for perturbation in condition)


def excitation(spec: RobotSpec, ticks: int, rng: np.random.Generator) -> FloatArray:
    """Return random actions (ticks, A) that visit the whole range: held levels with a drifting, noisy part.

    White noise alone averages out within a stride, and held levels alone never show a quick change.
    """
    low, high = _bounds(spec)
    levels = np.concatenate([_hold(rng, low, high, int(rng.integers(2, 21))) for _ in range(ticks)])[:ticks]
    noise = rng.normal(0.0, rng.uniform(0.0, 0.25), (ticks, len(low))) * (high - low)
    return np.clip(levels + noise, low, high)


def _hold(rng: np.random.Generator, low: FloatArray, high: FloatArray, length: int) -> FloatArray:
    """Return one level for `length` ticks (length, A): half of the time all motors alike up to a small difference."""
    if rng.random() < 0.5:
        level = rng.uniform(low, high)
    else:
        common = low + rng.random() * (high - low)
        level = np.clip(common + rng.normal(0.0, 0.12, len(low)) * (high - low), low, high)
    return np.tile(level, (length, 1))


def _bounds(spec: RobotSpec) -> tuple[FloatArray, FloatArray]:
    return np.array([a.low for a in spec.actions]), np.array([a.high for a in spec.actions])


def _drive(
    spec: RobotSpec,
    condition: tuple[Perturbation, ...],
    actions: FloatArray,
    rate_hz: float,
    rng: np.random.Generator,
    family: str,
) -> Episodes | None:
    """Return the episode of one condition under given actions (T, A), or None after a fall."""
    clock = VirtualClock()
    robot = SimRobot(clock=clock, rng=rng, perturbations=condition)
    robot.connect()
    robot.activate()
    roll, pitch = ([c.name for c in spec.channels].index(name) for name in ("roll", "pitch"))
    start = clock.now()
    states, told = [embodiment.observe(spec, robot.read())], []
    for tick, action in enumerate(actions):
        told.append(robot.true_condition())
        robot.write(embodiment.command(spec, action, expires=clock.now() + 10.0 / rate_hz))
        clock.sleep_until(start + (tick + 1) / rate_hz)
        states.append(embodiment.observe(spec, robot.read()))
        if max(abs(states[-1][roll]), abs(states[-1][pitch])) > _FALL:
            return None
    robot.close()
    return Episodes(np.stack(states)[None], actions[None], np.stack(told)[None], np.array([family]))
