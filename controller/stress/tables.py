"""The standings of a stress suite as rows of text, for a terminal, a page, a README and a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import fields

from rich.table import Table

from controller.bootstrap import Estimate
from controller.stress.acceptance import promises
from controller.stress.standings import Row, Standings, groups
from controller.telemetry.findings import millimetres, number

Rows = list[tuple[str, ...]]
NO_ROOM = "no head-room"
VERDICTS = {True: "holds", False: "does not hold", None: "cannot tell"}
TITLES = {
    "suite": "Gap closed between mb (0) and informed (1), interquartile mean [95 %]",
    "conditions": "Gap closed in each condition",
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
        if len(rows) == 1:
            continue
        table = Table(*rows[0], title=TITLES[name])
        for row in rows[1:]:
            table.add_row(*row)
        yield table


def suite_rows(standings: Standings) -> Rows:
    """Gap closed over each protocol, a row an adapter; how many of its conditions have head-room stands in the head."""
    settings = standings.measured.settings
    counts = {g: f"{len(standings.roomy(c))}/{len(c)}" for g, c in groups(settings).items()}
    head = ("", *(f"{group} ({count})" for group, count in counts.items()))
    rows = [
        (adapter, *(estimate(standings.suites.get(group, {}).get(adapter), NO_ROOM) for group in counts))
        for adapter in settings.adapters
    ]
    return [head, *rows]


def condition_rows(standings: Standings) -> Rows:
    """Gap closed in each condition, and the gap itself as a cost per step."""
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


def detail_rows(standings: Standings) -> Rows:
    """Every other figure, a row a condition and adapter."""
    rows: Rows = [
        ("condition", "adapter", "cost", "saved over mb [95 %]", "path error", "progress", "failures", "model error",
         "not adapted", "recovery, median")
    ]  # fmt: skip
    for row in standings.rows:
        rows.append(
            (
                row.condition,
                row.adapter,
                number(row.cost),
                estimate(row.saved, sign="+"),
                millimetres(known(row.path_error_m)),
                number(known(row.progress_m), "m"),
                f"{row.failures} of {row.seeds}",
                number(known(row.error_adapted)),
                number(known(row.error_prior)),
                recovery(row.recovery_s),
            )
        )
    return rows


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


def known(value: float | None) -> float | None:
    """A figure, or None where there is none that is finite."""
    return value if value is not None and math.isfinite(value) else None


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """A table for a README."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def scores_csv(standings: Standings) -> str:
    """All rows for a spreadsheet; an interval takes three columns, a figure that there is not stays empty."""
    out = io.StringIO()
    names = [field.name for field in fields(Row)]
    wide = {"saved", "score"}
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([n for name in names for n in ([name, f"{name}_low", f"{name}_high"] if name in wide else [name])])
    for row in standings.rows:
        cells: list[object] = []
        for name in names:
            value = getattr(row, name)
            if name not in wide:
                cells.append(value)
            else:
                cells += ["", "", ""] if value is None else [value.value, value.low, value.high]
        writer.writerow(cells)
    return out.getvalue()


def trials_csv(standings: Standings) -> str:
    """Every run for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    figures = ("cost", "path_error_m", "progress_m", "fell", "failed", "onset_s", "recovery_s", "cpu_s")
    writer.writerow(["protocol", "condition", "adapter", "seed", *figures, "error_prior", "error_adapted", "happened"])
    for trial, run in standings.measured.results.items():
        place = [trial.condition.protocol, trial.condition.name, trial.adapter, trial.seed]
        errors = [run["prediction_error"][name] for name in ("prior", "adapted")]
        writer.writerow([*place, *(run[name] for name in figures), *errors, " ".join(run["perturbations"])])
    return out.getvalue()
