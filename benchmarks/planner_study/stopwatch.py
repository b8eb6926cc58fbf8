"""How long every plan took, in CPU and in wall time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from planners.plan import Plan, PlanFunction
from planners.problem import Problem

_WARM_UP = 3
"""First plans of a drive that do not count: they allocate and compile."""


@dataclass
class Stopwatch:
    """A planner that times itself; one stopwatch a drive.

    Attributes:
        plan: the planner.
        cpu_ms: CPU time of the process for each plan [ms].
        wall_ms: the same on the wall clock [ms].
        evaluations: sequences that each plan rolled out.
    """

    plan: PlanFunction
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)

    def __call__(self, problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        """Plan and note how long that took."""
        wall, cpu = time.perf_counter(), time.process_time()
        plan = self.plan(problem, previous, rng)
        cpu_ms, wall_ms = 1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - wall)
        self.cpu_ms.append(cpu_ms)
        self.wall_ms.append(wall_ms)
        self.evaluations.append(plan.evaluations)
        return plan

    def figures(self) -> dict[str, list[float]]:
        """Return the times after the warm-up."""
        return {"cpu_ms": self.cpu_ms[_WARM_UP:], "wall_ms": self.wall_ms[_WARM_UP:]}
