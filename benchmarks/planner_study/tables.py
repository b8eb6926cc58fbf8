"""The study as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from benchmarks.planner_study.figures import Row, rows
from benchmarks.planner_study.study import SEQUENCES, Study
from controller.stress.acceptance import Promise

HEADINGS = ("planner", "sequences", "cost per step [95 %]", "above the default [95 %]", "CPU p50 / p95 / p99 [ms]",
            "wall p50 / p99 [ms]")  # fmt: skip
TITLES = {
    "equal": f"equal model evaluations: {SEQUENCES} sequences a plan",
    "time": "equal time: as many sequences as fit the CPU time of a plan",
}
VERDICTS = {True: "pass", False: "FAIL", None: "open"}


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as text."""
    cpu, wall, gap = row.cpu_ms, row.wall_ms, row.gap
    return (
        row.name if row.family == "ours" else f"{row.name} ({row.family})" if row.family == "peer" else row.name,
        f"{row.sequences:.0f}",
        f"{row.cost.mean:.3f} [{row.cost.low:.3f}, {row.cost.high:.3f}]",
        "" if gap is None else f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]",
        f"{cpu['p50']:.2f} / {cpu['p95']:.2f} / {cpu['p99']:.2f}",
        f"{wall['p50']:.2f} / {wall['p99']:.2f}",
    )


def comparison(study: Study) -> Iterator[Table]:
    """Return both tables."""
    for kind, title in TITLES.items():
        table = Table("problem", *HEADINGS, title=title)
        for arena in study.arenas:
            for index, row in enumerate(rows(study, kind, arena.name)):
                name = f"{arena.name}, {arena.budget_ms:g} ms" if kind == "time" else arena.name
                table.add_row("" if index else name, *cells(row))
            table.add_section()
        yield table


def verdicts(judged: Sequence[Promise]) -> Table:
    """Return what must hold, a line each."""
    table = Table("", "what must hold", "measured", "promised")
    for promise in judged:
        colour = {True: "green", False: "red", None: "yellow"}[promise.kept]
        table.add_row(f"[{colour}]{VERDICTS[promise.kept]}[/]", promise.what, promise.figure, promise.limit)
    return table
