"""Poses in which a robot may stand: its feet below its hips, all legs alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.discovery.limbs import Frame, Limb
from sim.discovery.outline import Outline
from sim.terrain import FloatArray

_SAMPLES, _ROUNDS, _TRIES = 120, 6, 24
"""Poses of a leg that are tried at random, and then around the best, ever nearer."""
_FREE_TURN = 2.8
"""How far from its own pose a joint without a range is looked at [rad]."""
_ALIKE = 0.15
"""How far places of two legs that are alike differ, as a share of their reach."""
_DEPTHS, _SPREADS = (0.8, 0.7, 0.92), (0.0, 0.35)
"""How far below the hips feet stand, and how far out of the second joint's place, as shares of what they reach."""
_LAZY = 0.01
"""What a joint costs that is far from the middle of its range, against a foot that is a reach off."""


@dataclass(frozen=True)
class Leg:
    """A limb as it can be posed."""

    motors: FloatArray
    """Indices of its motors (k,)."""
    low: FloatArray
    high: FloatArray
    """Ends of their ranges (k,) [rad]."""
    tip: int
    """Geom that is furthest out."""
    end: FloatArray
    """Its end, in its own axes (3,) [m]."""
    reach: float
    """Furthest of its tip from its hip [m]."""
    depth: float
    """Furthest of its tip below its hip [m]."""
    hip: FloatArray
    """Where its first joint is (3,) [m]."""


def posable(frame: Frame, outline: Outline, limb: Limb, rng: np.random.Generator) -> Leg:
    """Return a limb with its reach, found by trying poses."""
    names = [motor.name for motor in outline.motors]
    motors = np.array([names.index(motor) for motor in limb.motors])
    spans = [outline.motors[motor].span for motor in motors]
    zero = frame.zero[motors]
    low, high = (
        np.array([z + sign * _FREE_TURN if span is None else span[end] for span, z in zip(spans, zero, strict=True)])
        for end, sign in ((0, -1.0), (1, 1.0))
    )
    frame.put(frame.zero)
    joints = frame.anchors(motors)
    hip, last = joints[0], joints[-1]
    ends = [frame.end(geom, last) for geom in limb.tips]
    far = [np.linalg.norm(frame.at(geom, end) - last) for geom, end in zip(limb.tips, ends, strict=True)]
    furthest = int(np.argmax(far))
    leg = Leg(motors, low, high, limb.tips[furthest], ends[furthest], 1.0, 1.0, hip)
    tried = np.array([points(frame, leg, rng.uniform(low, high))[-1] for _ in range(_SAMPLES)])
    return replace(leg, reach=float(np.linalg.norm(tried, axis=-1).max()), depth=float(-tried[:, 2].min()))


def points(frame: Frame, leg: Leg, angles: FloatArray) -> FloatArray:
    """Return where a leg's further joints and its tip are from its hip (k, 3) [m]; the other legs are put at zero."""
    pose = frame.zero.copy()
    pose[leg.motors] = angles
    frame.put(pose)
    places = frame.anchors(leg.motors)
    places[:-1] = places[1:]
    places[-1] = frame.at(leg.tip, leg.end)
    return places - leg.hip


def poses(frame: Frame, legs: Sequence[Leg], rng: np.random.Generator) -> Iterator[tuple[str, FloatArray]]:
    """Return poses with all feet at one height, the first leg's found by search and the others' like it."""
    ground = float(np.mean([leg.hip[2] for leg in legs]))
    for depth in _DEPTHS:
        for spread in _SPREADS:
            level = ground - depth * min(leg.depth for leg in legs)
            pose = frame.zero.copy()
            like: FloatArray | None = None
            for leg in legs:
                moved = _Moved.between(frame, legs[0], leg)
                wanted = None if like is None or moved is None else moved(like)
                angles = _search(leg, _cost(frame, leg, level, spread, wanted), rng)
                pose[leg.motors] = angles
                like = points(frame, leg, angles) if leg is legs[0] else like
            yield f"feet {depth:.0%} as low and {spread:.0%} as far out as they reach", pose


