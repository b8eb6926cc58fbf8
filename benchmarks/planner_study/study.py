"""What the study consists of: its phases, the cells of each, and who computes which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch

from benchmarks.planner_study import anytime, checks, crawl
from benchmarks.planner_study.arenas import Arena, pendulum, synthetic
from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.contenders import Contender, by_name
from benchmarks.planner_study.drives import Drives, drive
from benchmarks.planner_study.entrants import DEFAULT, entrants
from benchmarks.planner_study.ranges import Setting, draw
from benchmarks.planner_study.rivals import LENT, published, rivals
from controller.jobs.study import Result, Store

SEQUENCES = 312
"""Sequences per plan in the comparison at equal evaluations."""
LADDER = (24, 48, 97, 140, 200)
"""Smaller budgets of the default planner, to find what it needs for the best peer's cost."""
LENT_SEEDS = 2
"""Drives of a peer on the project's kernel: it finds the same, only its time is of interest."""
_TUNING_SEEDS = (1000, 1001)
_ITERATIONS = ("num_iterations", "iterations", "rounds")
"""What planners call how often they sample again."""


@dataclass(frozen=True)
class Study:
    """How much of it to do.

    Attributes:
        store: where the cells lie.
        models: folder of crawler checkpoints; None takes those that come with the project.
        seeds: drives per cell.
        trials: settings of the random search that every contender gets, its defaults among them.
        quick: the smallest study that goes through everything.
    """

    store: Store
    models: Path | None
    seeds: int = 10
    trials: int = 30
    quick: bool = False

    @property
    def arenas(self) -> tuple[Arena, ...]:
        """All problems."""
        whole = (synthetic(), pendulum(), crawl.intact(self.models), crawl.lame(self.models))
        return whole[:3] if self.quick else whole

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """Everyone in the two tables."""
        return (*entrants(), *rivals(), *published())

    @property
    def groups(self) -> Mapping[str, tuple[Arena, ...]]:
        """Arenas that share tuned settings, by the name of the first."""
        first, second, *crawlers = self.arenas
        return {first.name: (first,), second.name: (second,), crawlers[0].name: tuple(crawlers)}

    def phases(self) -> list[tuple[str, list[Cell]]]:
        """Return what to do in which order, problem by problem; cells of one phase do not depend on each other."""
        found = [("checks", [Cell("check", contender=name) for name in checks.CHECKS])]
        for group, arenas in self.groups.items():
            found += self._of_group(group, [arena.name for arena in arenas])
        lent = [contender.name for contender in rivals(lent_kernel=True)]
        timed = [arena.name for arena in self.arenas][: 1 if self.quick else None]
        scaling = [contender.name for contender in self.contenders if contender.scales]
        scaling = [DEFAULT, "mbrl CEM"] if self.quick else scaling
        found.append(("peers on our kernel", [Cell("equal", name, c, SEQUENCES) for name in timed for c in lent]))
        found += [(f"{name}: equal time", [Cell("time", name, c) for c in scaling]) for name in timed]
        found.append(("RTI against IPOPT", ipopt_cells(self.quick)))
        return found

    def _of_group(self, group: str, names: Sequence[str]) -> list[tuple[str, list[Cell]]]:
        tunable = [contender.name for contender in self.contenders if contender.space]
        hurrying = [contender.name for contender in entrants()] if group == self.arenas[0].name else []
        everyone = [contender.name for contender in self.contenders]
        if self.quick:
            tunable, hurrying = tunable if hurrying else [], hurrying[-1:]
        ladder = LADDER if hurrying or not self.quick else ()
        return [
            (f"{group}: tuning", [Cell("tune", group, c) for c in tunable]),
            (f"{group}: equal evaluations", [Cell("equal", name, c, SEQUENCES) for name in names for c in everyone]),
            (f"{group}: ladder", [Cell("equal", name, DEFAULT, amount) for name in names for amount in ladder]),
            (f"{group}: anytime", [Cell("anytime", group, c) for c in hurrying]),
        ]

    def tuned(self, arena: str, contender: Contender) -> Setting:
        """Return the setting that random search found best; the default where nothing was tuned."""
        found = self._tuning(arena, contender)
        return contender.default if found is None else {**contender.default, **found["best"]}

    def trials_of(self, arena: str, contender: Contender) -> list[dict[str, Any]]:
        """Return what random search tried, each setting with its cost; nothing where nothing was tuned."""
        found = self._tuning(arena, contender)
        return [] if found is None else [{**contender.default, **trial} for trial in found["trials"]]

    def _tuning(self, arena: str, contender: Contender) -> Result | None:
        group = next(name for name, arenas in self.groups.items() if arena in {a.name for a in arenas})
        tuned = contender.tuned_with or contender.name.removesuffix(LENT)
        return self.store.get(Cell("tune", group, tuned))


def ipopt_cells(quick: bool) -> list[Cell]:
    """Return the pieces of the comparison with IPOPT."""
    return [Cell("ipopt", amount=block + 1) for block in range(0 if quick else checks.BLOCKS)]


