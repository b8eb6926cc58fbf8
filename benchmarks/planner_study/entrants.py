"""The project's own planners as contenders: built from the settings union by their `kind`, like those of a run.

Each recipe turns tuned values and a number of sequences per plan into plain settings. Shares stand for counts, so that
one tuned setting makes sense with any budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from benchmarks.planner_study.arenas import Arena
from benchmarks.planner_study.contenders import Contender, Start
from benchmarks.planner_study.ranges import Choice, Range, Setting, Space
from controller.config import PlannerChoice
from planners.factory import PLANNERS, make
from planners.plan import PlanFunction

DEFAULT = "hybrid"
"""The planner that the promises are about."""

_SETTINGS: TypeAdapter[Any] = TypeAdapter(PlannerChoice)
_NEWTON_LENGTHS = 4
"""Step lengths that a Newton step tries by default, each a sequence."""
_LEAST_SEARCH = 12
_LEAST_ROUND = 24
"""Sequences below which the hybrid's search takes one round less: every round costs time of its own."""


@dataclass(frozen=True)
class Recipe:
    """How the study uses one kind of planner.

    Attributes:
        space: what random search may tune.
        default: the first setting of the search.
        fill: plain settings from a tuned setting, sequences per plan and the arena.
        scales: whether it takes more or fewer sequences; real-time iteration takes its one step.
        tuned_with: kind whose tuned setting it takes over.
    """

    space: Space
    default: Setting
    fill: Callable[[Setting, int, Arena], dict[str, Any]]
    scales: bool = True
    tuned_with: str = ""


def newton_price(arena: Arena) -> int:
    """Return the sequences that one Newton step counts as: what finite differences would take, and its step lengths."""
    return arena.network()[0].space.size + arena.num_actions + 1 + _NEWTON_LENGTHS


def _shooting(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    return {**setting, "candidates": budget, "rounds": 1}


def _cem(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    values = dict(setting)
    candidates = max(budget // int(values["iterations"]), 4)
    elites = max(round(values.pop("share") * candidates), 2)
    return {**values, "candidates": candidates, "elites": elites}


def _icem(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    values = dict(setting)
    share, decay = float(values.pop("share")), float(values["decay"])

    def elites(candidates: int) -> int:
        return max(round(share * candidates), 2)

    def spent(candidates: int) -> int:
        return sum(max(round(candidates / decay**i), 2 * elites(candidates)) for i in range(values["iterations"]))

    candidates = max((n for n in range(4, budget + 1) if spent(n) <= budget), default=4)
    return {**values, "candidates": candidates, "elites": elites(candidates)}


def _mppi(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    return {**setting, "candidates": max((budget - 1) // int(setting["iterations"]), 4)}


def _predictive(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    return {**setting, "candidates": max(budget // int(setting["rounds"]), 2)}


def _rti(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    return dict(setting)


def _hybrid(setting: Setting, budget: int, arena: Arena) -> dict[str, Any]:
    """Give one Newton step its price and the search what is left."""
    values = dict(setting)
    damping, left = values.pop("damping"), max(budget - newton_price(arena), _LEAST_SEARCH)
    values["iterations"] = min(int(values["iterations"]), max(left // _LEAST_ROUND, 1))
    return {"search": _icem(values, left, arena), "polish": {"damping": damping}}


_KNOTS: Space = {"hold": Range(1, 6, whole=True), "interpolation": Choice(("zero", "linear", "cubic"))}
_PLAIN_KNOTS: Setting = {"hold": 1, "interpolation": "zero"}

_ICEM_SPACE: Space = {
    "iterations": Range(2, 4, whole=True),
    "share": Range(0.03, 0.3, log=True),
    "decay": Range(1.0, 1.5),
    "keep": Range(0.1, 0.5),
    "std": Range(0.1, 0.5),
    "floor": Range(0.003, 0.05, log=True),
    "momentum": Range(0.0, 0.3),
    "colour": Range(0.0, 4.0),
    **_KNOTS,
}
_ICEM: Setting = {
    "iterations": 3,
    "share": 0.08,
    "decay": 1.25,
    "keep": 0.3,
    "std": 0.25,
    "floor": 0.01,
    "momentum": 0.1,
    "colour": 2.0,
    **_PLAIN_KNOTS,
}
_DAMPING: Space = {"damping": Range(0.003, 10.0, log=True)}

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "shooting": Recipe({"hold": Range(1, 6, whole=True)}, {"hold": 1}, _shooting),
        "cem": Recipe(
            {
                "iterations": Range(2, 5, whole=True),
                "share": Range(0.03, 0.3, log=True),
                "std": Range(0.1, 0.5),
                "floor": Range(0.003, 0.05, log=True),
                "momentum": Range(0.0, 0.3),
                **_KNOTS,
            },
            {"iterations": 3, "share": 0.08, "std": 0.3, "floor": 0.02, "momentum": 0.1, "hold": 2,
             "interpolation": "zero"},
            _cem,
        ),
        "icem": Recipe(_ICEM_SPACE, _ICEM, _icem),
        "mppi": Recipe(
            {
                "iterations": Range(1, 4, whole=True),
                "temperature": Range(0.01, 1.0, log=True),
                "std": Range(0.05, 0.5, log=True),
                "anneal": Range(0.4, 1.0),
                "colour": Range(0.0, 4.0),
                **_KNOTS,
            },
            {"iterations": 3, "temperature": 0.1, "std": 0.25, "anneal": 0.6, "colour": 2.0, **_PLAIN_KNOTS},
            _mppi,
        ),
        "predictive": Recipe(
            {"rounds": Range(1, 4, whole=True), "std": Range(0.03, 0.5, log=True), **_KNOTS},
            {"rounds": 3, "std": 0.1, "hold": 4, "interpolation": "cubic"},
            _predictive,
        ),
        "rti": Recipe(_DAMPING, {"damping": 0.1}, _rti, scales=False),
        "hybrid": Recipe({}, {**_ICEM, "damping": 3.0}, _hybrid, tuned_with="icem"),
    }
)  # fmt: skip


def entrants() -> tuple[Contender, ...]:
    """Return every planner that can be named in a run and has a recipe here."""
    return tuple(
        Contender(
            kind,
            "ours",
            _start(kind, recipe),
            recipe.space,
            recipe.default,
            recipe.scales,
            hurries=True,
            tuned_with=recipe.tuned_with,
        )
        for kind, recipe in RECIPES.items()
        if kind in PLANNERS
    )


def _start(kind: str, recipe: Recipe) -> Start:
    def start(arena: Arena, setting: Setting, budget: int, seed: int) -> PlanFunction:
        values = recipe.fill(setting, budget, arena)
        return make(_SETTINGS.validate_python({"kind": kind, **values}))

    return start
