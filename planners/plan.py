"""What a planner answers: actions at absolute times, what they should lead to, and how the answer came about."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from planners.problem import AnyFloats, FloatArray, Problem

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
    """

    time: float
    step: float
    actions: FloatArray
    states: FloatArray
    cost: float
    status: PlanStatus
    evaluations: int

    def action(self, time: float) -> FloatArray:
        """Return the action (A,) that is held at a time [s]; the last one for ever after the end."""
        held: FloatArray = self.actions[_knot(self, time)]
        return held


def _knot(plan: Plan, time: float) -> int:
    return min(max(int(np.floor((time - plan.time) / plan.step + _ROUNDING)), 0), len(plan.actions) - 1)


def shifted(plan: Plan, to_time: float) -> Plan:
    """Return the plan as seen from a later time [s]: what is over drops out, the last action and state repeat."""
    horizon = len(plan.actions)
    knots = np.array([_knot(plan, to_time + k * plan.step) for k in range(horizon)])
    states = plan.states[np.minimum(knots[0] + np.arange(horizon + 1), horizon)]
    return replace(plan, time=to_time, actions=plan.actions[knots], states=states)


def warm_start(problem: Problem, previous: Plan | None) -> FloatArray:
    """Return actions (H, A) within bounds to search around: the rest of the earlier plan, or what is being executed."""
    if previous is not None and previous.status is not PlanStatus.NO_PLAN:
        times = problem.time + problem.step * np.arange(problem.horizon)
        actions = np.array([previous.action(float(time)) for time in times])
    elif problem.previous_action is not None:
        actions = np.tile(problem.previous_action, (problem.horizon, 1))
    else:
        actions = np.tile((problem.low + problem.high) / 2, (problem.horizon, 1))
    actions = np.clip(actions, problem.low, problem.high)
    return np.where(np.isfinite(actions), actions, (problem.low + problem.high) / 2)


def fallback(problem: Problem, previous: Plan | None) -> Plan:
    """Return the answer before any candidate was finite: the earlier plan, or a placeholder. Its cost is +inf."""
    if previous is not None and previous.status is not PlanStatus.NO_PLAN:
        return replace(previous, cost=np.inf, status=PlanStatus.KEPT_PREVIOUS, evaluations=0)
    actions = warm_start(problem, None)
    states = np.tile(problem.state, (problem.horizon + 1, 1))
    return Plan(problem.time, problem.step, actions, states, np.inf, PlanStatus.NO_PLAN, 0)


def better(best: Plan, problem: Problem, candidates: FloatArray, costs: FloatArray, states: AnyFloats) -> Plan:
    """Return the cheaper of the best plan so far and the cheapest of N candidates, with N more evaluations."""
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
