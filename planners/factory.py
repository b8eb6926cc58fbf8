"""The registry of planners: one line for each, and the same call for planners from outside the library.

A planner is one file: a frozen settings dataclass with a `kind` and a default for every field, which says in the first
line of its docstring what the planner does, and a pure function `plan(problem, settings, previous, rng) -> Plan`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from planners import cem, hybrid, icem, mppi, predictive, rti, shooting
from planners.plan import Plan, PlanFunction
from planners.problem import PlannerSettings, PlanningError, Problem, Sizable

S = TypeVar("S", bound=PlannerSettings)


@dataclass(frozen=True)
class Planner:
    """A planner of the registry; `needs_derivatives` if it works only with a model and a cost that know theirs."""

    settings: type[PlannerSettings]
    plan: Callable[[Problem, Any, Plan | None, np.random.Generator], Plan]
    needs_derivatives: bool

    @property
    def description(self) -> str:
        """What it does, in one line."""
        return (self.settings.__doc__ or "").strip().partition("\n")[0]


PLANNERS: dict[str, Planner] = {}
"""Every planner by its kind."""


def register(
    settings: type[S],
    plan: Callable[[Problem, S, Plan | None, np.random.Generator], Plan],
    *,
    needs_derivatives: bool = False,
) -> None:
    """Add a planner; settings and lists then know its kind. Raises PlanningError where that is taken."""
    kind = settings().kind
    if kind in PLANNERS:
        raise PlanningError(f"{settings.__name__}: kind: expected a new one, got {kind}, which is registered")
    PLANNERS[kind] = Planner(settings, plan, needs_derivatives)


def make(settings: PlannerSettings) -> PlanFunction:
    """Return the planner that the settings belong to, with its settings filled in; where it can, it heeds the size."""
    plan, sizable = PLANNERS[settings.kind].plan, settings if isinstance(settings, Sizable) else None

    def search(problem: Problem, previous: Plan | None, rng: np.random.Generator) -> Plan:
        if problem.size == 1.0 or sizable is None:
            return plan(problem, settings, previous, rng)
        return replace(plan(problem, sizable.sized(problem.size), previous, rng), size=problem.size)

    return search


register(hybrid.HybridSettings, hybrid.plan)
register(icem.IcemSettings, icem.plan)
register(rti.RtiSettings, rti.plan, needs_derivatives=True)
register(mppi.MppiSettings, mppi.plan)
register(predictive.PredictiveSettings, predictive.plan)
register(cem.CemSettings, cem.plan)
register(shooting.ShootingSettings, shooting.plan)
