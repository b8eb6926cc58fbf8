"""Reads a log of a servo process, a whole one or one that a crash cut short, and exports it for plotting."""

from __future__ import annotations

import csv
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader

from hardware.robot import FloatArray

_UNREADABLE = (McapError, EOFError, ValueError, struct.error, zstandard.ZstdError, RuntimeError)
"""What its reader raises, and the decompressors of chunks; that of LZ4 has no family of its own."""


class LogError(ValueError):
    """A log cannot be read; the message names the file."""


@dataclass(frozen=True)
class Entry:
    """One message of a log."""

    channel: str
    time: float
    """Since the epoch [s]."""
    data: bytes

    def json(self) -> dict[str, object]:
        """Return the content of a channel of JSON."""
        return dict(json.loads(self.data))


@dataclass(frozen=True)
class ServoLog:
    """All that could be read."""

    robot: str
    entries: tuple[Entry, ...]
    cut: bool
    """Not all could be read: the file ends before it should, or is damaged."""
    damaged: int | None = None
    """Where reading had to end although the file goes on [byte]."""

    def of(self, channel: str) -> Iterator[Entry]:
        """Return the messages of one channel, in the order they were written."""
        return (entry for entry in self.entries if entry.channel == channel)


def read_log(path: Path) -> ServoLog:
    """Read a log, as far as it goes.

    Raises:
        LogError: it is no log of a servo process.
        OSError: the file cannot be read.
    """
    names: dict[int, str] = {}
    entries: list[Entry] = []
    robot, cut, damaged = "", False, None
    with path.open("rb") as file:
        try:
            for record in StreamReader(file, validate_crcs=True).records:
                match record:
                    case Channel():
                        names[record.id] = record.topic
                    case Message():
                        entries.append(Entry(names[record.channel_id], 1e-9 * record.log_time, record.data))
                    case Metadata():
                        robot = record.metadata.get("robot", robot)
        except _UNREADABLE as error:  # what a cut, or damage, in different places gives
            if not robot:
                got = f"{error}" or "the end of the file"
                raise LogError(f"{path}: expected a log of a servo process (MCAP), got {got}") from error
            cut, place = True, file.tell()
            damaged = place if place < path.stat().st_size else None
    if not robot:
        raise LogError(f"{path}: expected a log of a servo process, found no robot in it")
    return ServoLog(robot, tuple(entries), cut, damaged)


def columns(log: ServoLog) -> dict[str, FloatArray]:
    """Return every number of states and commands over time, by name: `state.motor_position.3` and so on (T,)."""
    told = zip(log.of("state"), log.of("command"), strict=False)  # a cut log may lack the last command
    rows = [_flat("state", state.json()) | _flat("command", command.json()) for state, command in told]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def export(log: ServoLog, path: Path) -> None:
    """Write the columns as .npz or .csv, whatever the name ends in.

    Raises:
        LogError: it ends in something else.
    """
    numbers = columns(log)
    match path.suffix:
        case ".npz":
            with _whole(path) as partial, partial.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **numbers)
        case ".csv":
            with _whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as text:
                writer = csv.writer(text)
                writer.writerow(numbers)
                writer.writerows(zip(*(column.tolist() for column in numbers.values()), strict=True))
        case other:
            raise LogError(f"{path}: expected a name that ends in .npz or .csv, got '{other}'")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Yield a name to write to that becomes `path` when all is written; an earlier file is kept until then."""
    partial = path.with_suffix(".partial")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _flat(prefix: str, value: object) -> dict[str, float]:
    """Return the numbers in nested JSON by dotted names; null is NaN, text is left out."""
    match value:
        case bool() | str():
            return {}
        case int() | float():
            return {prefix: float(value)}
        case Mapping():
            return {name: n for key, inner in value.items() for name, n in _flat(f"{prefix}.{key}", inner).items()}
        case list():
            return {name: n for i, inner in enumerate(value) for name, n in _flat(f"{prefix}.{i}", inner).items()}
        case None:
            return {prefix: float("nan")}
    return {}