def lowered(frame: Frame, legs: Sequence[Leg], stand: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Return a standing pose with the trunk so much nearer to the ground, as a share of how high its hips are."""
    pose = stand.copy()
    for leg in legs:
        wanted = points(frame, leg, stand[leg.motors])
        wanted[-1, 2] *= 1.0 - share
        far = 1.0 / leg.reach

        def cost(angles: FloatArray, leg: Leg = leg, wanted: FloatArray = wanted, far: float = far) -> float:
            return float((((points(frame, leg, angles)[-1] - wanted[-1]) * far) ** 2).sum())

        pose[leg.motors] = _refined(leg, cost, stand[leg.motors], rng)
    return pose


def _cost(
    frame: Frame, leg: Leg, level: float, spread: float, wanted: FloatArray | None
) -> Callable[[FloatArray], float]:
    """Return what a pose of a leg costs: its foot off the ground or off its place, or its joints off those wanted."""
    out = leg.hip[:2] / (float(np.linalg.norm(leg.hip[:2])) + 1e-9)
    below = points(frame, leg, frame.zero[leg.motors])[0, :2] if len(leg.motors) > 1 else np.zeros(2)
    place = np.array([*(below + spread * leg.reach * out), level - leg.hip[2]])
    middle, width = 0.5 * (leg.low + leg.high), np.maximum(leg.high - leg.low, 1e-6)
    weights = np.array([0.5, 0.5, 1.0])

    def cost(angles: FloatArray) -> float:
        found = points(frame, leg, angles) / leg.reach
        lazy = _LAZY * float((((angles - middle) / width) ** 2).mean())
        if wanted is not None:
            return lazy + float(((found - wanted / leg.reach) ** 2).sum())
        return lazy + float((weights * (found[-1] - place / leg.reach) ** 2).sum())

    return cost


def _search(leg: Leg, cost: Callable[[FloatArray], float], rng: np.random.Generator) -> FloatArray:
    tried = rng.uniform(leg.low, leg.high, (_SAMPLES, len(leg.motors)))
    return _unwound(leg, _refined(leg, cost, tried[int(np.argmin([cost(angles) for angles in tried]))], rng))


def _unwound(leg: Leg, angles: FloatArray) -> FloatArray:
    """Return the same pose without whole turns of joints that can turn so far."""
    middle = 0.5 * (leg.low + leg.high)
    turned: FloatArray = angles - math.tau * np.round((angles - middle) / math.tau)
    return turned


def _refined(leg: Leg, cost: Callable[[FloatArray], float], start: FloatArray, rng: np.random.Generator) -> FloatArray:
    best, least, width = start, cost(start), 0.15 * (leg.high - leg.low)
    for shrink in range(_ROUNDS):
        for _ in range(_TRIES):
            angles = np.clip(best + rng.normal(0.0, 0.5**shrink, len(best)) * width, leg.low, leg.high)
            if (price := cost(angles)) < least:
                best, least = angles, price
    return best


class _Moved:
    """How one leg's places become another's: mirrored, or turned around the trunk's z axis."""

    def __init__(self, matrix: FloatArray) -> None:
        self._matrix = matrix

    def __call__(self, places: FloatArray) -> FloatArray:
        moved: FloatArray = places @ self._matrix.T
        return moved

    @classmethod
    def between(cls, frame: Frame, one: Leg, other: Leg) -> _Moved | None:
        """Return the first of these ways that fits in the file's own pose; None where none does."""
        here, there = (points(frame, leg, frame.zero[leg.motors]) for leg in (one, other))
        if here.shape != there.shape:
            return None
        angle = math.atan2(*other.hip[1::-1]) - math.atan2(*one.hip[1::-1])
        cos, sin = math.cos(angle), math.sin(angle)
        side, end = (1.0 if a * b >= 0.0 else -1.0 for a, b in zip(one.hip[1::-1], other.hip[1::-1], strict=True))
        turned = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        for matrix in (np.diag([1.0, side, 1.0]), np.diag([end, side, 1.0]), turned):
            way = cls(matrix)
            if np.abs(way(here) - there).max() < _ALIKE * one.reach:
                return way
        return None
