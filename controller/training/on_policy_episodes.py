"""Gather episodes where the planner really goes: lock-step runs of a trained recipe, recorded.

Random actions never string together what a planner would do, so a model fitted to them alone is least sure exactly
where it is used. Every run keeps to the same rules as `limber run --fast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from controller.build import build, load_model
from controller.config import RunSettings
from controller.courses.paths import COURSES
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import robots
from controller.tick import Observation
from controller.training.random_episodes import Shown, with_onset
from dynamics.training.dataset import Episodes, concatenate
from dynamics.transitions import FloatArray
from sim.perturbations import sample_condition
from sim.strict import at_least, shares

_ATTEMPTS = 10


@dataclass(frozen=True)
class OnPolicySettings:
    """How much data to gather with the model of the round before.

    Attributes:
        rounds: how often to gather and fit again; 0 stays with random actions.
        fit_steps: steps of training before a round.
        onset_share: share of the runs whose condition begins on the way.
        like: file with the settings of the runs, their course among them; None drives all paths as any run would.
    """

    rounds: int = 0
    driver: str = "grbal"
    fit_steps: int = 2_000
    episodes: int = 150
    onset_share: float = 0.5
    like: str | None = None

    def __post_init__(self) -> None:
        at_least(self, 0, "rounds")
        at_least(self, 1, "episodes", "fit_steps")
        shares(self, "onset_share")


def gather_on_policy(
    runs: RunSettings,
    settings: OnPolicySettings,
    families: Sequence[str],
    seed: np.random.SeedSequence,
    workers: int,
    shown: Shown = iter,
) -> Episodes:
    """Drive runs like `runs` under training conditions of some families, recorded, and return them in a fixed order."""
    count = settings.episodes
    drawn = [families[index % len(families)] for index in range(count)]
    arguments = ([runs] * count, drawn, [settings] * count, seed.spawn(count))
    with pool(workers) as executor:
        return concatenate([*shown(executor.map(_episode, *arguments, chunksize=2))])


def _episode(runs: RunSettings, family: str, settings: OnPolicySettings, seed: np.random.SeedSequence) -> Episodes:
    """Record one run; one that falls is drawn again."""
    anatomy = robots.spec(runs.robot).anatomy
    for attempt in seed.spawn(_ATTEMPTS):
        rng = np.random.default_rng(attempt)
        condition = with_onset(sample_condition(rng, family, "train", anatomy), runs.seconds, settings.onset_share, rng)
        course = str(rng.choice(sorted(COURSES))) if settings.like is None else runs.course
        run = replace(runs, course=course, perturbations=condition, seed=int(rng.integers(2**31)))
        episode = _record(run, family)
        if episode is not None:
            return episode
    raise RuntimeError(f"family {family}: {_ATTEMPTS} runs in a row ended in a fall")


def _record(settings: RunSettings, family: str) -> Episodes | None:
    """Return the transitions of one lock-step run, or None when it broke off or an action was not clean."""
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, settings.adapter))
    seen: list[Observation] = []
    conditions: list[FloatArray] = []

    def note(tick: LoopTick) -> None:
        seen.append(tick.observation)
        conditions.append(rig.robot.true_condition())

    result = rig.drive(note)
    if result.interrupted:
        raise KeyboardInterrupt
    # The robot rests over its first tick, so learning starts with the second.
    actions = [observation.applied for observation in seen[2:] if observation.applied is not None]
    if result.fault is not None or len(actions) < len(seen) - 2:
        return None
    states, told = np.stack([observation.state for observation in seen[1:]]), np.stack(conditions[1:-1])
    return Episodes(states[None], np.stack(actions)[None], told[None], np.array([family]))
