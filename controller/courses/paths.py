"""Courses: paths to follow, where a robot is on them, and what that costs.

One cost serves planning, scoring and reports. Courses start at the origin in direction +x, bend smoothly (no corners)
and are sized for a 10 cm crawler at 0.2 to 0.35 m/s over 20 s; a larger robot runs them scaled. Weights after the
published experiments with such a crawler.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from controller.courses.lead import Lead, Wanted
from hardware.spec import CourseSize
from planners.costs.path import REFERENCE_STEP, ExcessPrice, PathCost, PathWeights, PathWindow, wrapped
from planners.problem import Cost, FloatArray

_SPACING = 0.01
"""Wanted distance between the points of a course [m]."""
_SUBSTEPS = 20
"""Integration steps between two points of a course."""
_CRAWLER = CourseSize(scale=1.0, ahead=0.6, behind=0.1, tick=0.15)
"""As the courses are laid out: several times what a crawler of 10 cm runs in a plan, and in a tick."""

_NEAR, _ASIDE = 0.003, 0.03
"""Of a distance to the path no more than this counts as one that remains, and aims differ no more from it [m]."""


@dataclass(frozen=True)
class Progress:
    """Where a robot is on a course.

    Attributes:
        s: arc length covered since the start, growing from lap to lap [m].
        distance: distance to the path [m].
        signed: the same, positive to the left of the path [m].
        heading: direction of the path there, in (-pi, pi] [rad].
        lead: where a robot that is steered should be by now; None on a path.
        aside: how far to the left of the path planning aims, because plans have kept ending to the right of it [m].
    """

    s: float
    distance: float
    signed: float
    heading: float
    lead: Lead | None = None
    aside: float = 0.0

    @property
    def still(self) -> bool:
        """Whether nothing is wanted of a robot that is steered."""
        return self.lead is not None and self.lead.still


START = Progress(s=0.0, distance=0.0, signed=0.0, heading=0.0)


@dataclass(frozen=True)
class Executed:
    """A step that was executed.

    Attributes:
        before: progress at its beginning.
        after: progress at its end.
        state: state vector (S,) at its end.
        step: how long it took [s].
        pose: indices of x, y and yaw in the state vector.
        action: what was held over it (A,); None where no single action was.
    """

    before: Progress
    after: Progress
    state: FloatArray
    step: float
    pose: tuple[int, int, int]
    action: FloatArray | None = None


class Task(Protocol):
    """What a run should achieve: a path to follow, commands, a run forwards, or the reward of a hidden goal."""

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        """Points to draw [m]; none without a path."""

    @property
    def end(self) -> float:
        """Progress at which it is achieved [m]; infinite where it goes on."""

    def locate(self, pose: FloatArray, previous: Progress = START, wanted: Wanted | None = None) -> Progress:
        """Say how far a robot has come; `previous` is where it was a tick ago, `wanted` what it is told.

        A path needs its position (2,) [m] only, whoever is steered its x, y and yaw (3,) [m, rad].
        """

    def cost(
        self, progress: Progress, step: float, pose: tuple[int, int, int], previous_action: FloatArray | None = None
    ) -> Cost:
        """Return the cost of candidates, predicted every `step` [s], that start near some progress, after an action.

        `pose` are the indices of x, y and yaw in the state vector. Without an action (A,), the first change is free.
        """

    def executed_cost(self, done: Executed) -> float:
        """Return the cost of one executed step: the one that planning predicts."""


@dataclass(frozen=True)
class Course:
    """A smooth path with the weights of following it.

    Attributes:
        points: evenly spaced points (P, 2), world frame [m]; a closed course does not repeat its first point.
        headings: direction of the path at each point (P,) [rad], without jumps of a full turn.
        arclength: (P,) [m].
        curvature: (P,) [1/m], positive to the left.
        length: arc length of the course, of one lap if closed [m].
        closed: whether the end is the start; an open course goes on straight after its end.
        weights: what leaving the path costs.
        size: how far along the path is looked.
        change: weights of squared action changes (A,), a matter of planning alone; None lets them be free.
        tilt: what leaning costs; None lets it be free.
        integral: share of its distance to the path by which planning aims further to the other side, at each look.
    """

    name: str
    points: FloatArray
    headings: FloatArray
    arclength: FloatArray
    curvature: FloatArray
    length: float
    closed: bool
    weights: PathWeights
    size: CourseSize = _CRAWLER
    change: FloatArray | None = None
    tilt: ExcessPrice | None = None
    integral: float = 0.0

    @property
    def description(self) -> str:
        """What it is, in one line."""
        return f"{self.length:.1f} m, {'closed' if self.closed else 'open'}"

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        """The points to draw [m]; a closed course ends where it starts."""
        points = np.concatenate([self.points, self.points[:1]]) if self.closed else self.points
        return tuple((float(x), float(y)) for x, y in points)

    @property
    def end(self) -> float:
        """Where it ends [m]: a closed course never does."""
        return math.inf if self.closed else self.length

    def sized(self, size: CourseSize) -> Course:
        """Return the course of a robot of another size; the same run, scaled, costs the same."""
        factor = size.scale
        if factor == 1.0:
            return replace(self, size=size)
        weights = replace(self.weights, perp=self.weights.perp / factor, back=self.weights.back / factor)
        return replace(
            self,
            points=factor * self.points,
            arclength=factor * self.arclength,
            curvature=self.curvature / factor,
            length=factor * self.length,
            weights=weights,
            size=size,
        )

    def placed(self, x: float, y: float, heading: float) -> Course:
        """Return the course where it begins at a place [m] with a heading [rad]."""
        cos, sin = math.cos(heading), math.sin(heading)
        points = self.points @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
        return replace(self, points=points, headings=self.headings + heading)

    def locate(self, pose: FloatArray, previous: Progress = START, wanted: Wanted | None = None) -> Progress:
        """Project a position (2,) [m] near earlier progress; progress never jumps to another branch or lap."""
        reach = self.size.tick
        window = self.window(previous.s, behind=reach, ahead=reach)
        foot = window.project(np.asarray(pose[:1], dtype=np.float64), np.asarray(pose[1:2], dtype=np.float64))
        low, high = previous.s - reach, previous.s + reach
        signed, near, most = float(foot.offset[0]), _NEAR * self.size.scale, _ASIDE * self.size.scale
        aside = previous.aside - self.integral * min(max(signed, -near), near)
        return Progress(
            s=min(max(window.start + float(foot.progress[0]), low), high),
            distance=abs(signed),
            signed=signed,
            heading=float(wrapped(foot.heading)[0]),
            aside=min(max(aside, -most), most),
        )

    def cost(
        self, progress: Progress, step: float, pose: tuple[int, int, int], previous_action: FloatArray | None = None
    ) -> PathCost:
        """Return the cost of candidates; the path is searched around the robot's progress."""
        window = self.window(progress.s, behind=self.size.behind, ahead=self.size.ahead).moved(progress.aside)
        return PathCost(window, self.weights, step, pose, self.change, previous_action, tilt=self.tilt)

    def executed_cost(self, done: Executed) -> float:
        """Return the cost of one executed step."""
        lost = (done.before.s - done.after.s) * REFERENCE_STEP / done.step
        turned = abs(wrapped(float(done.state[done.pose[2]]) - done.after.heading))
        leaning = 0.0 if self.tilt is None else float(self.tilt(done.state))
        return float(self.weights.step_cost(done.after.distance, turned, lost)) + leaning

    def window(self, s: float, behind: float, ahead: float) -> PathWindow:
        """Return the stretch of the path from `s - behind` to `s + ahead` [m]."""
        count = len(self.points)
        spacing = self.length / (count if self.closed else count - 1)
        first = math.floor((s - behind) / spacing)
        wanted = np.arange(first, math.ceil((s + ahead) / spacing) + 1)
        index = wanted % count if self.closed else np.clip(wanted, 0, count - 1)
        headings = self.headings[index]
        beyond = np.zeros(len(index)) if self.closed else (wanted - index) * spacing
        points = self.points[index] + beyond[:, None] * np.stack([np.cos(headings), np.sin(headings)], axis=-1)
        return PathWindow(first * spacing, spacing, points, headings, np.where(beyond, 0.0, self.curvature[index]))


