"""What the study will take, from what plans and ticks took on the machine it was written on."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.planner_study.anytime import SHARES
from benchmarks.planner_study.cells import Cell
from benchmarks.planner_study.rivals import LENT
from benchmarks.planner_study.study import LENT_SEEDS, SEQUENCES, Study

_DRIVE_S = {"synthetic 24/8": 0.2, "pendulum": 0.75, "crawler": 1.2, "crawler, leg lost": 1.2}
"""CPU time of one drive with 312 sequences a plan [s], the middle of all planners."""
_CHECK_S = 3.0
_IPOPT_S = 75.0
_SHORT = {"synthetic 24/8": 0.5, "pendulum": 1.0, "crawler": 0.5, "crawler, leg lost": 0.5}
"""Length of a drive for tuning over that of a whole one."""


def expected_seconds(study: Study, cells: Sequence[Cell]) -> float:
    """Return the CPU time [s] that cells will take, give or take a half."""
    return sum(_seconds(study, cell) for cell in cells)


def _seconds(study: Study, cell: Cell) -> float:
    match cell.kind:
        case "check":
            return _CHECK_S
        case "ipopt":
            return _IPOPT_S
        case "tune":
            return study.trials * (1 if study.quick else 2) * _SHORT[cell.arena] * _DRIVE_S[cell.arena]
        case "time":
            return (study.seeds + 12 * _SHORT[cell.arena]) * _DRIVE_S[cell.arena]
        case "anytime":
            return study.seeds * sum(SHARES) * _DRIVE_S[cell.arena]
        case _:
            share = (_SHORT[cell.arena] if study.quick else 1.0) * (0.4 + 0.6 * cell.amount / SEQUENCES)
            seeds = min(study.seeds, LENT_SEEDS) if cell.contender.endswith(LENT) else study.seeds
            return share * seeds * _DRIVE_S[cell.arena]
