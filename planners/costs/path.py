"""What following a path costs: distance to it, heading error, progress that was lost; tilt, of a robot that may fall.

    sum over h = 1..H of   perp |distance|  +  head |heading error|  +  back (progress_{h-1} - progress_h)
                           +  tilt max(0, arccos(cos(roll) cos(pitch)) - free)^2

These are the three terms of the published crawler experiments (weights for steps of 0.1 s). Progress is scaled to that
step, so the balance between tracking and hurrying, and the cost of a step, do not depend on the control rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, NamedTuple, TypeVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from planners.costs.residuals import StepResiduals, norm_residual
from planners.problem import AnyFloats, FloatArray

REFERENCE_STEP = 0.1
"""Step for which the published weights were chosen [s]."""

_FIXED = 14
"""Parameters of a step that do not depend on the number of actions."""
_UPRIGHT = 1e-12
"""Keeps the derivative of the tilt finite where there is none [rad^2]."""

Values = TypeVar("Values", float, NDArray[np.floating[Any]])


@dataclass(frozen=True)
class PathWeights:
    """Weights of the three terms, as published for a 10 Hz loop.

    Attributes:
        perp: per metre of distance to the path [1/m].
        back: per metre of progress lost within 0.1 s; negative cost for progress made [1/m].
        head: per radian of heading error [1/rad].
    """

    perp: float = 50.0
    back: float = 10.0
    head: float = 5.0

    def step_cost(self, distance: Values, heading_error: Values, lost: Values) -> Values:
        """Return the cost of one step from |distance| [m], |heading error| [rad] and progress lost per 0.1 s [m]."""
        cost: Values = self.perp * distance + self.head * heading_error + self.back * lost
        return cost


@dataclass(frozen=True)
class ExcessPrice:
    """What it costs a robot to lean, as before it falls, or to be high: nothing up to what walking takes anyway.

    Attributes:
        weight: per squared radian or metre beyond that [1/rad^2 or 1/m^2].
        free: that angle or height [rad or m].
        channels: indices in the state vector: of roll and pitch, of that alone about which a planar robot can tip, or
            of the height.
        lean: whether they are angles; what counts is then how far the trunk's own vertical is from the world's, so
            that who turned over once and stands again does not lean, and every way up is a way down in price.
    """

    weight: float
    free: float
    channels: tuple[int, ...]
    lean: bool = True

    def __call__(self, states: AnyFloats) -> AnyFloats:
        """Return what states (..., S) cost (...)."""
        values = [states[..., channel] for channel in self.channels]
        amount = leaning(*values) if self.lean else np.abs(values[0])
        beyond = np.maximum(amount - self.free, 0.0)
        cost: AnyFloats = self.weight * beyond**2
        return cost


def leaning(first: AnyFloats, second: AnyFloats | float = 0.0) -> AnyFloats:
    """Return the angle between the trunk's vertical and the world's from roll and pitch [rad], in [0, pi].

    Near upright it is the norm of both, which is far off beyond: on the way up over a side that norm grows.
    """
    angle: AnyFloats = np.arccos(np.cos(first) * np.cos(second))
    return angle


def wrapped(angle: Values) -> Values:
    """Return the angle in [-pi, pi] [rad]."""
    turns: Values = np.rint(angle / (2 * np.pi))
    return angle - 2 * np.pi * turns


class Projection(NamedTuple):
    """Feet of perpendiculars on a path, arrays of the shape of the points."""

    progress: AnyFloats
    """Arc length from the start of the window [m]."""
    offset: AnyFloats
    """Signed distance, positive to the left of the path [m]."""
    heading: AnyFloats
    """Direction of the path there [rad]."""


@dataclass(frozen=True)
class PathWindow:
    """The stretch of a smooth path near the robot, as P vertices; beyond its ends the path goes on straight.

    Only this stretch is searched, so progress cannot jump to another branch where a path crosses itself.

    Attributes:
        start: progress at the first vertex [m].
        spacing: arc length between neighbours [m].
        points: (P, 2) world frame [m].
        headings: direction of the path (P,) [rad].
        curvature: (P,) [1/m]; the ends count as straight.
    """

    start: float
    spacing: float
    points: FloatArray
    headings: FloatArray
    curvature: FloatArray

    @cached_property
    def _tables(self) -> tuple[FloatArray, FloatArray]:
        """Scores (3, P), largest at the nearest vertex, and vertex properties (7, P), relative to the first vertex."""
        x, y = (self.points - self.points[0]).T
        bend = self.curvature.copy()
        bend[[0, -1]] = 0.0
        arclength = self.spacing * np.arange(len(x))
        vertices = np.stack([x, y, np.cos(self.headings), np.sin(self.headings), self.headings, bend, arclength])
        return np.stack([x, y, -(x**2 + y**2) / 2]), vertices

    def moved(self, aside: float) -> PathWindow:
        """Return the same stretch a little to the left [m]."""
        if not aside:
            return self
        left = np.stack([-np.sin(self.headings), np.cos(self.headings)], axis=-1)
        return replace(self, points=self.points + aside * left)

    def project(self, x: AnyFloats, y: AnyFloats) -> Projection:
        """Project points with coordinates x, y (...) [m]; the path is an arc of a circle around each vertex."""
        scores, vertices = (table.astype(x.dtype, copy=False) for table in self._tables)
        origin_x, origin_y = self.points[0].tolist()
        x, y = x - origin_x, y - origin_y
        nearest = (np.stack([x, y, np.ones_like(x)], axis=-1) @ scores).argmax(axis=-1)
        vertex_x, vertex_y, cos, sin, heading, bend, arclength = (row[nearest] for row in vertices)
        x -= vertex_x
        y -= vertex_y
        along, across = cos * x + sin * y, cos * y - sin * x
        arc = along / np.maximum(1 - bend * across, 0.5)
        return Projection(arclength + arc, across - bend * along * arc / 2, heading + bend * arc)

    def nearest(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the vertex (..., 7) next to each point: x, y, cosine, sine, heading, curvature, progress."""
        scores, vertices = self._tables
        origin = self.points[0]
        points = np.stack([x - origin[0], y - origin[1], np.ones_like(x)], axis=-1)
        chosen: FloatArray = vertices.T[(points @ scores).argmax(axis=-1)]
        chosen[..., :2] += origin
        return chosen