def build(
    name: str, pieces: Sequence[tuple[float, float]], closed: bool = False, weights: PathWeights | None = None
) -> Course:
    """Lay out a course from pieces: an arc length [m] each, and the angle turned to the left over it [rad].

    The last piece of a closed one ends where the first one starts. Weights are by default those published.
    """
    lengths, turns = np.array(pieces, dtype=np.float64).T
    total = float(lengths.sum())
    intervals = round(total / _SPACING)
    fine = np.linspace(0.0, total, intervals * _SUBSTEPS + 1)
    knots = np.concatenate([[0.0], np.cumsum(lengths)])
    fine_headings = np.interp(fine, knots, np.concatenate([[0.0], np.cumsum(turns)]))
    middle = (fine_headings[1:] + fine_headings[:-1]) / 2
    steps = np.stack([np.cos(middle), np.sin(middle)], axis=-1) * (total / (len(fine) - 1))
    points = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])[::_SUBSTEPS]
    headings, arclength = fine_headings[::_SUBSTEPS], fine[::_SUBSTEPS]
    curvature = np.gradient(headings, arclength)
    keep = slice(0, intervals if closed else intervals + 1)
    chosen = PathWeights() if weights is None else weights
    return Course(name, points[keep], headings[keep], arclength[keep], curvature[keep], total, closed, chosen)


