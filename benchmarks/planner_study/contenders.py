"""Who takes part: a name, the settings that random search may tune, and how to start one for a drive.

Every contender is started with a number of sequences per plan that it may roll out in all, so budgets are equal
whatever a planner calls its population and its iterations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.planner_study.arenas import Arena
from benchmarks.planner_study.ranges import Setting, Space
from planners.plan import PlanFunction

Family = Literal["ours", "peer", "published"]
Start = Callable[[Arena, Setting, int, int], PlanFunction]
"""Build a planner from arena, tuned settings, sequences per plan and seed."""


@dataclass(frozen=True)
class Contender:
    """One planner in the comparison.

    Attributes:
        name: what the tables call it.
        family: whose it is.
        start: builds a fresh one for a drive.
        space: what random search may tune.
        default: the setting that counts as the first of the tuning budget.
        scales: whether it takes more or fewer sequences; else it plays as it is in every table.
        answers_late: the first action of its plans is the one being executed.
        hurries: whether it keeps a deadline.
        tuned_with: contender whose tuned setting it takes over, in place of a search of its own.
    """

    name: str
    family: Family
    start: Start
    space: Space = field(default_factory=dict)
    default: Setting = field(default_factory=dict)
    scales: bool = True
    answers_late: bool = False
    hurries: bool = False
    tuned_with: str = ""


def by_name(contenders: tuple[Contender, ...]) -> Mapping[str, Contender]:
    """Return contenders by name."""
    return {contender.name: contender for contender in contenders}
