"""A course of one's own: way-points from a file, joined, smoothed, and looked at before a robot is sent along.

The way-points are joined by straight lines and smoothed by a Gaussian over the arc length, so that corners become bends
and a recorded path loses its noise. The robot stands at the first one, looking along +x.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from controller.courses.paths import Course
from controller.settings.number_rows import rows
from dynamics.transitions import FloatArray
from hardware.spec import CourseSize
from planners.costs.path import PathWeights

NAME = "path"
DESCRIPTION = "way-points of your own: path:FILE.csv, a line x, y [m] each"
SPACING, WIDTH = 0.01, 0.1
"""Distance between the points of a crawler's course, and standard deviation of the smoothing; larger robots scale."""
TIGHTEST = 0.08
"""Smallest radius of a bend, likewise [m]: a crawler's body length is 0.1 m."""
_LONGEST = 1000.0
"""Likewise [m]."""
_CUT = 4.0
"""Standard deviations over which is smoothed."""


def read(path: Path) -> FloatArray:
    """Return the way-points of a file (N, 2) [m], without repeated ones. Raises ValueError with the place, OSError."""
    points = np.array([numbers for _, numbers in rows(path, ("x", "y"))], dtype=np.float64).reshape(-1, 2)
    moved = np.append(True, np.hypot(*np.diff(points, axis=0).T) > 0.0)[: len(points)]
    if moved.sum() < 2:
        raise ValueError(f"{path}: expected at least two different way-points x, y, got {int(moved.sum())}")
    different: FloatArray = points[moved]
    return different


def load(path: Path, size: CourseSize) -> Course:
    """Return the course along the way-points of a file for a robot of some size. Raises ValueError, OSError."""
    points, scale = read(path), size.scale
    closed = len(points) > 3 and math.dist(points[0], points[-1]) < SPACING * scale
    length, shortest = float(np.hypot(*np.diff(points, axis=0).T).sum()), WIDTH * scale
    if not shortest <= length <= _LONGEST * scale:
        raise ValueError(f"{path}: expected a path of {shortest:g} to {_LONGEST * scale:g} m, got {length:.3g} m")
    even = _even(points[:-1] if closed else points, SPACING * scale, closed)
    smooth = _even(_smoothed(even, closed), SPACING * scale, closed)
    course = _course((smooth - smooth[0]) / scale, closed).sized(size)
    _check(path, course, scale)
    return course


def tightest(course: Course) -> float:
    """Return the radius of the tightest bend [m]."""
    return 1.0 / max(float(np.abs(course.curvature).max()), 1e-9)


def _even(points: FloatArray, spacing: float, closed: bool) -> FloatArray:
    """Return points on the same lines, about `spacing` apart [m]; on a closed path the first is not repeated."""
    around = np.concatenate([points, points[:1]]) if closed else points
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(around, axis=0).T)))
    count = round(along[-1] / spacing) + 1
    at = np.linspace(0.0, along[-1], count)[: count - 1 if closed else count]
    return np.stack([np.interp(at, along, around[:, axis]) for axis in (0, 1)], axis=-1)


def _smoothed(points: FloatArray, closed: bool) -> FloatArray:
    """Return points (P, 2), weighted over neighbours; ends stay where they are, as if mirrored in a point there."""
    reach = min(math.ceil(_CUT * WIDTH / SPACING), len(points) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) * SPACING / WIDTH) ** 2)
    if closed:
        before, behind = points[-reach:], points[:reach]
    else:
        before = 2 * points[0] - points[reach:0:-1]
        behind = 2 * points[-1] - points[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, points, behind])
    return np.stack([np.convolve(padded[:, axis], weights / weights.sum(), "valid") for axis in (0, 1)], axis=-1)


def _course(points: FloatArray, closed: bool) -> Course:
    """Return the course through even points (P, 2), about `SPACING` apart."""
    around = np.concatenate([points[-1:], points, points[:1]]) if closed else points
    steps = np.gradient(around, axis=0)
    headings: FloatArray = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    total = float(np.hypot(*np.diff(around[1:] if closed else around, axis=0).T).sum())
    spacing = total / (len(points) if closed else len(points) - 1)
    curvature: FloatArray = np.gradient(headings, spacing).astype(np.float64)
    kept = slice(1, -1) if closed else slice(None)
    arclength = spacing * np.arange(len(points), dtype=np.float64)
    return Course(NAME, points, headings[kept], arclength, curvature[kept], total, closed, PathWeights())


def _check(path: Path, course: Course, scale: float) -> None:
    """Raise ValueError for a path that bends too tightly, or begins behind the robot."""
    if (radius := tightest(course)) < TIGHTEST * scale:
        at = int(np.abs(course.curvature).argmax())
        place = f"{course.arclength[at]:.2f} m along, near x {course.points[at, 0]:.2f}, y {course.points[at, 1]:.2f}"
        raise ValueError(f"{path}: {place}: expected bends of {TIGHTEST * scale:g} m or wider, got {radius:.2g} m")
    if (turned := abs(math.degrees(math.remainder(course.headings[0], math.tau)))) > 90.0:
        raise ValueError(
            f"{path}: expected a beginning before the robot, which looks along +x, got {turned:.0f} deg off"
        )
