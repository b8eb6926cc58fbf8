"""Every planner, small enough for a test; one that is registered needs no line here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planners import cem, factory, icem, mppi, predictive, shooting
from planners.factory import make
from planners.plan import PlanFunction
from planners.problem import FloatArray, Problem
from tests.planners.toys import Toy

CEM = cem.CemSettings(candidates=48, elites=8, iterations=3)
ICEM = icem.IcemSettings(candidates=48, elites=6, iterations=3)
SHOOTING = shooting.ShootingSettings(candidates=48, rounds=3)

SAMPLERS: dict[str, PlanFunction] = {
    "cem": make(CEM),
    "cem, nothing held": make(replace(CEM, hold=1)),
    "icem": make(ICEM),
    "icem, knots": make(replace(ICEM, hold=3, interpolation="cubic")),
    "mppi": make(mppi.MppiSettings(candidates=48, iterations=3)),
    "predictive": make(predictive.PredictiveSettings(candidates=48, rounds=3)),
    "shooting": make(SHOOTING),
    "shooting, held": make(replace(SHOOTING, hold=3, interpolation="linear")),
}
"""Planners that draw candidates: these answer with the cheapest one, and stop between any two rounds."""
ROUNDS: dict[str, tuple[int, ...]] = dict.fromkeys(SAMPLERS, (48, 48, 48)) | {
    "icem": (48, 38, 31),
    "icem, knots": (48, 38, 31),
    "mppi": (48, 48, 48, 1),
}
"""How many candidates each of them evaluates in which round."""
OTHERS: dict[str, PlanFunction] = {
    kind: make(planner.settings()) for kind, planner in factory.PLANNERS.items() if kind not in SAMPLERS
} | {"icem, mean of the elites": make(replace(ICEM, answer="mean"))}
"""Every other planner of the registry, with its usual settings, and one that does not answer with a candidate."""
PLANNERS: dict[str, PlanFunction] = SAMPLERS | OTHERS

each_planner = pytest.mark.parametrize("plan", PLANNERS.values(), ids=PLANNERS.keys())
each_sampler = pytest.mark.parametrize("name, plan", SAMPLERS.items(), ids=SAMPLERS.keys())


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def toy(problem: Problem) -> Toy:
    assert isinstance(problem.model, Toy)
    return problem.model


def seen(problem: Problem) -> FloatArray:
    return np.concatenate(toy(problem).seen)
