"""One run of the stress suite, boiled down to what scores and pictures need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import FiniteFloat

from controller.build import build, load_model
from controller.courses.paths import Course
from controller.jobs.study import Result
from controller.loop.plan_loop import LoopTick
from controller.loop.timing import LoopResult
from controller.mission import Mission
from controller.stress.scores import recovery_time
from controller.stress.settings import StressSettings, Trial
from controller.telemetry.run_log import mean, numbers
from dynamics.checkpoint import CheckpointError
from dynamics.files import fingerprint
from planners.costs.path import PathWeights
from planners.problem import FloatArray
from sim.perturbations import Perturbation

DIGITS = 16
"""Of a model's fingerprint."""
_FALLEN_DISTANCE = 0.1
"""How far from the path a failed run of the crawler is taken to have been all along: a body length [m]."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a run: `figures` with the model's fingerprint and CPU time."""

    perturbations: list[str]
    cost: FiniteFloat
    path_error_m: float | None
    progress_m: float
    fell: bool
    failed: str | None
    prediction_error: dict[Literal["prior", "adapted"], float | None]
    onset_s: float | None
    recovery_s: float | None
    distance_mm: list[float | None]
    model: str
    cpu_s: float


def measure(suite: StressSettings, models: dict[str, str], trial: Trial) -> Result:
    """Drive one run in lock-step and return its figures.

    Raises CheckpointError where the model here is another one, by fingerprint, than that of the same file name in
    `models`; KeyboardInterrupt when the run is ended before its time.
    """
    torch.set_num_threads(1)  # a cluster's worker was not started by us
    settings = suite.run(trial)
    file = Path(str(settings.checkpoint))
    mission = Mission.of(settings, fast=True)
    model = load_model(mission, settings.adapter)
    if fingerprint(file, DIGITS) != models[file.name]:
        raise CheckpointError(f"{file}: expected the checkpoint that the suite began with, got another one")
    rig, ticks = build(mission, model), list[LoopTick]()
    loop = rig.drive(ticks.append)
    if loop.interrupted:
        raise KeyboardInterrupt  # half a run is no result
    return figures(mission, ticks, loop) | {"model": models[file.name]}


def figures(mission: Mission, ticks: Sequence[LoopTick], loop: LoopResult) -> Result:
    """Return what a run came to, as plain values; `loop` is how it ended."""
    assert isinstance(mission.task, Course)
    onset, failed = last_onset(mission.settings.perturbations), loop.fault is not None
    results, time = [tick.result for tick in ticks], np.array([tick.time for tick in ticks])
    distance, body = numbers(r.progress.distance for r in results), _FALLEN_DISTANCE * mission.spec.course.scale
    return {
        "perturbations": [str(perturbation) for perturbation in mission.settings.perturbations],
        "cost": run_cost(mission.task.weights, numbers(r.cost for r in results), body, failed=failed),
        "path_error_m": mean(distance),
        "progress_m": ticks[-1].result.progress.s - ticks[0].result.progress.s if ticks else 0.0,
        "fell": loop.fell,
        "failed": str(loop.fault) if failed else None,
        "prediction_error": {
            "prior": mean(numbers(r.error_prior for r in results)),
            "adapted": mean(numbers(r.error_adapted for r in results)),
        },
        "onset_s": onset,
        "recovery_s": None if failed or onset is None else recovery_time(time, distance, onset),
        "distance_mm": [round(1e3 * value, 2) if math.isfinite(value) else None for value in distance.tolist()],
    }


def run_cost(weights: PathWeights, costs: FloatArray, body: float, *, failed: bool) -> float:
    """Return the cost per step (T,) of a run; it is finite, and that of a failed run cannot look good.

    A run that fell or was stopped early has fewer steps, and they may all have been cheap. So the whole of it is
    charged as if the robot had stood beside the path by its body's length [m], turned away from it, however late it
    fell. The same holds for a run with a cost that is not finite.
    """
    disaster = float(weights.step_cost(body, math.pi, 0.0))
    if costs.size == 0 or not np.isfinite(costs).all():
        return disaster
    own = float(costs.mean())
    return max(own, disaster) if failed else own


def last_onset(perturbations: Sequence[Perturbation]) -> float | None:
    """Return when the last change set in [s]; None where all were there from the start."""
    return max((item.onset for item in perturbations if item.onset > 0.0), default=None)