def _arc(radius: float, degrees: float) -> tuple[float, float]:
    """Return the piece that turns by an angle, positive to the left, on a radius [m]."""
    angle = math.radians(degrees)
    return radius * abs(angle), angle


def _zigzag(legs: int, leg: float, degrees: float, radius: float) -> list[tuple[float, float]]:
    """Return legs of a length [m] at plus and minus an angle to +x, corners rounded to a radius [m]."""
    shortened = leg - 2 * radius * math.tan(math.radians(degrees))
    corners = [_arc(radius, 2 * degrees * (-1) ** (k + 1)) for k in range(legs - 1)]
    straights = [(shortened, 0.0)] * legs
    woven = [piece for pair in zip(straights, [*corners, (0.0, 0.0)], strict=True) for piece in pair]
    return [(leg / 4, 0.0), _arc(radius, degrees), *woven[:-1]]


def _figure8(radius: float) -> list[tuple[float, float]]:
    """Return two three-quarter circles joined by straights that cross at right angles at the origin."""
    return [(radius, 0.0), _arc(radius, 270), (2 * radius, 0.0), _arc(radius, -270), (radius, 0.0)]


COURSES: dict[str, Course] = {}
"""Every course by name."""


def register(course: Course) -> None:
    """Add a course; settings and lists then know it. Raises ValueError where it has no name of its own."""
    if course.name in COURSES or not course.name.isidentifier():
        raise ValueError(f"course: expected a new name of letters, digits and _, got {course.name!r}")
    COURSES[course.name] = course


register(build("straight", [(6.0, 0.0)]))
register(build("left", [(1.0, 0.0), _arc(0.4, 90), (4.0, 0.0)]))
register(build("right", [(1.0, 0.0), _arc(0.4, -90), (4.0, 0.0)]))
register(build("circle", [_arc(0.5, 360)], closed=True))
register(build("zigzag", _zigzag(12, 0.5, 30, 0.25), weights=PathWeights(perp=40.0, back=10.0, head=10.0)))
register(build("figure8", _figure8(0.25), closed=True))
