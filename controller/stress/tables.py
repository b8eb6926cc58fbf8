"""The standings of a stress suite as rows of text, for a terminal, a page, a README and a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence

from rich.table import Table

from controller.bootstrap import Estimate
from controller.stress.acceptance import promises
from controller.stress.standings import Row, Standings, groups
from controller.telemetry.findings import millimetres, number

Rows = list[tuple[str, ...]]
NO_ROOM, NO_SCORE = "no head-room", "needs mb and informed"
VERDICTS = {True: "holds", False: "does not hold", None: "cannot tell"}
TITLES = {
    "suite": "Gap closed between mb (0) and informed (1), interquartile mean [95 %]",
    "conditions": "Gap closed in each condition",
    "saved": "Cost a step saved over mb in each condition, interquartile mean [95 %]",
    "details": "Everything else",
    "promises": "What must hold of the default adapter",
}


def tables(standings: Standings) -> Iterator[Table]:
    """Return the tables for a terminal."""
    for name, rows in (
        ("conditions", condition_rows(standings)),
        ("suite", suite_rows(standings)),
        ("promises", promise_rows(standings)),
    ):
        if len(rows) == 1 or (name == "suite" and not standings.measured.anchored):
            continue
        table = Table(*rows[0], title=title(standings, name))
        for row in rows[1:]:
            table.add_row(*row)
        yield table


def title(standings: Standings, name: str) -> str:
    """Return what stands over a table; without both anchors there are no gaps, but what was saved."""
    return TITLES["saved" if name == "conditions" and not standings.measured.anchored else name]


def suite_rows(standings: Standings) -> Rows:
    """Gap closed over each protocol, a row an adapter; how many of its conditions have head-room stands in the head."""
    settings = standings.measured.settings
    counts = {g: f"{len(standings.roomy(c))}/{len(c)}" for g, c in groups(settings).items()}
    head = ("", *(f"{group} ({count})" for group, count in counts.items()))
    missing = NO_ROOM if standings.measured.anchored else NO_SCORE
    rows = [
        (adapter, *(estimate(standings.suites.get(group, {}).get(adapter), missing) for group in counts))
        for adapter in settings.adapters
    ]
    return [head, *rows]


def condition_rows(standings: Standings) -> Rows:
    """Gap closed in each condition, and the gap itself as a cost per step; without both anchors what was saved."""
    if not standings.measured.anchored:
        return _saved_rows(standings)
    settings = standings.measured.settings
    rows: Rows = [("condition", "protocol", "gap", *settings.adapters)]
    for condition in settings.conditions:
        room = standings.room.get(condition.name)
        found = [standings.row(condition.name, adapter).score for adapter in settings.adapters]
        if room is not None and not standings.roomy((condition,)):
            texts = [NO_ROOM] * len(found)
        else:
            texts = [estimate(score) for score in found]
        rows.append((condition.name, condition.protocol, estimate(room), *texts))
    return rows


def _saved_rows(standings: Standings) -> Rows:
    """Cost per step saved over the plain model in each condition, and how often each fell or was stopped."""
    settings = standings.measured.settings
    rows: Rows = [("condition", "protocol", *settings.adapters)]
    for condition in settings.conditions:
        found = [standings.row(condition.name, adapter) for adapter in settings.adapters]
        told = [f"{estimate(row.saved, sign='+')}, {row.failures} of {row.seeds} failed" for row in found]
        rows.append((condition.name, condition.protocol, *told))
    return rows


def detail_rows(standings: Standings) -> Rows:
    """Every other figure, a row a condition and adapter."""
    columns: dict[str, Callable[[Row], str]] = {
        "condition": lambda row: row.condition,
        "adapter": lambda row: row.adapter,
        "cost": lambda row: number(row.cost),
        "saved over mb [95 %]": lambda row: estimate(row.saved, sign="+"),
        "path error": lambda row: millimetres(row.path_error_m),
        "progress": lambda row: number(row.progress_m, "m"),
        "failures": lambda row: f"{row.failures} of {row.seeds}",
        "model error": lambda row: number(row.error_adapted),
        "not adapted": lambda row: number(row.error_prior),
        "recovery, median": lambda row: recovery(row.recovery_s),
    }
    return [tuple(columns), *(tuple(cell(row) for cell in columns.values()) for row in standings.rows)]


def promise_rows(standings: Standings) -> Rows:
    """What must hold, and whether it does."""
    judged = promises(standings)
    rows: Rows = [("", "measured", "promised", "")]
    return rows + [(p.what, p.figure, p.limit, VERDICTS[p.kept]) for p in judged]


def estimate(found: Estimate | None, missing: str = "–", sign: str = "") -> str:
    """A figure with its interval."""
    if found is None:
        return missing
    if found.low == found.high:  # the zero and the one of the scores
        return f"{found.value:g}"
    return f"{found.value:{sign}.2f} [{found.low:{sign}.2f}, {found.high:{sign}.2f}]"


def recovery(seconds: float | None) -> str:
    """A recovery time in words."""
    return "–" if seconds is None else f"{seconds:.2f} s" if math.isfinite(seconds) else "most did not"


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """A table for a README."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def scores_csv(standings: Standings) -> str:
    """All rows for a spreadsheet; an interval takes three columns, a figure that there is not stays empty."""
    rows = [_spread(row) for row in standings.rows]
    return _csv([[*rows[0]], *([*row.values()] for row in rows)])


def _spread(row: Row) -> dict[str, object]:
    """Return the figures of a row by name, both ends of an interval among them."""
    figures: dict[str, object] = {}
    for name, value in vars(row).items():
        figures[name] = value
        if name in ("saved", "score"):
            three = (None, None, None) if value is None else (value.value, value.low, value.high)
            figures |= zip((name, f"{name}_low", f"{name}_high"), three, strict=True)
    return figures


def trials_csv(standings: Standings) -> str:
    """Every run for a spreadsheet."""
    figures = ("cost", "path_error_m", "progress_m", "fell", "failed", "onset_s", "recovery_s", "cpu_s")
    head = ["protocol", "condition", "adapter", "seed", *figures, "error_prior", "error_adapted", "happened"]
    rows: list[list[object]] = [[*head]]
    for trial, run in standings.measured.results.items():
        place = [trial.condition.protocol, trial.condition.name, trial.adapter, trial.seed]
        errors = [run["prediction_error"][name] for name in ("prior", "adapted")]
        rows.append([*place, *(run[name] for name in figures), *errors, " ".join(run["perturbations"])])
    return _csv(rows)


def _csv(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
