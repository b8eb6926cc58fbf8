"""Real-time iteration: one Newton step a tick from the rest of the earlier plan, instead of solving to the end.

Diehl et al. 2005, https://doi.org/10.1137/S0363012902400713; with the trajectory rolled out afresh each time and a
Riccati sweep as its solver it is one iteration of iLQR (Tassa et al. 2012). It finds what is downhill from the earlier
plan and nothing beyond, in a fraction of the time of a search; its gains say what to do until the next plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from planners import condensed, newton, riccati
from planners.newton import Smooth
from planners.plan import Plan, better, fallback, judged, warm_start
from planners.problem import AnyFloats, FloatArray, PlanningError, Problem
from planners.riccati import Step


@dataclass(frozen=True)
class RtiSettings:
    """How real-time iteration improves a plan.

    Attributes:
        iterations: Newton steps a plan; more than a few only to solve a problem to the end.
        damping: trust in the quadratic model; 0 takes full Newton steps, 1 keeps an action that only has a gradient
            within its range.
        lengths: shares of a step that are tried at once, by the true cost.
        solver: `riccati` is fastest and gives gains; `condensed` keeps bounds and state limits exactly.

    Raises:
        PlanningError: a value out of range.
    """

    kind: Literal["rti"] = "rti"
    iterations: int = 1
    damping: float = 1.0
    lengths: tuple[float, ...] = (1.0, 0.5, 0.2, 0.05)
    solver: Literal["riccati", "condensed"] = "riccati"

    def __post_init__(self) -> None:
        if self.iterations < 1 or not self.damping >= 0:
            raise PlanningError(
                f"rti: expected iterations >= 1 and damping >= 0, got {self.iterations} and {self.damping}"
            )
        if not self.lengths or not all(0 < length <= 1 for length in self.lengths):
            raise PlanningError(f"rti: expected lengths in (0, 1], got {self.lengths}")


class Trajectories(NamedTuple):
    """N sequences that are improved side by side, as far as they got."""

    actions: FloatArray
    """(N, H, A)."""
    path: FloatArray
    """Predicted states (N, H + 1, S), mean over ensemble members."""
    costs: FloatArray
    """(N,)."""


def plan(
    problem: Problem,
    settings: RtiSettings,
    previous: Plan | None,
    rng: np.random.Generator,  # noqa: ARG001 - the signature of a planner
) -> Plan:
    """Return the rest of the earlier plan, or of holding still if that is cheaper, improved by Newton steps.

    Raises:
        PlanningError: the model or the cost does not know its derivatives.
    """
    known = newton.smooth(problem)
    if known is None:
        got = f"{type(problem.model).__name__} and {type(problem.cost).__name__}"
        raise PlanningError(f"rti: expected a model that linearizes and a cost made of residuals, got {got}")
    best = fallback(problem, previous)
    for _ in problem.rounds(1):
        actions = np.stack([warm_start(problem, previous), warm_start(problem, None)])
        costs, states = problem.evaluate(actions)
        best = better(best, problem, actions, costs, states)
        first = [int(np.argmin(costs))]
        if np.isfinite(best.cost):
            start = Trajectories(actions[first], average(states[:, first]), costs[first])
            return refine(problem, known, settings, best, start)
    return best


def refine(problem: Problem, known: Smooth, settings: RtiSettings, best: Plan, found: Trajectories) -> Plan:
    """Improve N trajectories side by side; return the best of them, of their improvements and of `best`."""
    damping, left = settings.damping, settings.iterations
    for _ in problem.rounds(settings.iterations):
        left -= 1
        step = _step(problem, known, settings, found, damping)
        if step is None:
            left = 0
            break
        candidates = newton.along(problem, found.actions, step.change, settings.lengths)
        costs, states = problem.evaluate(candidates)
        best, old = better(best, problem, candidates, costs, states), best.cost
        found, moved = _further(found, candidates, costs, states)
        if step.gains is not None and best.cost < old:
            best = replace(best, feedback=newton.feedback(problem, known.cost, step.gains[np.argmin(found.costs)]))
        damping = settings.damping if moved else 10 * max(damping, 1e-3)
    return judged(best, finished=left == 0)


def average(states: AnyFloats) -> FloatArray:
    """Return the mean path (N, H + 1, S) of the members of states (E, N, H + 1, S)."""
    path: FloatArray = states.mean(axis=0, dtype=np.float64)
    return path


def _further(
    found: Trajectories, candidates: FloatArray, costs: FloatArray, states: AnyFloats
) -> tuple[Trajectories, bool]:
    """Move each of N trajectories to its cheapest candidate of N x L, if that is cheaper; tell whether any moved."""
    count = len(found.costs)
    lengths = len(costs) // count
    chosen = np.arange(count) * lengths + costs.reshape(count, lengths).argmin(axis=1)
    cheaper = costs[chosen] < found.costs
    moved = Trajectories(
        np.where(cheaper[:, None, None], candidates[chosen], found.actions),
        np.where(cheaper[:, None, None], average(states[:, chosen]), found.path),
        np.where(cheaper, costs[chosen], found.costs),
    )
    return moved, bool(cheaper.any())


def _step(problem: Problem, known: Smooth, settings: RtiSettings, found: Trajectories, damping: float) -> Step | None:
    """Solve the linear-quadratic problems around trajectories; None where the numbers do not allow it."""
    local = newton.linear_quadratic(problem, known, found.actions, found.path)
    match settings.solver:
        case "riccati":
            return riccati.solve(local, damping)
        case "condensed":
            return condensed.solve(local, damping, found.path, problem.limits)
