"""What one run cost, and differences between runs that share a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller.bootstrap import drawn_anew, interval
from controller.build import build, load_model
from controller.config import RunSettings
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission


@dataclass(frozen=True)
class Score:
    """Mean executed cost per step, mean distance to the path [m], progress [m], a fall."""

    cost: float
    path_error: float
    progress: float
    fell: bool


def score(settings: RunSettings) -> Score:
    """Drive one run in lock-step, as `limber run --fast` does: the figures do not depend on how busy the machine is."""
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, settings.adapter))
    costs: list[float] = []
    distances: list[float] = []
    progress: list[float] = []

    def note(tick: LoopTick) -> None:
        costs.append(tick.result.cost)
        distances.append(tick.result.progress.distance)
        progress.append(tick.result.progress.s)

    result = rig.drive(note)
    return Score(float(np.mean(costs)), float(np.mean(distances)), progress[-1], result.fell)


def paired(differences: Sequence[float], rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean with its 95 % bootstrap interval."""
    values = np.asarray(differences)
    low, high = interval(values[drawn_anew(rng, len(values), resamples=10_000)].mean(axis=1))
    return float(values.mean()), float(low), float(high)
