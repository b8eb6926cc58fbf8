"""The same random search for everybody: so many draws of settings, on seeds of its own, and the best is taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from benchmarks.go2_table.cells import Cell
from benchmarks.go2_table.entrants import LOOPS, Entrant
from controller.jobs.study import Result

PLACES = (
    ("zigzag", "none"),
    ("zigzag", "calf at 50 %, comes back"),
    ("zigzag", "15 degrees across"),
    ("straight", "calf lost"),
)
FIRST_SEED = 1000
FALLEN, SLOWER = 0.2, 0.1
"""What a fall counts as [m], and each metre a second less than is wanted [s]."""
WANTED = 0.65
"""[m/s]"""
Draws = Mapping[str, Callable[[np.random.Generator], object]]


def _between(low: float, high: float) -> Callable[[np.random.Generator], float]:
    return lambda rng: round(float(rng.uniform(low, high)), 3)


def _scaled(low: float, high: float) -> Callable[[np.random.Generator], float]:
    return lambda rng: float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


LOOP: Draws = {
    "lateral": _scaled(1.5, 8.0),
    "integral": _between(0.3, 4.0),
    "heading": _scaled(1.2, 6.0),
    "cross": _between(0.0, 3.0),
    "grip": _scaled(0.25, 2.0),
    "preview": _between(0.0, 0.3),
    "slow": _between(0.0, 3.0),
}
PLANNER: Draws = {
    "horizon": lambda rng: int(rng.integers(6, 17)),
    "change": _scaled(1.0, 60.0),
    "distance": _scaled(0.7, 3.0),
    "heading": _scaled(0.1, 1.0),
    "integral": _between(0.0, 2.0),
    "feedback": _between(0.0, 1.0),
    "damping": _scaled(0.5, 10.0),
    "iterations": lambda rng: int(rng.integers(1, 4)),
    "elites": lambda rng: int(rng.integers(4, 15)),
}


def drawn(robot: str, name: str, count: int) -> list[Entrant]:
    """Return an entrant with so many settings, the usual ones first."""
    rng = np.random.default_rng(crc32(f"{robot} {name}".encode()))
    found = [Entrant(robot, name)]
    for _ in range(count - 1):
        values = {key: draw(rng) for key, draw in (LOOP if name in LOOPS else PLANNER).items()}
        if name == "P":
            values["integral"] = 0.0
        own = values if name in LOOPS else _planner(values)
        found.append(replace(found[0], own=json.dumps(own, sort_keys=True)))
    return found


def runs(entrant: Entrant, seeds: int, states: str = "measured") -> list[Cell]:
    """Return the runs that judge settings."""
    build = entrant.build
    places = [(course, row, FIRST_SEED + seed) for seed in range(seeds) for course, row in PLACES]
    return [Cell(entrant, states, course, row, seed, build) for course, row, seed in places]


def cost(results: Sequence[Result]) -> float:
    """Return what settings cost: the mean error [m], falls and slowness put in the same unit."""
    return float(np.mean([_cost(result) for result in results]))


def _cost(result: Result) -> float:
    if result["fell"] or result["error_m"] is None:
        return FALLEN
    return float(min(FALLEN, result["error_m"] + SLOWER * max(0.0, WANTED - result["speed"])))


def _planner(values: Mapping[str, object]) -> dict[str, object]:
    search = {"iterations": values["iterations"], "elites": values["elites"]}
    control = {key: values[key] for key in ("horizon", "change", "distance", "heading", "integral", "feedback")}
    return {
        "control": control,
        "planner": {"kind": "hybrid", "search": search, "polish": {"damping": values["damping"]}},
    }
