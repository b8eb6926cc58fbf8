"""Real-time iteration: one Newton step a tick from the rest of the earlier plan, instead of solving to the end.

Diehl et al. 2005, https://doi.org/10.1137/S0363012902400713: the first step starts from the states that the earlier
plan foresaw and closes the gaps between them. Further steps start from a trajectory rolled out afresh; they are
iterations of iLQR (Tassa et al. 2012). It finds what is downhill from the earlier plan and nothing beyond, in a
fraction of the time of a search; its gains say what to do until the next plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from planners.newton import linearize, riccati
from planners.newton.linearize import Smooth
from planners.newton.riccati import Step
from planners.plan import Plan, better, fallback, foreseen, judged, warm_start
from planners.problem import AnyFloats, FloatArray, PlanningError, Problem, expect


@dataclass(frozen=True)
class RtiSettings:
    """One Newton step a tick from the earlier plan, with feedback gains; needs a learned model.

    Attributes:
        iterations: Newton steps a plan; more than a few only to solve a problem to the end.
        damping: trust in the quadratic model; 0 takes full Newton steps, 1 keeps an action that only has a gradient
            within its range.
        lengths: shares of a step that are tried at once, by the true cost.
    """

    kind: Literal["rti"] = "rti"
    iterations: int = 1
    damping: float = 1.0
    lengths: tuple[float, ...] = (1.0, 0.5, 0.2, 0.05)

    def __post_init__(self) -> None:
        expect(self, self.iterations >= 1 and self.damping >= 0, "iterations >= 1 and damping >= 0")
        inside = bool(self.lengths) and all(0 < length <= 1 for length in self.lengths)
        expect(self, inside, "lengths in (0, 1], one or more")


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
    """Improve the rest of the earlier plan, or holding still, by Newton steps. PlanningError without derivatives."""
    known = linearize.smooth(problem)
    if known is None:
        got = f"{type(problem.model).__name__} and {type(problem.cost).__name__}"
        raise PlanningError(f"rti: expected a model that linearizes and a cost made of residuals, got {got}")
    best = fallback(problem, previous)
    for _ in problem.rounds(1):
        best, found, left = _first(problem, known, settings, best, previous)
        if np.isfinite(best.cost):
            return refine(problem, known, settings, best, found, left)
    return best


def refine(
    problem: Problem, known: Smooth, settings: RtiSettings, best: Plan, found: Trajectories, iterations: int
) -> Plan:
    """Improve N trajectories side by side; return the best of them, of their improvements and of the `best` so far."""
    damping, left = settings.damping, iterations
    for _ in problem.rounds(iterations):
        left -= 1
        # Expand model and cost around every trajectory, and solve.
        step = _step(problem, known, found, damping)
        if step is None:
            left = 0
            break
        # Go part of the way, as far as the true cost says.
        candidates = linearize.along(problem, found.actions, step.change, settings.lengths)
        costs, states = problem.evaluate(candidates)
        best, old = better(best, problem, candidates, costs, states), best.cost
        found, moved = _further(found, candidates, costs, states)
        if best.cost < old:
            best = replace(best, gains=_gains(problem, step, int(np.argmin(found.costs))))
        # Where nothing got cheaper, trust the expansion less.
        damping = settings.damping if moved else 10 * max(damping, 1e-3)
    return judged(best, finished=left == 0)


def _first(
    problem: Problem, known: Smooth, settings: RtiSettings, best: Plan, previous: Plan | None
) -> tuple[Plan, Trajectories, int]:
    """Return the best of the earlier plan's rest, holding still, and a step from the rest; also the steps left.

    The step starts from the states that the earlier plan foresaw, moved to where the robot is, so that it costs no
    roll-out of its own: all candidates are rolled out together. Where holding still is best it counts for nothing.
    """
    rest, path = warm_start(problem, previous), foreseen(problem, previous)
    candidates, step = np.concatenate([rest[None], warm_start(problem, None)[None]]), None
    if path is not None:
        start = Trajectories(rest[None], path[None], np.array([np.inf]))
        step = _step(problem, known, start, settings.damping, rolled_out=False)
    if step is not None:
        candidates = np.concatenate([candidates, linearize.along(problem, rest[None], step.change, settings.lengths)])
    costs, states = problem.evaluate(candidates)
    best = better(best, problem, candidates, costs, states)
    winner = int(np.argmin(costs))
    if step is not None and winner > 1:
        best = replace(best, gains=_gains(problem, step, 0))
    found = Trajectories(candidates[winner, None], average(states[:, winner, None]), costs[winner, None])
    return best, found, settings.iterations - (step is not None and winner != 1)


def _gains(problem: Problem, step: Step, index: int) -> FloatArray:
    """Return the gains (H, A, S) of one trajectory without what the cost carries beyond the S channels of a state."""
    return step.gains[index, :, :, : len(problem.state)].copy()


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


def _step(problem: Problem, known: Smooth, found: Trajectories, damping: float, rolled_out: bool = True) -> Step | None:
    """Solve the linear-quadratic problems around trajectories; None where the numbers do not allow it."""
    return riccati.solve(linearize.linear_quadratic(problem, known, found.actions, found.path, rolled_out), damping)
