"""What a planner answers: actions at absolute times, what they should lead to, and how the answer came about."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planners.problem import AnyFloats, FloatArray, PlanningError, Problem, numbers

_ROUNDING = 1e-6
"""Fraction of a step by which a time may fall short of a knot and still count as having reached it."""


class PlanStatus(enum.Enum):
    """How a plan came about."""

    OK = "ok"
    OUT_OF_TIME = "out_of_time"
    """Best so far: the deadline came before the search was through."""
    KEPT_PREVIOUS = "kept_previous"
    """Nothing finite in time: the earlier plan, unchanged, so that it plays further along and still expires."""
    NO_PLAN = "no_plan"
    """Nothing finite in time and no earlier plan. The actions are a placeholder and must not be played."""


@dataclass(frozen=True)
class Plan:
    """Actions held for `step` seconds each, from `time` on.

    Attributes:
        time: start of the first action [s]; lies in the past when the plan was kept.
        step: how long each action is held [s].
        actions: (H, A).
        states: predicted states (H + 1, S), mean over ensemble members.
        cost: cost of the plan when it was made; +inf with NO_PLAN.
        status: how the plan came about.
        evaluations: number of candidates rolled out to find it.
        memory: sequences (K, H, A) that start at `time` and that the planner wants back at the next tick, cheapest
            first (elites, a sampling mean); it lives here and nowhere else, so that a reset forgets it.
        gains: how the actions follow what the state is off the predicted one (H, A, S); None where the planner does not
            know. Those of actions at a bound are zero.
        size: share of the planner's usual candidates that the search was content with, see `planners.pace`.
    """

    time: float
    step: float
    actions: FloatArray
    states: FloatArray
    cost: float
    status: PlanStatus
    evaluations: int
    memory: FloatArray | None = None
    gains: FloatArray | None = None
    size: float = 1.0

    def action(self, time: float) -> FloatArray:
        """Return the action (A,) that is held at a time [s]; the last one for ever after the end."""
        knot = int(np.floor((time - self.time) / self.step + _ROUNDING))
        held: FloatArray = self.actions[min(max(knot, 0), len(self.actions) - 1)]
        return held


def checked(plan: Plan, problem: Problem) -> Plan:
    """Return what a planner answered; PlanningError where shapes are others, or actions no numbers within bounds."""
    planned, low, high, size = numbers("planner", plan.actions), problem.low, problem.high, len(problem.state)
    actions, states = planned.shape, np.shape(plan.states)
    wanted = (max(1, actions[0] if actions else 0), len(low))
    if actions != wanted or states != (wanted[0] + 1, size):
        expected = f"actions (H, {len(low)}) and states (H + 1, {size})"
        raise PlanningError(f"planner: expected {expected}, got {actions} and {states}")
    if plan.gains is not None and plan.gains.shape != (*wanted, size):
        raise PlanningError(f"planner: expected gains {(*wanted, size)}, got {plan.gains.shape}")
    slack = _ROUNDING * (high - low)
    if not ((low - slack <= planned) & (planned <= high + slack)).all():
        got = f"some from {planned.min(axis=0)} to {planned.max(axis=0)}"
        raise PlanningError(f"planner: expected actions within {low} and {high}, got {got}")
    return plan


PlanFunction = Callable[[Problem, Plan | None, np.random.Generator], Plan]
"""A planner with its settings filled in: a problem, the earlier plan and randomness in, a plan out."""


def warm_start(problem: Problem, previous: Plan | None) -> FloatArray:
    """Return actions (H, A) within bounds to search around: the rest of the earlier plan, or what is being executed."""
    if previous is not None and previous.status is not PlanStatus.NO_PLAN:
        return _later(problem, previous, previous.actions)
    middle = (problem.low + problem.high) / 2
    start = middle if problem.previous_action is None else _usable(problem, problem.previous_action)
    held = np.empty((problem.horizon, len(start)))
    held[:] = start
    return held


def foreseen(problem: Problem, previous: Plan | None) -> FloatArray | None:
    """Return the rest of the states that the earlier plan predicted (H + 1, S), moved to start where the robot is now.

    The last one repeats. None without an earlier plan, or if it had other steps.
    """
    if previous is None or previous.status is PlanStatus.NO_PLAN or previous.step != problem.step:
        return None
    states = previous.states[_knots(problem, previous, problem.horizon + 1, len(previous.states))]
    moved: FloatArray = states + (problem.state - states[0])
    return moved


def remembered(problem: Problem, previous: Plan | None, most: int) -> FloatArray:
    """Return the first K <= most sequences (K, H, A) that the earlier plan carries, from now on and within bounds."""
    if previous is None or previous.memory is None or previous.status is PlanStatus.NO_PLAN:
        return np.empty((0, problem.horizon, problem.num_actions))
    return _later(problem, previous, previous.memory[:most])


def _later(problem: Problem, previous: Plan, sequences: FloatArray) -> FloatArray:
    """Return what is left of sequences (..., H, A) that start with a plan; their last actions repeat."""
    knots = _knots(problem, previous, problem.horizon, sequences.shape[-2])
    return _usable(problem, sequences[..., knots, :])


def _knots(problem: Problem, previous: Plan, count: int, known: int) -> NDArray[np.intp]:
    """Return which of the known knots of an earlier plan each of the next steps falls on, the first or last beyond."""
    times = problem.time + problem.step * np.arange(count)
    knots: NDArray[np.intp] = np.floor((times - previous.time) / previous.step + _ROUNDING).astype(np.intp)
    return np.asarray(np.minimum(np.maximum(knots, 0), known - 1))


def _usable(problem: Problem, actions: FloatArray) -> FloatArray:
    """Return actions (..., A) within bounds, mid-range where they are not finite."""
    within = np.minimum(np.maximum(actions, problem.low), problem.high)  # half the time of clip
    return np.where(np.isfinite(within), within, (problem.low + problem.high) / 2)


def fallback(problem: Problem, previous: Plan | None) -> Plan:
    """Return the answer before any candidate was finite: the earlier plan, or a placeholder. Its cost is +inf."""
    if previous is not None and previous.status is not PlanStatus.NO_PLAN:
        return replace(previous, cost=np.inf, status=PlanStatus.KEPT_PREVIOUS, evaluations=0, size=1.0)
    actions = warm_start(problem, None)
    states = np.tile(problem.state, (problem.horizon + 1, 1))
    return Plan(problem.time, problem.step, actions, states, np.inf, PlanStatus.NO_PLAN, 0)


def better(best: Plan, problem: Problem, candidates: FloatArray, costs: FloatArray, states: AnyFloats) -> Plan:
    """Return the cheaper of the best plan so far and the cheapest of N candidates, with N more evaluations.

    Candidates (N, H, A) have costs (N,), +inf where one cannot win; each member predicts states (E, N, H + 1, S).
    """
    evaluations = best.evaluations + len(costs)
    winner = int(np.argmin(costs))
    if not costs[winner] < best.cost:
        return replace(best, evaluations=evaluations)
    return Plan(
        time=problem.time,
        step=problem.step,
        actions=candidates[winner].copy(),
        states=states[:, winner].mean(axis=0, dtype=np.float64),
        cost=float(costs[winner]),
        status=PlanStatus.OK,
        evaluations=evaluations,
    )


def judged(best: Plan, finished: bool) -> Plan:
    """Mark a plan whose search the deadline cut short."""
    if best.status is PlanStatus.OK and not finished:
        return replace(best, status=PlanStatus.OUT_OF_TIME)
    return best
