"""What people see of work that takes hours: bars and tables on stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_WIDTH = 160
"""Of tables where stderr is no terminal that has a width of its own."""


def console() -> Console:
    """Return where progress and tables are shown."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH)


def bars(console: Console) -> Progress:
    """Return a place for bars, each with a note beside it; a context manager."""
    columns = (TextColumn("{task.description:16}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    note = TextColumn("{task.fields[note]}")
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), note, console=console)
