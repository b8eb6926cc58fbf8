"""How far ahead a model sees: what was foretold over a plan's length, beside what came, of the way and of the leaning.

Whoever drives a round of an experiment was fitted to the rounds before, so the round is new to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dynamics import checkpoint, factory
from dynamics.checkpoint import Checkpoint
from dynamics.rollout.kernel import Kernel
from dynamics.training import dataset
from dynamics.training.dataset import Episodes
from dynamics.transitions import FloatArray
from planners.costs.path import leaning

_LYING = np.pi / 2
"""A body lies that leans more than this [rad]."""
_EVERY = 10
"""Ticks between two beginnings."""
_LEAST = 20
"""Fewer beginnings say nothing."""


class Told(NamedTuple):
    """Something as it was foretold: correlation with what came, root mean square of the misses, spread of what came."""

    correlation: float
    missed: float
    spread: float


class Foresight(NamedTuple):
    """How well one round was foretold.

    Attributes:
        number: of the round.
        way: mean way of its episodes [m].
        ways: those over some steps, along the first channel [m].
        leaning: of a body that lay at their beginning, after the same steps [rad]; none where too few did.
    """

    number: int
    way: float
    ways: Told
    leaning: Told | None


def foresights(folder: Path, steps: int) -> Iterator[Foresight]:
    """Judge the driver of every round in a folder of training over roll-outs of `steps` steps."""
    for round_folder in sorted(folder.glob("round-*"), key=lambda path: int(path.name.partition("-")[2])):
        number = int(round_folder.name.partition("-")[2])
        driven = folder / "data" / f"on-policy-{number}.npz"
        drivers = sorted(round_folder.glob("*.safetensors"))
        if drivers and driven.is_file():
            episodes = dataset.load(driven)
            whole = float(np.mean(episodes.states[:, -1, 0] - episodes.states[:, 0, 0]))
            yield Foresight(number, whole, *judged(drivers[0], episodes, steps))


def judged(path: Path, episodes: Episodes, steps: int) -> tuple[Told, Told | None]:
    """Return how well a model foretells ways, and the leaning of bodies that lie."""
    loaded = checkpoint.load(path)
    before, foretold, came = rolled(loaded, episodes, steps)
    ways = _told(foretold[:, 0] - before[:, 0], came[:, 0] - before[:, 0])
    names = [channel.name for channel in loaded.model.space.channels]
    turns = [names.index(name) for name in ("roll", "pitch") if name in names]
    lies = leaning(*before[:, turns].T) > _LYING if turns else np.zeros(len(before), bool)
    if np.count_nonzero(lies) < _LEAST:
        return ways, None
    lean = (np.asarray(leaning(*states[lies][:, turns].T), float) for states in (foretold, came))
    return ways, _told(*lean)


def _told(foretold: FloatArray, came: FloatArray) -> Told:
    missed = float(np.sqrt(np.mean((foretold - came) ** 2)))
    return Told(float(np.corrcoef(foretold, came)[0, 1]), missed, float(came.std()))


def rolled(loaded: Checkpoint, episodes: Episodes, steps: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return states (N, S) at every tenth tick of all episodes, and so many steps on as foretold and as they came.

    Raises ValueError where episodes are shorter.
    """
    before, foretold, came = [], [], []
    if not 1 <= steps <= episodes.actions.shape[1]:
        raise ValueError(f"steps: expected 1 to {episodes.actions.shape[1]}, as long as episodes are, got {steps}")
    for states, actions, conditions in zip(episodes.states, episodes.actions, episodes.conditions, strict=True):
        weights = factory.make(loaded.adapter, loaded.model, loaded.parts, conditions[0].copy).initial().weights
        kernel = Kernel(loaded.model, weights)
        for begin in range(0, len(actions) - steps + 1, _EVERY):
            led = kernel.rollout(states[begin], actions[None, begin : begin + steps])[:, 0, -1]
            before.append(states[begin])
            foretold.append(led.mean(axis=0))
            came.append(states[begin + steps])
    return np.array(before), np.array(foretold, float), np.array(came)
