"""What a robot made at random consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

NAMES: tuple[Callable[[int, int], str], ...] = (
    lambda leg, part: f"leg{leg}_joint{part}",
    lambda leg, part: f"Leg {leg} / joint {part}",
    lambda leg, part: f"bein-{leg}.gelenk{part}",
    lambda leg, part: f"足{leg}関節{part}",
    lambda leg, part: f"{leg}{part}",
    lambda leg, part: ("floor", "payload", "root", "imu", "bumps")[part % 5] + (str(leg) if leg else ""),
    lambda leg, part: f"j&lt;{leg}&gt;{part}",
    lambda leg, part: "same" if part == leg == 1 or part == leg == 0 else f"x{leg}{part}",
    lambda leg, part: "",
)
AXES = ("1 0 0", "0 1 0", "0 0 1", "0 -1 0", "0 1 0", "1 1 0", "0 0.7 0.7")
SHAPES = (
    'type="capsule" fromto="0 0 0 {x} 0 {z}" size="{r}"',
    'type="sphere" size="{r}" pos="{x} 0 {z}"',
    'type="box" size="{r} {r} {r}" pos="{x} 0 {z}"',
    'type="cylinder" fromto="0 0 0 {x} 0 {z}" size="{r}"',
    'type="ellipsoid" size="{r} {r} {r}" pos="{x} 0 {z}"',
)


@dataclass(frozen=True)
class Plan:
    """What a robot is made of."""

    legs: int
    joints: int
    size: float
    name: Callable[[int, int], str]
    axes: tuple[str, ...]
    shape: str
    limited: bool
    inertial: bool
    mesh: bool


def draw(rng: np.random.Generator) -> Plan:
    """Return a plan that makes sense more often than not."""
    sane = rng.random() < 0.75
    joints = 3 if sane else int(rng.integers(1, 5))
    usual = ("1 0 0", "0 1 0", "0 1 0") if rng.random() < 0.5 else ("0 0 1", "0 1 0", "0 1 0")
    return Plan(
        legs=int(rng.integers(4 if sane else 2, 9)),
        joints=joints,
        size=float(10.0 ** rng.uniform(-1.6, 0.2)),
        name=NAMES[0] if rng.random() < 0.4 else NAMES[int(rng.integers(len(NAMES)))],
        axes=usual if sane else tuple(AXES[int(rng.integers(len(AXES)))] for _ in range(joints)),
        shape=SHAPES[0 if rng.random() < 0.6 else int(rng.integers(len(SHAPES)))],
        limited=bool(rng.random() < 0.7),
        inertial=bool(rng.random() < 0.6),
        mesh=bool(rng.random() < 0.25),
    )


def pick(rng: np.random.Generator, choices: Sequence[str], weights: Sequence[float] | None = None) -> str:
    """Return one of some texts, all alike likely without weights."""
    return choices[int(rng.choice(len(choices), p=weights))]
