"""Small stress suites whose results are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controller.jobs.study import Result
from controller.stress.settings import INFORMED, PLAIN, StressCondition, StressSettings
from controller.stress.standings import Measured
from sim.perturbations import parse

INTACT = StressCondition("intact", "within", family="none")
LEG = StressCondition("leg-midway", "onset", perturbations=(parse("leg_loss:leg=left_middle@4"),))
TURF = StressCondition("turf", "across", perturbations=(parse("terrain:kind=turf@4"),))
LEFT_OUT = StressCondition("without-leg", "across", family="leg_loss", onset=4.0, without="leg_loss")

SMALL = """
seeds: 2
seconds: 1.0
adapters: [mb, grbal]
worst: 1
workers: 1
planner: {search: {candidates: 24, elites: 6}}
conditions:
  - {name: intact, protocol: within, family: none}
  - {name: leg, protocol: onset, perturbations: ["leg_loss:leg=left_middle@0.5"]}
"""
"""A suite that is over at once."""


def suite(
    *adapters: str, seeds: int = 8, conditions: tuple[StressCondition, ...] = (INTACT, LEG, TURF)
) -> StressSettings:
    return StressSettings(conditions, adapters or (PLAIN, "grbal", INFORMED), seeds=seeds, adapter="grbal")


def result(cost: float, *, recovery: float | None = 0.8, onset: float | None = 4.0, failed: bool = False) -> Result:
    return {
        "perturbations": ["leg_loss:leg=left_middle@4"],
        "cost": cost,
        "path_error_m": 0.004,
        "progress_m": 2.0,
        "fell": failed,
        "failed": "tilt" if failed else None,
        "prediction_error": {"prior": 0.3, "adapted": None},
        "onset_s": onset,
        "recovery_s": recovery,
        "distance_mm": [1.0] * 80 + [5.0] * (20 if failed else 160),
        "model": "abc",
        "cpu_s": 2.0,
    }


def measured(settings: StressSettings, shares: dict[str, float], gaps: dict[str, float]) -> Measured:
    """Results in which adapters close shares of each condition's gap, up to noise that all share at a seed."""
    results = {}
    for trial in settings.trials():
        share = {PLAIN: 0.0, INFORMED: 1.0}.get(trial.adapter, shares.get(trial.adapter, 0.0))
        noise = np.random.default_rng([trial.seed, len(trial.condition.name)]).normal(0.0, 0.1, 2)
        gap = gaps[trial.condition.name] + noise[0] * (1.0 if gaps[trial.condition.name] == 0.0 else 0.1)
        onset = None if trial.condition is INTACT else 4.0
        results[trial] = result(0.5 + noise[1] - share * gap, onset=onset, recovery=None if onset is None else 0.8)
    return Measured(settings, results)


def write(folder: Path, text: str = SMALL) -> Path:
    path = folder / "small.yaml"
    path.write_text(text)
    return path