class PathTerms(NamedTuple):
    """The terms before weighting, for steps 1..H of every candidate."""

    distance: AnyFloats
    """Signed distance to the path (E, N, H) [m]."""
    heading: AnyFloats
    """Heading error (E, N, H) [rad]."""
    lost: AnyFloats
    """Progress lost per 0.1 s (E, N, H) [m]."""


@dataclass(frozen=True)
class PathCost:
    """Cost of candidates that should follow a path.

    Attributes:
        window: the stretch of the path that the horizon can reach.
        weights: weights of the path terms.
        step: time between predicted states [s].
        pose: indices of x, y and yaw in the state vector.
        change: weights of squared changes between successive actions (A,) [1 / action unit^2]; None lets them be free.
        previous_action: the action before the first one (A,); None leaves the first change free.
        rounding: distance [m] and heading error [rad] within which `residuals` rounds the kink off a term. Ranking
            candidates never rounds.
        tilt: what leaning costs; None lets it be free.
    """

    window: PathWindow
    weights: PathWeights
    step: float
    pose: tuple[int, int, int]
    change: FloatArray | None = None
    previous_action: FloatArray | None = None
    rounding: tuple[float, float] = (0.001, 0.01)
    tilt: ExcessPrice | None = None

    def __call__(self, states: AnyFloats, actions: FloatArray) -> AnyFloats:
        """Return what each member says (E, N) that states (E, N, H + 1, S) and actions (N, H, A) cost."""
        terms = self.terms(states)
        costs = self.weights.step_cost(np.abs(terms.distance), np.abs(terms.heading), terms.lost)
        total: AnyFloats = costs.sum(axis=-1)
        if self.tilt is not None:
            total = total + self.tilt(states[..., 1:, :]).sum(axis=-1)
        return total if self.change is None else total + change_cost(actions, self.change, self.previous_action)

    def terms(self, states: AnyFloats) -> PathTerms:
        """Return the unweighted terms of states (E, N, H + 1, S)."""
        x, y, yaw = (np.ascontiguousarray(states[..., index]) for index in self.pose)
        foot = self.window.project(x, y)
        lost = (foot.progress[..., :-1] - foot.progress[..., 1:]) * (REFERENCE_STEP / self.step)
        return PathTerms(foot.offset[..., 1:], wrapped(yaw - foot.heading)[..., 1:], lost)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of the state that cost something."""
        return self.pose if self.tilt is None else (*self.pose, *self.tilt.channels)

    def residuals(self, num_actions: int) -> StepResiduals:
        """Return the expressions of one step, smooth and with progress telescoped into the last step."""
        return _path_residuals(0 if self.change is None else num_actions, leaning=num_priced(self.tilt))

    def parameters(self, states: FloatArray) -> FloatArray:
        """Return (N, H, 14) for states (N, H + 1, S): the nearest vertices, weights and roundings of `residuals`.

        Weights of changes come behind them (N, H, 14 + A).
        """
        x, y, yaw = (states[:, 1:, index] for index in self.pose)
        change = np.zeros(0) if self.change is None else self.change
        parameters = np.zeros((*x.shape, _FIXED + len(change)))
        parameters[..., :7] = self.window.nearest(x, y)
        parameters[..., 4] += 2 * np.pi * np.rint((yaw - parameters[..., 4]) / (2 * np.pi))
        parameters[..., 7:12] = [self.weights.perp, self.weights.head, 0.0, *self.rounding]
        parameters[:, -1, 9] = self.weights.back * REFERENCE_STEP / self.step
        if self.tilt is not None:
            parameters[..., 12:_FIXED] = self.tilt.weight, self.tilt.free
        parameters[..., _FIXED:] = change
        if self.previous_action is None:
            parameters[:, 0, _FIXED:] = 0.0
        return parameters


def change_cost(actions: FloatArray, change: FloatArray, previous_action: FloatArray | None) -> FloatArray:
    """Return what the changes of actions (N, H, A) cost (N,), by weights (A,); the first, where one came before."""
    changes: FloatArray = np.square(np.diff(actions, axis=1)).sum(axis=1) @ change
    if previous_action is None:
        return changes
    first: FloatArray = np.square(actions[:, 0] - previous_action) @ change
    return changes + first


def num_priced(price: ExcessPrice | None) -> int:
    """Return how many channels a price looks at."""
    return 0 if price is None else len(price.channels)


def excess_residual(values: Any, weight: Any, free: Any, *, lean: bool = True) -> Any:
    """Return the residual of roll and pitch, of one of them, or of a height, whose half square is what it costs."""
    if lean:
        first, second = values[0], values[1] if values.numel() > 1 else 0
        # As in `leaning`, but with a derivative upright as well.
        across = ca.sin(first) ** 2 + (ca.cos(first) * ca.sin(second)) ** 2
        amount = ca.atan2(ca.sqrt(across + _UPRIGHT), ca.cos(first) * ca.cos(second))
    else:
        amount = ca.fabs(values)
    return ca.sqrt(2 * weight) * ca.fmax(amount - free, 0)


@cache
def _path_residuals(num_actions: int, *, leaning: int) -> StepResiduals:
    """Return distance and heading error as smooth norms, progress as a linear term, tilt and action changes."""
    pose, action, before = ca.SX.sym("pose", 3), ca.SX.sym("action", num_actions), ca.SX.sym("before", num_actions)
    lean, parameters = ca.SX.sym("lean", leaning), ca.SX.sym("parameters", _FIXED + num_actions)
    vertex_x, vertex_y, cos, sin, heading, bend, _, perp, head, back, near, aligned = ca.vertsplit(parameters[:12])
    dx, dy = pose[0] - vertex_x, pose[1] - vertex_y
    along, across = cos * dx + sin * dy, cos * dy - sin * dx
    arc = along / ca.fmax(1 - bend * across, 0.5)
    distance = norm_residual(across - bend * along * arc / 2, perp, near)
    turned = norm_residual(pose[2] - heading - bend * arc, head, aligned)
    residual = ca.vertcat(distance, turned, ca.sqrt(2 * parameters[_FIXED:]) * (action - before))
    if leaning:
        residual = ca.vertcat(residual, excess_residual(lean, parameters[12], parameters[13]))
    return StepResiduals(ca.vertcat(pose, lean), action, before, parameters, residual, -back * (arc + parameters[6]))