def work(study: Study, cell: Cell) -> Result:
    """Compute one cell."""
    torch.set_num_threads(1)
    everyone = by_name((*study.contenders, *rivals(lent_kernel=True)))
    arenas = {arena.name: arena for arena in study.arenas}
    match cell.kind:
        case "check":
            return checks.CHECKS[cell.contender](crawl.intact(study.models), study.quick)
        case "ipopt":
            return checks.optimality(cell.amount)
        case "tune":
            return _tune(study, cell, study.groups[cell.arena], everyone[cell.contender])
        case "equal":
            return _equal(study, cell, arenas[cell.arena], everyone[cell.contender])
        case "time":
            return _equal_time(study, arenas[cell.arena], everyone[cell.contender])
        case "anytime":
            contender = everyone[cell.contender]
            return anytime.curve(synthetic(), contender, study.tuned(cell.arena, contender), SEQUENCES, study.seeds)
        case _:
            raise ValueError(f"cell: expected a kind of the study, got {cell.kind}")


def _tune(study: Study, cell: Cell, arenas: Sequence[Arena], contender: Contender) -> Result:
    """Random search over short drives with seeds of its own; the first setting is the default."""
    rng = np.random.default_rng(crc32(cell.slug.encode()))
    settings: list[dict[str, Any]] = [dict(contender.default)]
    settings += [{**contender.default, **draw(contender.space, rng)} for _ in range(study.trials - 1)]
    chances = list(zip(list(arenas) * 2, _TUNING_SEEDS, strict=False))[: 1 if study.quick else 2]
    scores = [
        float(np.mean([drive(arena, contender, s, SEQUENCES, [seed], short=True).costs for arena, seed in chances]))
        for s in settings
    ]
    best = int(np.nanargmin(scores))
    trials = [{"cost": score, **setting} for score, setting in zip(scores, settings, strict=True)]
    return {"best": settings[best], "cost": scores[best], "default_cost": scores[0], "trials": trials}


def _equal(study: Study, cell: Cell, arena: Arena, contender: Contender) -> Result:
    setting = study.tuned(arena.name, contender)
    lent = contender.name.endswith(LENT)
    seeds = range(min(study.seeds, LENT_SEEDS) if lent else study.seeds)
    drives = drive(arena, contender, setting, cell.amount, seeds, short=study.quick)
    return {**drives.report(), "sequences": cell.amount, "setting": dict(setting)}


def _equal_time(study: Study, arena: Arena, contender: Contender) -> Result:
    """Drive with as many sequences as fit the arena's CPU time per plan.

    What is best for a number of sequences may be many small iterations, which cost more time each. So the best tried
    setting of every number of iterations is fitted to the time, and the cheapest of them on a tuning seed drives.
    """
    fitted = [(_fit_to_time(arena, contender, setting), setting) for setting in _chances(study, arena, contender)]
    (_, amount), setting = min(fitted, key=lambda chance: chance[0])
    drives = drive(arena, contender, setting, amount, range(study.seeds), short=study.quick)
    tried = [{"cost": cost, "sequences": count, **values} for (cost, count), values in fitted]
    result = {**drives.report(), "sequences": amount, "setting": dict(setting)}
    return {**result, "budget_ms": arena.budget_ms, "tried": tried}


def _chances(study: Study, arena: Arena, contender: Contender) -> list[Setting]:
    """Return the best tried setting for every number of iterations, the default's number included."""
    best: dict[int, Setting] = {}
    for trial in sorted(study.trials_of(arena.name, contender), key=lambda trial: float(trial["cost"])):
        setting = {name: value for name, value in trial.items() if name != "cost"}
        best.setdefault(next((int(setting[name]) for name in _ITERATIONS if name in setting), 1), setting)
    return list(best.values()) or [contender.default]


def _fit_to_time(arena: Arena, contender: Contender, setting: Setting) -> tuple[float, int]:
    """Return what a drive costs that keeps to the arena's time per plan, and the sequences that fit."""
    amount, cost = float(SEQUENCES), 0.0
    points: list[tuple[float, float]] = []
    for _ in range(3):
        trial = drive(arena, contender, setting, round(amount), [_TUNING_SEEDS[0]], short=True)
        points.append((amount, _median(trial)))
        cost, amount = trial.costs[0], _fitting(points, arena.budget_ms)
    return cost, round(amount)


def _median(drives: Drives) -> float:
    return float(np.median(drives.cpu_ms))


def _fitting(points: Sequence[tuple[float, float]], budget_ms: float) -> float:
    """Return the amount whose time is the budget, on the line through the last two measurements."""
    (amount, ms) = points[-1]
    slope = ms / amount
    if len(points) > 1:
        other, other_ms = points[-2]
        if abs(amount - other) > 1 and (ms - other_ms) / (amount - other) > 0.2 * slope:
            slope = (ms - other_ms) / (amount - other)
    return float(np.clip(amount + (budget_ms - ms) / slope, 8, 20_000))
