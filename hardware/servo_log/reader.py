"""Reads a log of a servo process, a whole one or one that a crash cut short."""

from __future__ import annotations

import json
import mmap
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Never, cast

import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata
from mcap.stream_reader import StreamReader, breakup_chunk

_UNREADABLE = (McapError, EOFError, ValueError, KeyError, OverflowError, struct.error, zstandard.ZstdError)
"""What its reader raises, and the decompressor of chunks."""
_RECORD = 2**24
"""No record, and no chunk unpacked, is larger: those of our writer are of some 70 kB [bytes]."""
_RATIO = 100
"""Most bytes that one byte of a file may unpack to, beyond a first chunk; our logs have some ten."""
_ENDLESS = re.compile(rb"\d{300}")
"""Digits of a number that no float holds."""


class LogError(ValueError):
    """A log cannot be read; the message names the file."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what goes wrong with a message that is not as we write them into a LogError, one line about `what`."""
    try:
        yield
    except LogError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        raise LogError(f"log: {what}: not as this version of Limber writes it: {reason}") from error


@dataclass(frozen=True)
class Entry:
    """One message of a log."""

    channel: str
    time: float
    """Since the epoch [s]."""
    data: bytes

    def json(self) -> dict[str, object]:
        """Return the content of a channel of JSON; raises LogError unless it is an object of real numbers."""
        with reading(f"{self.channel} at {self.time:.3f} s"):
            if _ENDLESS.search(self.data):
                raise ValueError("a number of more than 300 digits")
            told: dict[str, object] = json.loads(self.data, parse_constant=_no_number)
            if not isinstance(told, dict):
                raise TypeError(f"expected an object, got {type(told).__name__}")
            return told


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
            for record in _records(file):
                match record:
                    case Channel():
                        names[record.id] = record.topic
                    case Message():
                        entries.append(Entry(names[record.channel_id], 1e-9 * record.log_time, record.data))
                    case Metadata():
                        robot = record.metadata.get("robot", robot)
        except _UNREADABLE as error:  # what a cut, or damage, in different places gives
            if not robot:
                got = f"{error}".partition("\n")[0][:200] or "the end of the file"
                raise LogError(f"{path}: expected a log of a servo process (MCAP), got {got}") from error
            cut, place = True, file.tell()
            damaged = place if place < path.stat().st_size else None
    if not robot:
        raise LogError(f"{path}: expected a log of a servo process, found no robot in it")
    return ServoLog(robot, tuple(entries), cut, damaged)


def _records(file: IO[bytes]) -> Iterator[McapRecord]:
    """Yield the records of a file, those of chunks too; ValueError where one is too large for any memory."""
    if not file.seek(0, os.SEEK_END):
        raise EOFError
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        left = _RATIO * len(content) + _RECORD
        stream = cast(IO[bytes], content)
        reader = StreamReader(stream, emit_chunks=True, validate_crcs=True, record_size_limit=_RECORD)
        for record in reader.records:
            file.seek(content.tell())
            if not isinstance(record, Chunk):
                yield record
                continue
            size = record.uncompressed_size
            if record.compression:
                size = max(size, zstandard.frame_content_size(record.data))
            left -= size
            if record.compression not in ("", "zstd") or size > _RECORD or left < 0:
                raise ValueError(f"a chunk of {size:,} bytes, compressed as {record.compression!r:.20}")
            yield from breakup_chunk(record, validate_crc=True)


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is no number")
