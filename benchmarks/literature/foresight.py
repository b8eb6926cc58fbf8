"""How far ahead a model sees: the way over a plan's length as it was foretold, beside the one that was gone.

Whoever drives a round of an experiment was fitted to the rounds before, so the round is new to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dynamics import checkpoint, factory
from dynamics.rollout.kernel import Kernel
from dynamics.training import dataset
from dynamics.training.dataset import Episodes
from dynamics.transitions import FloatArray

_EVERY = 10
"""Ticks between two beginnings."""


class Foresight(NamedTuple):
    """How well the ways of one round were foretold.

    Attributes:
        number: of the round.
        way: mean way of its episodes [m].
        correlation: of foretold and true ways.
        missed: root mean square of their differences [m].
        spread: standard deviation of the true ones [m].
    """

    number: int
    way: float
    correlation: float
    missed: float
    spread: float


def foresights(folder: Path, steps: int) -> Iterator[Foresight]:
    """Judge the driver of every round in a folder of training over roll-outs of `steps` steps."""
    for round_folder in sorted(folder.glob("round-*"), key=lambda path: int(path.name.partition("-")[2])):
        number = int(round_folder.name.partition("-")[2])
        driven = folder / "data" / f"on-policy-{number}.npz"
        drivers = sorted(round_folder.glob("*.safetensors"))
        if drivers and driven.is_file():
            episodes = dataset.load(driven)
            foretold, true = ways(drivers[0], episodes, steps)
            whole = float(np.mean(episodes.states[:, -1, 0] - episodes.states[:, 0, 0]))
            missed = float(np.sqrt(np.mean((foretold - true) ** 2)))
            yield Foresight(number, whole, float(np.corrcoef(foretold, true)[0, 1]), missed, float(true.std()))


def ways(path: Path, episodes: Episodes, steps: int) -> tuple[FloatArray, FloatArray]:
    """Return foretold and true ways (N,) [m] along the first channel, from every tenth tick of every episode on."""
    loaded = checkpoint.load(path)
    foretold, true = [], []
    for states, actions, conditions in zip(episodes.states, episodes.actions, episodes.conditions, strict=True):
        weights = factory.make(loaded.adapter, loaded.model, loaded.parts, conditions[0].copy).initial().weights
        kernel = Kernel(loaded.model, weights)
        for begin in range(0, len(actions) - steps + 1, _EVERY):
            rolled = kernel.rollout(states[begin], actions[None, begin : begin + steps])[:, 0, -1].mean(axis=0)
            foretold.append(rolled[0] - states[begin, 0])
            true.append(states[begin + steps, 0] - states[begin, 0])
    return np.array(foretold), np.array(true)
