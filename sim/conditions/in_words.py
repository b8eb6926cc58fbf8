"""A condition in words: what the numbers of a description, true or believed, amount to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from sim.conditions.condition import STANDARD_GRAVITY
from sim.robots.anatomy import Anatomy

_LOST = 0.5
"""A leg whose presence is believed in less than this is called lost."""
_LEAST_SLOPE = math.radians(3.0)
_LEAST_PAYLOAD = 0.2
_LEAST_GAIN = 0.08
_LEAST_BIAS = 1.0
_LEAST_FRICTION = 0.15
_LEAST_GRAVITY = 0.1
"""Smaller changes are not worth a word: angle [rad], share of the unit of payloads, gain [-], speed [rad/s],
friction [-], share of g."""


def in_words(numbers: Mapping[str, float], anatomy: Anatomy) -> tuple[str, ...]:
    """Say what differs from the intact robot on its usual ground.

    Args:
        numbers: some or all of the values of `sim.conditions.condition.describe`, by name; what is missing is as usual.
        anatomy: of the robot that they are about.
    """
    told = {name: value for name, value in numbers.items() if math.isfinite(value)}
    return (*_body(told, anatomy), *_motors(told, anatomy), *_world(told))


def _body(told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
    for leg in anatomy.legs:
        presence = told.get(f"present_{leg}", 1.0)
        if presence < _LOST:
            yield f"{leg} lost"
    share = told.get("payload_mass", 0.0)
    if share > _LEAST_PAYLOAD:
        mass = share * anatomy.units.payload
        x, y = (anatomy.units.moment * told.get(f"payload_moment_{axis}", 0.0) / mass for axis in "xy")
        yield f"payload {_weight(mass)} at x {1e3 * x:+.0f} mm, y {1e3 * y:+.0f} mm"


def _motors(told: Mapping[str, float], anatomy: Anatomy) -> Iterator[str]:
    for side in anatomy.motors:
        gain, bias = 1.0 + 0.3 * told.get(f"gain_{side}", 0.0), 5.0 * told.get(f"bias_{side}", 0.0)
        words = [f"at {gain:.0%}"] if abs(gain - 1.0) > _LEAST_GAIN else []
        words += [f"{bias:+.1f} rad/s"] if abs(bias) > _LEAST_BIAS else []
        if words:
            yield f"{side} motor {', '.join(words)}"
        if told.get(f"dead_{side}", 0.0) > _LOST:
            yield f"{side} motor dead"
        if told.get(f"stuck_{side}", 0.0) > _LOST:
            yield f"{side} motor stuck"


def _world(told: Mapping[str, float]) -> Iterator[str]:
    tilt = tuple(0.2 * told.get(f"tilt_{axis}", 0.0) for axis in "xy")
    slope = math.hypot(*tilt)
    if slope > _LEAST_SLOPE:
        yield f"slope {math.degrees(slope):.0f} deg, uphill at {math.degrees(math.atan2(tilt[1], tilt[0])):.0f} deg"
    friction = 0.8 + 0.3 * told.get("friction", 0.0)
    if abs(friction - 0.8) > _LEAST_FRICTION and "friction" in told:
        yield f"friction {friction:.2f}"
    gravity = told.get("gravity", 0.0)
    if abs(gravity) > _LEAST_GRAVITY:
        yield f"gravity {STANDARD_GRAVITY * (1.0 + gravity):.1f} m/s^2"


def _weight(mass: float) -> str:
    """Return a mass [kg] in the unit in which it is easy to read."""
    return f"{mass:.1f} kg" if mass >= 0.5 else f"{1e3 * mass:.0f} g"
