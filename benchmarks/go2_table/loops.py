"""Loops without a model in the planner's place: two lines with an integrator, fed forward with the path's curvature.

    v_y  = -lateral e - integral I        e: signed distance to the path [m], I: its integral [m s]
    turn = -heading (yaw - path) - cross e + v_x curvature

They are given what a planner is given, and their actions go the same way through schedule, servo and guard.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from planners.costs.path import PathCost, wrapped
from planners.plan import Plan, PlanStatus
from planners.problem import FloatArray, Problem


@dataclass(frozen=True)
class LoopGains:
    """What a loop makes of its errors; without `integral` it is a proportional one."""

    speed: float = 0.7
    """On straights [m/s]."""
    lateral: float = 4.0
    """[1/s]"""
    integral: float = 2.0
    """[1/s^2]"""
    heading: float = 1.5
    """[1/s]"""
    cross: float = 0.5
    """[rad/(m s)]"""
    grip: float = 2.0
    """Largest acceleration to the side; it slows down in bends that would take more [m/s^2]."""
    preview: float = 0.1
    """How far ahead it looks for the curvature [s]."""
    slow: float = 0.0
    """How much slower it is beside the path [1/m]."""


def plan(problem: Problem, gains: LoopGains, rest: FloatArray, previous: Plan | None) -> Plan:
    """Return what the loop does from now on; the first three actions are velocities, all others rest (A,)."""
    cost = problem.cost
    assert isinstance(cost, PathCost)
    x, y, yaw = (np.asarray(problem.state[[index]], np.float64) for index in cost.pose)
    foot, window = cost.window.project(x, y), cost.window
    error, turned = float(foot.offset[0]), float(wrapped(yaw - foot.heading)[0])
    gone = 0.0 if previous is None or previous.memory is None else float(previous.memory[0, 0, 0])
    most = problem.high[1] / gains.integral if gains.integral > 0.0 else 0.0
    integral = float(np.clip(gone + error * problem.step, -most, most))
    ahead = round((float(foot.progress[0]) + gains.preview * gains.speed) / window.spacing)
    bend = float(window.curvature[min(max(ahead, 0), len(window.curvature) - 1)])
    forward = min(gains.speed, sqrt(gains.grip / max(abs(bend), 1e-6))) / (1.0 + gains.slow * abs(error))
    action = rest.copy()
    action[0] = forward
    action[1] = -gains.lateral * error - gains.integral * integral
    action[2] = -gains.heading * turned - gains.cross * error + forward * bend
    actions = np.tile(np.clip(action, problem.low, problem.high), (problem.horizon, 1))
    states = np.tile(problem.state, (problem.horizon + 1, 1))
    kept = np.full((1, *actions.shape), integral)
    return Plan(problem.time, problem.step, actions, states, 0.0, PlanStatus.OK, 0, memory=kept)
