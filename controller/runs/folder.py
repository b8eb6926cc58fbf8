"""The folder that a run leaves, whatever was driven, and what is told of it."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.config import RunSettings
from controller.settings import robots
from controller.settings.layers import ConfigError, to_yaml
from dynamics.files import whole

_RECORD, _BEGUN = "settings.yaml", ("log.jsonl", "servo.mcap")
"""What says that a folder is taken, and what is begun before a run is."""


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        summary: the figures of the run; with a comparison, those of the other run under `compare`.
        headline: what happened, in one sentence.
        interrupted: somebody pressed Ctrl-C; the files are complete up to then.
        fault: why the robot stopped, where it did so for another reason than a fall.
        complete: all files are whole; where a disk was full, some are not.
    """

    summary: Mapping[str, object]
    headline: str
    folder: Path
    interrupted: bool
    fault: str | None
    complete: bool = True


@contextmanager
def run_folder(settings: RunSettings, out: Path | None) -> Iterator[Path]:
    """Take a folder for a run that nobody else has and put its settings there; None makes up a name in runs/.

    Where the run is refused before it has begun, nothing is left of it. Raises ConfigError where the folder holds
    another run or cannot be written.
    """
    try:
        folder = _new_folder(settings) if out is None else out
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder, to_yaml(settings))
    except OSError as error:
        raise ConfigError(f"command line: --out: cannot write to {out or 'runs'}: {error.strerror}") from error
    try:
        yield folder
    except ConfigError:
        with contextlib.suppress(OSError):
            for name in (_RECORD, *_BEGUN):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
        raise


def _new_folder(settings: RunSettings) -> Path:
    """Make runs/<time>-<robot>-<course>-<adapter>, with a number behind it where that is taken."""
    robot = robots.spec(settings.robot).name
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{robot}-{settings.course_name}-{settings.adapter}"
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("numbers do not end")


def _claim(folder: Path, settings: str) -> None:
    """Put settings into a folder: of several processes that want it, one succeeds."""
    record = folder / _RECORD
    try:
        file = record.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise ConfigError(f"command line: --out: {folder} holds a run already; choose another folder") from error
    try:
        with file:
            file.write(settings)
    except OSError:
        record.unlink()
        raise


def write_summary(path: Path, result: Mapping[str, object]) -> None:
    """Write the figures of a run; the file appears whole or not at all."""
    with whole(path) as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
