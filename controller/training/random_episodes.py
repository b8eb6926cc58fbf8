"""Gather episodes: a robot in a drawn condition, driven by random actions, one process a core.

Every episode has its own seed, so the data are the same bits whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from controller.jobs.executors import pool
from controller.tick import Actions
from dynamics.training.dataset import Episodes, concatenate
from dynamics.transitions import FloatArray
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotFault
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import Perturbation, sample_condition
from sim.robots.ranges import Split
from sim.strict import at_least, positive, shares

Shown = Callable[[Iterator[Episodes]], Iterable[Episodes]]
"""Says how far it is, as episodes pass through."""
_ATTEMPTS = 20
_FALL = 1.2
"""An episode in which the body tilts further than this is drawn again [rad]."""


@dataclass(frozen=True)
class CollectSettings:
    """How much data to gather.

    Attributes:
        families: of conditions, each as often as any other; none stands for all of the robot's.
        heldout_episodes: episodes under conditions whose parameters are not in training.
        seconds: length of an episode [s].
        onset_share: share of the training episodes whose condition begins on the way.
        noise: largest standard deviation of white noise on the actions, as a share of their ranges.
        falls: keep an episode that ends in a fall: what leads there is what a planner should see coming. From then on
            the robot lies where it fell. Otherwise such an episode is drawn again.
        alike: share of the held levels at which all actions are about as high in their ranges: motors of a kind.
    """

    episodes: int = 1500
    heldout_episodes: int = 300
    seconds: float = 8.0
    onset_share: float = 0.3
    noise: float = 0.25
    alike: float = 0.5
    falls: bool = False
    families: tuple[str, ...] = ()
    workers: int = 2

    def __post_init__(self) -> None:
        at_least(self, 1, "episodes", "heldout_episodes", most=1_000_000)
        at_least(self, 1, "workers", most=10_000)
        positive(self, "seconds")
        at_least(self, 0, "seconds", most=3600)
        shares(self, "onset_share", "noise", "alike")


def gather(
    spec: RobotSpec, settings: CollectSettings, rate_hz: float, seed: int, split: Split, shown: Shown = iter
) -> Episodes:
    """Drive random episodes of one split, at a rate [Hz], and return them in a fixed order."""
    embodiment.embody(spec)  # where a policy that walks it cannot be used, now is the time to say so
    count = settings.episodes if split == "train" else settings.heldout_episodes
    onset_share = settings.onset_share if split == "train" else 0.0
    ticks = round(settings.seconds * rate_hz)
    seeds = np.random.SeedSequence([seed, split == "heldout"]).spawn(count)
    known = settings.families or spec.anatomy.families
    drawn = [known[index % len(known)] for index in range(count)]
    same = ([item] * count for item in (spec, replace(settings, onset_share=onset_share), ticks, rate_hz, split))
    with pool(settings.workers) as executor:
        return concatenate([*shown(executor.map(_episode, drawn, seeds, *same, chunksize=8))])


def _episode(
    family: str,
    seed: np.random.SeedSequence,
    spec: RobotSpec,
    settings: CollectSettings,
    ticks: int,
    rate_hz: float,
    split: Split,
) -> Episodes:
    """Drive one episode; one that falls is drawn again, unless falls are kept."""
    for attempt in seed.spawn(_ATTEMPTS):
        rng = np.random.default_rng(attempt)
        drawn = sample_condition(rng, family, split, spec.anatomy)
        condition = with_onset(drawn, ticks / rate_hz, settings.onset_share, rng)
        actions = excitation(spec, ticks, rng, settings.noise, settings.alike)
        episode = _drive(spec, condition, actions, rate_hz, rng, family, falls=settings.falls)
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


def excitation(
    spec: RobotSpec, ticks: int, rng: np.random.Generator, noise: float = 0.25, alike: float = 0.5
) -> FloatArray:
    """Return random actions (ticks, A) that visit the whole range: held levels with a drifting, noisy part.

    White noise alone averages out within a stride, and held levels alone never show a quick change. `noise` and `alike`
    as in CollectSettings.
    """
    actions = Actions.of(spec)
    levels = np.concatenate([_hold(rng, actions, int(rng.integers(2, 21)), alike) for _ in range(ticks)])[:ticks]
    white = rng.normal(0.0, rng.uniform(0.0, noise), levels.shape) * actions.range
    return np.clip(levels + white, actions.low, actions.high)


def _hold(rng: np.random.Generator, actions: Actions, length: int, alike: float) -> FloatArray:
    """Return one level for `length` ticks (length, A)."""
    low, high = actions.low, actions.high
    if rng.random() < 1.0 - alike:
        level = rng.uniform(low, high)
    else:
        common = low + rng.random() * (high - low)
        level = np.clip(common + rng.normal(0.0, 0.12, len(low)) * (high - low), low, high)
    return np.tile(level, (length, 1))


def _drive(
    spec: RobotSpec,
    condition: tuple[Perturbation, ...],
    actions: FloatArray,
    rate_hz: float,
    rng: np.random.Generator,
    family: str,
    *,
    falls: bool,
) -> Episodes | None:
    """Return the episode of one condition under given actions (T, A), or None after a fall that is not kept."""
    clock = VirtualClock()
    robot, drive = SimRobot(spec, clock, rng, perturbations=condition), embodiment.embody(spec)
    robot.connect()
    robot.activate()
    checks, names = spec.checks, [channel.name for channel in spec.channels]
    upright = checks.tilt.on or checks.roll.on or checks.pitch.on  # others go on however they lie
    leaning = [names.index(name) for name in ("roll", "pitch") if upright]
    start, cycles = clock.now(), 1 if drive.steady else round(spec.servo_hz / rate_hz)
    state = drive.annotate(robot.read())
    states, told = [embodiment.observe(spec, state)], []
    for tick, action in enumerate(actions):
        told.append(robot.true_condition())
        for cycle in range(1, cycles + 1):
            robot.write(drive.command(action, state, clock.now(), clock.now() + 10.0 / rate_hz))
            clock.sleep_until(start + (tick + cycle / cycles) / rate_hz)
            state = drive.annotate(robot.read())
        states.append(embodiment.observe(spec, state))
        if state.faults:
            raise RobotFault(f"robot {spec.name}: {state.faults[0]}")
        if (np.abs(states[-1][leaning]) > _FALL).any():
            if not falls:
                return None
            left = len(actions) - tick - 1
            states, told = states + [states[-1]] * left, told + [told[-1]] * left
            break
    robot.close()
    return Episodes(np.stack(states)[None], actions[None], np.stack(told)[None], np.array([family]))
