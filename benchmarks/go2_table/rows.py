"""What happens to the quadruped in the fault table, where it walks, and when it sets in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SECONDS, SETTLE = 24.0, 2.0
"""Length of a run, and how long after an onset nothing counts yet [s]."""
ONSET, BEND = 8.0, 4.0
"""When it sets in on a straight line [s]; on curves that is drawn over so long, about a pair of bends."""
STEEPER = 0.08
"""A slope is walked onto: it gets steeper by a degree at such intervals [s], by 15 degrees over 0.8 m."""
CURVES = ("zigzag", "figure8")
COURSES = ("straight", *CURVES)


@dataclass(frozen=True)
class Row:
    """One thing that may happen.

    Attributes:
        what: perturbations as in a run's settings, each with its onset and its end counted from the row's onset [s].
        promised: whether it must not make the robot fall, in words of the promise; empty where nothing is promised.
        everywhere: whether it is on every course, not only on straight and zigzag.
    """

    name: str
    what: tuple[tuple[str, float, float | None], ...] = ()
    promised: str = ""
    everywhere: bool = False

    def perturbations(self, onset: float) -> list[str]:
        """Return them as text, set in at a time [s]."""
        return [
            f"{text}@{onset + start:g}" + ("" if end is None else f"-{onset + end:g}") for text, start, end in self.what
        ]


def _row(name: str, *texts: str, promised: str = "", everywhere: bool = False) -> Row:
    return Row(name, tuple((text, 0.0, None) for text in texts), promised, everywhere)


def _motors() -> list[Row]:
    found = []
    for leg in ("front_left", "rear_right"):
        for joint in ("calf", "thigh", "hip"):
            motor, name = f"{leg}_{joint}", f"{leg.replace('_', '-')} {joint}"
            found += [
                _row(
                    f"{name} dead", f"dead_motor:name={motor}", promised="limps", everywhere=motor == "front_left_calf"
                ),
                _row(f"{name} at 50 %", f"motor:{motor}=0.5", promised="stands", everywhere=motor == "front_left_calf"),
                _row(f"{name} locked", f"locked:name={motor},range=0.3", promised="limps"),
            ]
    return found


def _slopes() -> list[Row]:
    ways = (("up", 0), ("down", 180), ("across", 90))
    return [
        Row(
            f"{degrees} degrees {way}",
            tuple((f"slope:deg=1,heading_deg={heading}", STEEPER * k, None) for k in range(degrees)),
            promised="stands" if degrees == 15 else "",
            everywhere=(degrees, way) == (15, "across"),
        )
        for degrees in (10, 15)
        for way, heading in ways
    ]


_LOAD = "payload:mass=2,x=0.1,y=0.1"
ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        _row("none", everywhere=True),
        _row("5 kg", "payload:mass=5,x=0.1,y=0.1"),
        _row("8 kg", "payload:mass=8,x=0.1,y=0.1", promised="stands", everywhere=True),
        Row("0-8-0 kg", tuple((_LOAD, 1.5 * k, 8.0 + 1.5 * k) for k in range(4))),
        *_motors(),
        _row("calf lost", "leg_loss:leg=front_left", promised="stands", everywhere=True),
        _row("friction 0.2", "friction:mu=0.2", promised="stands"),
        _row("friction 0.05", "friction:mu=0.05"),
        *_slopes(),
        _row("steps of 3 cm", "terrain:kind=kerbs"),
        _row("push of 20 N s", "push:y=20"),
        _row("20 ms late", "delay:ms=20"),
        _row("5 kg and calf at 50 %", "payload:mass=5,x=0.1,y=0.1", "motor:front_left_calf=0.5"),
        Row(
            "calf at 50 %, comes back",
            (("motor:front_left_calf=0.5", 0.0, 4.0), ("motor:front_left_calf=0.5", 8.0, None)),
        ),
    )
}
"""By name, in the order of the table; loads are at (0.1, 0.1) m of the trunk."""


def rows_of(course: str) -> list[Row]:
    """Return the rows that are walked on a course."""
    return [row for row in ROWS.values() if course != "figure8" or row.everywhere]


def onset(course: str, seed: int) -> float:
    """Return when a row's change sets in [s]: the same for all who walk."""
    if course not in CURVES:
        return ONSET
    return round(ONSET + BEND * float(np.random.default_rng((seed, 8)).random()), 2)
