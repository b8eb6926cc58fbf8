"""Less and less time for a plan: what the drive then costs, and how late the answer comes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.planner_study.arenas import ModelArena
from benchmarks.planner_study.contenders import Contender
from benchmarks.planner_study.drives import collected, drive, percentiles
from benchmarks.planner_study.ranges import Setting
from controller.jobs.study import Result
from planners.plan import Plan, PlanFunction
from planners.problem import Problem

SHARES = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
"""Budgets as shares of the time that a plan takes without one."""


@dataclass
class _Hurried:
    """A planner under a CPU-time deadline that notes how late it answers and how long its chunks are.

    A chunk is what happens between two looks at the clock.
    """

    plan: PlanFunction
    budget: float
    late_ms: list[float] = field(default_factory=list)
    chunk_ms: list[float] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        readings: list[float] = []

        def clock() -> float:
            readings.append(time.process_time())
            return readings[-1]

        deadline = clock() + self.budget
        plan = self.plan(replace(problem, deadline=deadline, clock=clock), previous, rng)
        ended = clock()
        self.late_ms.append(1e3 * (ended - deadline))
        self.chunk_ms.append(1e3 * float(np.diff(readings).max()))
        self.statuses.append(plan.status.value)
        return plan


def curve(arena: ModelArena, contender: Contender, setting: Setting, sequences: int, seeds: int) -> Result:
    """Return cost, lateness and chunks for every share of the full time."""
    full = drive(arena, contender, setting, sequences, range(min(seeds, 3)))
    full_ms = float(np.median(full.cpu_ms))
    rows = []
    for share in SHARES:
        costs, hurried = [], _Hurried(contender.start(arena, setting, sequences, 0), 1e-3 * share * full_ms)
        for seed in range(seeds):
            hurried.plan = contender.start(arena, setting, sequences, seed)
            with collected():
                costs.append(arena.drive(hurried, seed))
        rows.append(
            {
                "share": share,
                "budget_ms": share * full_ms,
                "costs": costs,
                "late_ms": percentiles(hurried.late_ms),
                "chunk_ms": percentiles(hurried.chunk_ms),
                "statuses": {name: hurried.statuses.count(name) for name in sorted(set(hurried.statuses))},
            }
        )
    return {"full_ms": full_ms, "rows": rows}
