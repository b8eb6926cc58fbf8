"""Whether the right side of a robot is the mirror image of its left side, and which motor is then the image of which.

The mirror stands along x and z of the trunk. A place keeps x and z in it; an axis of rotation keeps y, because what
turns about x or z turns the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.discovery.limbs import Frame
from sim.discovery.outline import Motor
from sim.terrain import FloatArray

_OFF = 0.02
"""How far a place may be off, as a share of the reach of a leg."""
_UNLIKE = 0.05
"""How much masses and torques of two sides may differ, as a share."""
_APART = 0.02
"""How much the ends of two ranges may [rad]."""
_TRIED, _SWING = 20, 0.4
"""Poses in which places are compared, and how far from the file's own each joint is then [rad]."""
_PLACE = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Sides:
    """A robot and its image in the mirror."""

    images: Mapping[str, tuple[str, float]]
    """Image of every motor and leg, and -1.0 where it turns the other way; empty where the robot is not symmetric."""
    why: str = ""
    """Why it is not."""


def sides(
    frame: Frame, motors: Sequence[Motor], index: Sequence[int], legs: Sequence[tuple[str, Sequence[str]]],
    reach: float, rng: np.random.Generator,
) -> Sides:  # fmt: skip
    """Return which motor and leg is the image of which.

    Args:
        frame: the robot.
        motors: those of its legs, in order (n_motors,).
        index: which of the joints of `frame` they are (n_motors,).
        legs: name and motors of every leg.
        reach: of a leg [m].
        rng: draws the poses in which both sides are compared.
    """
    frame.put(frame.zero)
    others, signs = _matched(frame, motors, index, reach)
    for at, motor in enumerate(motors):
        if others[at] < 0 or others[others[at]] != at:
            return Sides({}, f"{motor.name} has no image on the other side")
        if why := _unlike(frame, motors, index, (at, others[at]), signs[at]):
            return Sides({}, f"{motor.name} and {motors[others[at]].name} differ in {why}")
    images = {motor.name: (motors[other].name, sign) for motor, other, sign in zip(motors, others, signs, strict=True)}
    for name, own in legs:
        over = {images[motor][0] for motor in own}
        image = next((other for other, theirs in legs if set(theirs) == over), None)
        if image is None:
            return Sides({}, f"{name} has no image on the other side")
        images.setdefault(name, (image, 1.0))  # a motor may be called like its leg
    aside = float(abs(frame.centre[1]))
    if aside > _OFF * reach:
        return Sides({}, f"its centre of mass is {aside:.2g} m aside")
    return Sides({}, why) if (why := _moved(frame, motors, index, others, signs, reach, rng)) else Sides(images)


def _matched(
    frame: Frame, motors: Sequence[Motor], index: Sequence[int], reach: float
) -> tuple[list[int], list[float]]:
    """Return for each motor that whose joint is where its own is in the mirror, -1 for none, and how that turns."""
    anchors, axes = frame.anchors(index), frame.axes(index)
    others, signs = [], []
    for motor, anchor, axis in zip(motors, anchors, axes, strict=True):
        along = axes @ (axis * (-_PLACE if motor.turns else _PLACE))
        off = np.linalg.norm(anchors - anchor * _PLACE, axis=-1) + reach * (1.0 - np.abs(along))
        off[[other.turns != motor.turns for other in motors]] = np.inf
        best = int(np.argmin(off))
        others.append(best if off[best] < _OFF * reach else -1)
        signs.append(1.0 if along[best] > 0.0 else -1.0)
    return others, signs


def _unlike(
    frame: Frame, motors: Sequence[Motor], index: Sequence[int], pair: tuple[int, int], sign: float
) -> str | None:
    """Return what a motor and its image differ in."""
    one, other = (motors[at] for at in pair)
    if _differ(*frame.masses([index[at] for at in pair])):
        return "mass"
    if one.torque is not None and other.torque is not None and _differ(one.torque, other.torque):
        return "torque"
    if (one.span is None) != (other.span is None):
        return "range"
    if one.span is not None and other.span is not None:
        ends = np.sort(sign * np.array(other.span))
        return "range" if np.abs(ends - one.span).max() > _APART else None
    return None


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _UNLIKE * max(one, other)


def _moved(
    frame: Frame, motors: Sequence[Motor], index: Sequence[int], others: Sequence[int], signs: Sequence[float],
    reach: float, rng: np.random.Generator,
) -> str | None:  # fmt: skip
    """Return which link is elsewhere than its image, in some pose; None for none."""
    for _ in range(_TRIED):
        pose, image = frame.zero.copy(), frame.zero.copy()
        swing = rng.uniform(-_SWING, _SWING, len(index))
        pose[index] += swing
        image[index] = pose[index][others] * signs
        seen = []
        for angles in (pose, image):
            frame.put(angles)
            seen.append(frame.links(index))
        off: FloatArray = np.linalg.norm(seen[1] - seen[0][others] * _PLACE, axis=-1)
        if off.max() > _OFF * reach:
            return f"what {motors[int(np.argmax(off))].name} moves is not where its image is, in some pose"
    return None
