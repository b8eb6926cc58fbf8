"""A study as cells, each computed once and kept in a file: it can be done in pieces and goes on where it ended.

Its folder belongs to one study: another one is neither overwritten nor mixed in. Only the process that asked for the
cells writes files, so whoever computes them needs no folder in common with it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import json
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from controller.settings.layers import ConfigError
from dynamics.files import whole

Result = dict[str, Any]
_WIDTH = 160
"""Of tables where stderr is no terminal that has a width of its own."""


class Cell(Hashable, Protocol):
    """One piece of a study."""

    @property
    def slug(self) -> str:
        """A file name, without its ending, that says which cell it is."""


C = TypeVar("C", bound=Cell)


@dataclass(frozen=True)
class Store:
    """A folder with one JSON file a finished cell."""

    folder: Path
    shape: type = dict
    """What a result consists of: a type as Pydantic checks it."""

    def get(self, cell: Cell) -> Result | None:
        """Return what a cell came to, or None where it is still to do; ConfigError where the file holds no result."""
        file = self._file(cell)
        if not file.is_file():
            return None
        text = file.read_bytes()
        try:
            self._check.validate_json(text, strict=True)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join((str(file), *map(str, problem["loc"])))
            told = f"expected a result as JSON ({problem['msg']}); delete it to compute it again"
            raise ConfigError(f"{place}: {told}") from error
        result: Result = json.loads(text)
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

    @functools.cached_property
    def _check(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.shape)

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.slug}.json"


@contextmanager
def claimed(folder: Path, what: str, text: str, *, resume: bool) -> Iterator[None]:
    """Make the folder, or see that what it holds may be gone on with; no other process works in it meanwhile.

    The text, of settings that the results depend on, is kept as settings.yaml; `what` a study is called, for messages.
    Raises ConfigError where the folder is somebody else's, or cannot be written.
    """
    record, place = folder / "settings.yaml", f"command line: --out: {folder}"
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(record.open("a+", encoding="utf-8", errors="surrogateescape"))
            _lock(file)
            file.seek(0)
            before = file.read()
            if not before:
                file.write(text)
                file.flush()
        except BlockingIOError as error:
            raise ConfigError(f"{place} is being written to by another process; choose another folder") from error
        except OSError as error:
            raise ConfigError(f"command line: --out: cannot write to {folder}: {error}") from error
        if before not in ("", text):
            raise ConfigError(f"{place} holds {what} with other settings; choose another folder")
        if not resume and any(path != record for path in folder.iterdir()):
            raise ConfigError(f"{place} holds {what} already; go on with it by --resume")
        yield


def _lock(file: IO[str]) -> None:
    """Lock a file for as long as it is open; BlockingIOError where another process does. Some file systems cannot."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def run(
    cells: Sequence[C], store: Store, work: Callable[[C], Result], executor: Executor | None, done: Callable[[C], None]
) -> None:
    """Compute the cells that are still to do, independent of each other, and store each as soon as it is there.

    The work is a picklable function; without an executor it is done in this process. `done` is told what is kept.
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


def console() -> Console:
    """Return where progress and tables are shown."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH)


def bars(console: Console) -> Progress:
    """Return a place for bars, each with a note beside it; a context manager."""
    columns = (TextColumn("{task.description:16}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    note = TextColumn("{task.fields[note]}")
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), note, console=console)
