"""Records from one process to others through shared memory: no locks, no waiting, nothing half-written.

One process appends to a ring, any number read from it. Each record carries its number and a checksum, the number being
taken away while the record is written: a sequence lock per slot (Lameter 2005, "Effective synchronization on
Linux/NUMA systems", section 4.2). The checksum also covers processors that show writes in another order, and a writer
that was killed half-way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import zlib
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Self

from hardware.processes import orphaned, sheltered

ATTEMPTS = 8
"""How often a reader looks again when the writer was quicker; then it reports nothing."""
_PLACE = Path("/dev/shm")
_WORD = 8
_MAGIC = 0x4C494D42_52494E47
_HEAD_WORDS = 4  # magic, slots, capacity in bytes, records written
_SLOT_WORDS = 3  # number (0 while being written), length, checksum


class RingError(RuntimeError):
    """A piece of shared memory is not the ring it should be, or there is none left for one."""


class RecordRing:
    """The newest records of one writer, each at most `capacity` bytes; an old one is overwritten, never waited for.

    Use as a context manager or call `close`. The process that created the ring also removes it.
    """

    def __init__(self, memory: SharedMemory, *, owner: bool) -> None:
        self._memory, self._owner = memory, owner
        assert memory.buf is not None  # none but a closed one has no bytes
        self._bytes = memory.buf
        self._words = self._bytes[: len(self._bytes) // _WORD * _WORD].cast("Q")
        _, self.slots, self.capacity, self._count = (int(word) for word in self._words[:_HEAD_WORDS])
        self._stride = _SLOT_WORDS + _words(self.capacity)

    @classmethod
    def create(cls, capacity: int, slots: int) -> RecordRing:
        """Make a ring for `slots` records of up to `capacity` bytes.

        Raises:
            ValueError: not at least one byte and two slots.
            RingError: there is not so much memory.
        """
        if capacity < 1 or slots < 2:
            raise ValueError(f"RecordRing: expected at least 1 byte and 2 slots, got {capacity} and {slots}")
        size = _WORD * (_HEAD_WORDS + slots * (_SLOT_WORDS + _words(capacity)))
        return cls(_reserved(size, struct.pack("=4Q", _MAGIC, slots, capacity, 0)), owner=True)

    @classmethod
    def attach(cls, name: str) -> RecordRing:
        """Open the ring that another process of this family made; raises RingError where there is none of this name."""
        try:
            memory = SharedMemory(name=name)
        except FileNotFoundError as error:
            raise RingError(f"ring {name!r}: expected a running peer, found no such shared memory") from error
        ring = cls(memory, owner=False)
        if ring._words[0] != _MAGIC:
            ring.close()
            raise RingError(f"ring {name!r}: expected a ring of records, found other shared memory")
        return ring

    @property
    def name(self) -> str:
        """What another process attaches by."""
        return self._memory.name

    @property
    def count(self) -> int:
        """Records written so far: the number of the newest one."""
        return int(self._words[_HEAD_WORDS - 1])

    def append(self, record: bytes) -> int:
        """Write a record and return its number; only one process may. Raises ValueError when it is too long."""
        if len(record) > self.capacity:
            raise ValueError(f"ring: expected a record of at most {self.capacity} bytes, got {len(record)}")
        number = self._count + 1
        slot = self._slot(number)
        words, begin = self._words, _WORD * (slot + _SLOT_WORDS)
        words[slot] = 0
        self._bytes[begin : begin + len(record)] = record
        words[slot + 1], words[slot + 2] = len(record), zlib.crc32(record, number & 0xFFFFFFFF)
        words[slot] = number
        words[_HEAD_WORDS - 1] = self._count = number
        return number

    def read(self, number: int) -> bytes | None:
        """Return record `number`; None when it is not written yet, or overwritten, even while it was being read."""
        slot = self._slot(number)
        words, begin = self._words, _WORD * (slot + _SLOT_WORDS)
        length = int(words[slot + 1])
        if number < 1 or words[slot] != number or length > self.capacity:
            return None
        record = bytes(self._bytes[begin : begin + length])
        whole = words[slot + 2] == zlib.crc32(record, number & 0xFFFFFFFF) and words[slot] == number
        return record if whole else None

    def newest(self) -> tuple[int, bytes] | None:
        """Return the newest record with its number; None when there is none or the writer was always quicker."""
        for _ in range(ATTEMPTS):
            number = self.count
            if number == 0:
                return None
            record = self.read(number)
            if record is not None:
                return number, record
        return None

    def close(self) -> None:
        """Let go of the memory; the creator also removes it. Closing twice is allowed."""
        self._words.release()
        self._memory.close()
        if self._owner:
            with contextlib.suppress(FileNotFoundError):
                self._memory.unlink()
            self._owner = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _slot(self, number: int) -> int:
        return _HEAD_WORDS + (number - 1) % self.slots * self._stride


class Follower:
    """Reads a ring's records in order, from the next one on; counts those that were overwritten before it came."""

    def __init__(self, ring: RecordRing, *, from_start: bool = False) -> None:
        self._ring = ring
        self._next = 1 if from_start else ring.count + 1
        self.lost = 0

    @property
    def taken(self) -> int:
        """Number of the record that was taken last."""
        return self._next - 1

    def take(self) -> bytes | None:
        """Return the next record; None when there is none yet."""
        while self._next <= (count := self._ring.count):
            oldest = count - self._ring.slots + 1
            if self._next < oldest:
                self.lost += oldest - self._next
                self._next = oldest
            record = self._ring.read(self._next)
            self._next += 1
            if record is not None:
                return record
            self.lost += 1
        return None


def create_all(*sizes: tuple[int, int]) -> tuple[RecordRing, ...]:
    """Return a ring for each pair of capacity and slots; where there is no memory for all of them, none is left."""
    with contextlib.ExitStack() as stack:
        rings = tuple(stack.enter_context(RecordRing.create(*size)) for size in sizes)
        stack.pop_all()
    return rings


@contextlib.contextmanager
def attach_all(*names: str) -> Iterator[tuple[RecordRing, ...]]:
    """Open rings that the parent process made, for as long as they are needed; removed at the end if it is gone."""
    with contextlib.ExitStack() as stack:
        rings = tuple(stack.enter_context(RecordRing.attach(name)) for name in names)
        try:
            yield rings
        finally:
            for ring in rings:
                ring._owner = orphaned()  # whoever is left when the creator is gone removes the memory


def _reserved(size: int, head: bytes) -> SharedMemory:
    """Return new shared memory that is really there: a write to a page that is not ends a process by a bus error."""
    try:
        with sheltered():  # Python starts a process that removes what a killed one left behind
            memory = SharedMemory(create=True, size=size)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(_PLACE)) from error
    try:
        with open(_PLACE / memory.name, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            file.write(head)
    except OSError as error:
        memory.close()
        memory.unlink()
        if error.errno != errno.ENOSPC:
            raise
        free = os.statvfs(_PLACE)
        got = f"{free.f_bavail * free.f_frsize / 1e6:.1f} MB ({error.strerror})"
        cure = "remove what lies there, or give a container more, for example docker run --shm-size=128m"
        raise RingError(f"shared memory: expected {size / 1e6:.1f} MB free in {_PLACE}, got {got}; {cure}") from error
    return memory


def _words(size: int) -> int:
    return -(-size // _WORD)
