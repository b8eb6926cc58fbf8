"""The study as cells, each computed once and kept in a file: it can be done in pieces and goes on where it ended."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.workers import pool

Result = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One piece of the study.

    Attributes:
        kind: what is measured.
        arena: where, or empty.
        contender: who, or empty.
        amount: a number that the kind needs, such as sequences.
    """

    kind: str
    arena: str = ""
    contender: str = ""
    amount: int = 0

    @property
    def slug(self) -> str:
        """A file name that says which cell it is."""
        parts = [self.kind, self.arena, self.contender, str(self.amount) if self.amount else ""]
        return "--".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts if part)


@dataclass(frozen=True)
class Store:
    """A folder with one JSON file a finished cell."""

    folder: Path

    def get(self, cell: Cell) -> Result | None:
        """Return what a cell came to, or None where it is still to do."""
        file = self._file(cell)
        if not file.is_file():
            return None
        result: Result = json.loads(file.read_text(encoding="utf-8"))
        return result

    def put(self, cell: Cell, result: Result) -> None:
        """Keep a result; the file appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self._file(cell).with_suffix(".partial")
        partial.write_text(json.dumps(result) + "\n", encoding="utf-8")
        os.replace(partial, self._file(cell))

    def all(self, cells: Iterable[Cell]) -> dict[Cell, Result]:
        """Return the results of those cells that are done."""
        found = {cell: self.get(cell) for cell in cells}
        return {cell: result for cell, result in found.items() if result is not None}

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.slug}.json"


def run(
    cells: Sequence[Cell],
    store: Store,
    work: Callable[[Cell], Result],
    workers: int,
    done: Callable[[Cell, float], None],
) -> None:
    """Compute the cells that are still to do, on some processes or, with `workers` 0, in this one.

    Args:
        cells: independent of each other.
        store: where results go; each is written by the process that computed it.
        work: computes a cell; a picklable function.
        workers: processes.
        done: told each finished cell and its CPU time [s].
    """
    pending = [cell for cell in cells if store.get(cell) is None]
    if workers == 0 or not pending:
        for cell in pending:
            done(cell, compute(cell, store, work))
        return
    with pool(workers) as executor:
        jobs = {executor.submit(compute, cell, store, work): cell for cell in pending}
        for job in as_completed(jobs):
            done(jobs[job], job.result())


def compute(cell: Cell, store: Store, work: Callable[[Cell], Result]) -> float:
    """Compute and keep one cell; returns its CPU time [s]."""
    started = time.process_time()
    result = work(cell)
    seconds = time.process_time() - started
    store.put(cell, {**result, "cpu_s": seconds})
    return seconds
