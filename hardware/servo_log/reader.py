"""Reads a log of a servo process, a whole one or one that a crash cut short."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader

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
