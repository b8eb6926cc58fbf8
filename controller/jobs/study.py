"""A study as cells, each computed once and kept in a file: it can be done in pieces and goes on where it ended.

Its folder belongs to one study: another one is neither overwritten nor mixed in. Only the process that asked for the
cells writes files, so whoever computes them needs no folder in common with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from controller.settings.layers import ConfigError
from dynamics.files import whole

Result = dict[str, Any]


class Cell(Hashable, Protocol):
    """One piece of a study."""

    @property
    def slug(self) -> str:
        """A file name, without its ending, that says which cell it is."""
        ...


C = TypeVar("C", bound=Cell)


@dataclass(frozen=True)
class Store:
    """A folder with one JSON file a finished cell."""

    folder: Path

    def get(self, cell: Cell) -> Result | None:
        """Return what a cell came to, or None where it is still to do; ConfigError where it cannot be read."""
        file = self._file(cell)
        if not file.is_file():
            return None
        try:
            result: Result = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(f"{file}: expected a result as JSON ({error}); delete it to compute it again") from error
        return result

    def put(self, cell: Cell, result: Result) -> None:
        """Keep a result; the file appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole(self._file(cell)) as partial:
            partial.write_text(json.dumps(result) + "\n", encoding="utf-8")

    def all(self, cells: Iterable[C]) -> dict[C, Result]:
        """Return the results of those cells that are done."""
        found = {cell: self.get(cell) for cell in cells}
        return {cell: result for cell, result in found.items() if result is not None}

    def missing(self, cells: Iterable[C]) -> list[C]:
        """Return the cells that are still to do."""
        return [cell for cell in cells if not self._file(cell).is_file()]

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.slug}.json"


def claim(folder: Path, what: str, text: str, *, resume: bool) -> None:
    """Make the folder, or see that what it holds may be gone on with.

    Args:
        folder: of the study; created.
        what: what a study is called, for the message: "an experiment".
        text: the settings that the results depend on, as YAML; kept as settings.yaml.
        resume: whether going on was asked for.

    Raises:
        ConfigError: it holds something else or something earlier, or cannot be written.
    """
    record = folder / "settings.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not record.exists():
            record.write_text(text, encoding="utf-8")
        before = record.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"command line: --out: cannot write to {folder}: {error}") from error
    if before != text:
        raise ConfigError(f"command line: --out: {folder} holds {what} with other settings; choose another folder")
    if not resume and any(path != record for path in folder.iterdir()):
        raise ConfigError(f"command line: --out: {folder} holds {what} already; go on with it by --resume")


def run(
    cells: Sequence[C],
    store: Store,
    work: Callable[[C], Result],
    executor: Executor | None,
    done: Callable[[C], None],
) -> None:
    """Compute the cells that are still to do.

    Args:
        cells: independent of each other.
        store: where results go, each as soon as it is there.
        work: computes a cell; a picklable function.
        executor: where; None computes in this process.
        done: told each cell that is finished and kept.
    """
    missing = store.missing(cells)
    if executor is None:
        for cell in missing:
            store.put(cell, timed(work, cell))
            done(cell)
        return
    jobs = {executor.submit(timed, work, cell): cell for cell in missing}
    try:
        for job in as_completed(jobs):
            store.put(jobs[job], job.result())
            done(jobs[job])
    finally:
        for job in jobs:
            job.cancel()


def timed(work: Callable[[C], Result], cell: C) -> Result:
    """Compute a cell; its CPU time stands in the result as `cpu_s` [s]."""
    started = time.process_time()
    return {**work(cell), "cpu_s": time.process_time() - started}
