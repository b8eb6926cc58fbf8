"""Every planner, small enough for a test. Adding a planner adds one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from planners import cem, hybrid, icem, mppi, predictive, rti, shooting
from planners.plan import Plan
from planners.problem import FloatArray, Problem
from tests.planners.toys import Toy

PlanFunction = Callable[[Problem, Plan | None, np.random.Generator], Plan]

CEM = cem.CemSettings(candidates=48, elites=8, iterations=3)
ICEM = icem.IcemSettings(candidates=48, elites=6, iterations=3)
MPPI = mppi.MppiSettings(candidates=48, iterations=3)
PREDICTIVE = predictive.PredictiveSettings(candidates=48, rounds=3)
SHOOTING = shooting.ShootingSettings(candidates=48, rounds=3)
RTI = rti.RtiSettings()
HYBRID = hybrid.HybridSettings(search=replace(ICEM, candidates=40))

SAMPLERS: dict[str, PlanFunction] = {
    "cem": lambda problem, previous, rng: cem.plan(problem, CEM, previous, rng),
    "cem, nothing held": lambda problem, previous, rng: cem.plan(problem, replace(CEM, hold=1), previous, rng),
    "icem": lambda problem, previous, rng: icem.plan(problem, ICEM, previous, rng),
    "icem, knots": lambda problem, previous, rng: icem.plan(
        problem, replace(ICEM, hold=3, interpolation="cubic"), previous, rng
    ),
    "mppi": lambda problem, previous, rng: mppi.plan(problem, MPPI, previous, rng),
    "predictive": lambda problem, previous, rng: predictive.plan(problem, PREDICTIVE, previous, rng),
    "shooting": lambda problem, previous, rng: shooting.plan(problem, SHOOTING, previous, rng),
    "shooting, held": lambda problem, previous, rng: shooting.plan(
        problem, replace(SHOOTING, hold=3, interpolation="linear"), previous, rng
    ),
}
"""Planners that draw candidates: these answer with the cheapest one, and stop between any two rounds."""
ROUNDS: dict[str, tuple[int, ...]] = dict.fromkeys(SAMPLERS, (48, 48, 48)) | {
    "icem": (48, 38, 31),
    "icem, knots": (48, 38, 31),
    "mppi": (48, 48, 48, 1),
}
"""How many candidates each of them evaluates in which round."""
NEWTON: dict[str, PlanFunction] = {
    "rti": lambda problem, previous, rng: rti.plan(problem, RTI, previous, rng),
    "rti, condensed": lambda problem, previous, rng: rti.plan(problem, replace(RTI, solver="condensed"), previous, rng),
    "hybrid": lambda problem, previous, rng: hybrid.plan(problem, HYBRID, previous, rng),
}
"""Planners that want derivatives."""
PLANNERS: dict[str, PlanFunction] = SAMPLERS | NEWTON

each_planner = pytest.mark.parametrize("plan", PLANNERS.values(), ids=PLANNERS.keys())
each_sampler = pytest.mark.parametrize("name, plan", SAMPLERS.items(), ids=SAMPLERS.keys())


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def toy(problem: Problem) -> Toy:
    assert isinstance(problem.model, Toy)
    return problem.model


def seen(problem: Problem) -> FloatArray:
    return np.concatenate(toy(problem).seen)
