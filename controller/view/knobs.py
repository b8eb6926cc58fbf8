"""What a page offers of a perturbation: a control for each of its values, from its dataclass and the robot's file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass

from sim.perturbations import PERTURBATIONS, Perturbation, PerturbationError, check, parse
from sim.perturbations.base import Range
from sim.perturbations.codec import Codec, spoken
from sim.robots.anatomy import Anatomy

_STEPS = 100
"""Of a control between its ends."""
_FIRST = 0.1
"""Share of the way from the end that is nearest to nothing, at which a value begins that nobody says."""


@dataclass(frozen=True)
class Number:
    """A number between two ends, as it is written; nothing is said of one that is `neutral`."""

    key: str
    low: float
    high: float
    start: float
    neutral: float | None = None

    @property
    def step(self) -> float:
        """From one value to the next."""
        return float(f"{(self.high - self.low) / _STEPS:.1g}")


@dataclass(frozen=True)
class Names:
    """One of some names, or several of them."""

    key: str
    names: tuple[str, ...]
    several: bool


Knob = Number | Names


def offered(anatomy: Anatomy) -> Mapping[str, list[Knob]]:
    """Return the controls of every perturbation that can happen to a robot, by its name."""
    found = {name: _knobs(kind, anatomy) for name, kind in PERTURBATIONS.items()}
    return {name: knobs for name, knobs in found.items() if _can_be(name, knobs, anatomy)}


def text(name: str, values: Mapping[str, float | str], knobs: list[Knob]) -> str:
    """Return what is asked for as on the command line: numbers as they are read, names joined by +."""
    neutral = {knob.key: knob.neutral for knob in knobs if isinstance(knob, Number)}
    said = [f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items() if v != neutral.get(k)]
    return f"{name}:{','.join(said)}" if said else name


def _can_be(name: str, knobs: list[Knob], anatomy: Anatomy) -> bool:
    """Whether it can happen to a robot as its controls begin."""
    if not all(knob.names if isinstance(knob, Names) else knob.low < knob.high for knob in knobs):
        return False
    said = {knob.key: knob.start if isinstance(knob, Number) else knob.names[0] for knob in knobs}
    try:
        check([parse(text(name, said, knobs))], anatomy)
    except PerturbationError:
        return False
    return True


def _knobs(kind: type[Perturbation], anatomy: Anatomy) -> list[Knob]:
    allowed, knobs = dict(kind.allowed(anatomy)), list[Knob]()
    for field, (codec, default) in spoken(kind).items():
        if codec.ending is not None:
            continue
        key = codec.key or field
        turn = Range(-180.0, 180.0) if codec.scale == math.radians(1.0) else None
        limit = allowed.pop(key, codec.choices or (Range(*codec.within) if codec.within else turn))
        if isinstance(limit, Range):
            start = _start(kind, field, codec, limit, anatomy) if default is MISSING else default / codec.scale
            knobs.append(Number(key, limit.low, limit.high, start, None if default is MISSING else start))
        elif limit is not None:
            knobs.append(Names(key, limit, several="+" in codec.expected))
    tables = [codec for codec, _ in spoken(kind).values() if codec.ending is not None]
    for key, limit in allowed.items():  # what is left belongs to a table: a number for each part of a robot
        assert isinstance(limit, Range)
        neutral = max((t for t in tables if key.endswith(t.ending or "")), key=lambda t: len(t.ending or "")).neutral
        knobs.append(Number(key, limit.low, limit.high, neutral or 0.0, neutral))
    return knobs


def _start(kind: type[Perturbation], field: str, codec: Codec, limit: Range, anatomy: Anatomy) -> float:
    """Return what to begin with: the middle of what the robot's models were trained on, where that is known."""
    ranges = anatomy.ranges.get(kind.name, {})
    bands = ranges.get(field) or ranges.get(codec.key or field)
    if bands is not None:
        low, high = (end / codec.scale for end in bands.train[0])
        return float(f"{0.5 * (low + high):.2g}")
    near, far = sorted((limit.low, limit.high), key=abs)
    return float(f"{near + _FIRST * (far - near):.2g}")
