"""The log of a servo process: an MCAP file, written by a process of its own that follows the shared memory.

The servo loop never waits for it: what the writer is too slow for is dropped and counted. A chunk is closed at least
every half second, so that a log is readable up to there whatever ends the process. When the disk is full, logging
stops and says so; control goes on.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from mcap.writer import IndexType, Writer

from hardware.clock import uptime
from hardware.feedback import Feedback
from hardware.processes import finish, orphaned, sheltered, stand_alone
from hardware.robot import FloatArray, RobotCommand
from hardware.schedule import ActionSchedule
from hardware.servo.exchange import WIRE_HEAD, Rings
from hardware.servo.records import BadRecord, Cycle, CycleLayout, OrderLayout
from hardware.servo.ring import Follower, RecordRing, attach_all, create_all
from hardware.spec import RobotSpec

CHANNELS = ("state", "command", "plan", "event", "note", "wire_received", "wire_sent")
"""JSON, but for the wire's, which hold the bytes as they were. `note` is what the plan loop adds, such as errors of its
model."""
CHUNK = 262_144
"""A chunk of this size closes without a stall worth mentioning [bytes]; in an hour there are 25,000."""
_INDEX = IndexType.CHUNK | IndexType.METADATA
"""What is remembered until the end: where chunks are, but not what is where in each, which an hour makes 100 MB of."""
FLUSH = 0.5
"""Longest time that a message waits for its chunk to be closed [s]."""
NOTE_BYTES = 65_536
"""A plan with all that its planner wants back fits well."""
_POLL = 0.02
_START = 20.0
_SILENCE = 1.0
"""When its time is over, the writer goes on until nothing has come for this long [s]."""
_LINGER = 2.0
"""Once asked to stop it goes on no longer than this, whatever comes [s]."""


@dataclass(frozen=True)
class LogJob:
    """What the writer needs to begin."""

    path: Path
    spec: RobotSpec
    rings: Rings[str]
    notes: str
    status: str
    origin: float
    """Of the host clock [s]."""


class LogWriter:
    """`with LogWriter(path, spec, servo.rings, servo.clock.origin) as log: log.note({...})`."""

    def __init__(self, path: Path, spec: RobotSpec, rings: Rings[str], origin: float) -> None:
        self._notes, self._status = create_all((NOTE_BYTES, 256), (1024, 4))
        self._final: dict[str, object] | None = None
        job = LogJob(path, spec, rings, self._notes.name, self._status.name, origin)
        self._process = multiprocessing.get_context("spawn").Process(target=run, args=(job,), name="limber-log")

    def __enter__(self) -> Self:
        """Start the process; returns when it writes, or has said why it cannot."""
        try:
            with sheltered():
                self._process.start()
        except OSError:
            self.close()
            raise
        deadline = time.monotonic() + _START
        while self._status.count == 0 and self._process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    def note(self, what: dict[str, object]) -> None:
        """Add something that the plan loop knows; dropped where it is too long."""
        line = json.dumps(what).encode()
        if len(line) <= NOTE_BYTES:
            self._notes.append(line)

    def status(self) -> dict[str, object]:
        """Return how many messages were written and lost, and why logging stopped, if it did; also after the end."""
        if self._final is not None:
            return self._final
        found = self._status.newest()
        return {} if found is None else dict(json.loads(found[1]))

    def close(self) -> None:
        """Let the writer finish. Closing twice is allowed."""
        finish(self._process, _SILENCE + 10.0)
        self._final = self.status()
        self._notes.close()
        self._status.close()


def run(job: LogJob) -> None:
    """Be the log process."""
    os.nice(5)
    with attach_all(job.status, job.notes, *job.rings) as (status, notes, *rings):
        logger = _Logger(job, status, notes, Rings(*rings))
        try:
            logger.run()
        except OSError as error:
            logger.report(f"{job.path}: {error.strerror}")


class _Logger:
    """Follows the rings and writes."""

    def __init__(self, job: LogJob, status: RecordRing, notes: RecordRing, rings: Rings[RecordRing]) -> None:
        self._job, self._status = job, status
        self._asked: float | None = None
        self._offset = time.time() - uptime() + job.origin
        self._cycles, self._orders = CycleLayout(job.spec), OrderLayout(job.spec)
        self._followers = [Follower(ring, from_start=True) for ring in (*rings, notes)]
        self._written = 0
        stand_alone(self._ask)

    def report(self, stopped: str | None = None) -> None:
        """Say how much was written and lost, and why no more is written."""
        counts = self._counts() if stopped is None else self._counts() | {"stopped": stopped}
        self._status.append(json.dumps(counts).encode())

    def run(self) -> None:
        """Write until asked to stop, or left alone, and nothing comes any more."""
        self._open()
        flushed = heard = time.monotonic()
        while True:
            if self._drain():
                heard = time.monotonic()
            now = time.monotonic()
            if now - flushed > FLUSH:
                self._writer.flush()  # type: ignore[no-untyped-call]
                self.report()
                flushed = now
            if (self._asked is not None or orphaned()) and now - heard > _SILENCE:
                break
            if self._asked is not None and now - self._asked > _LINGER:
                break
            time.sleep(_POLL)
        self._writer.add_metadata("counts", {name: str(count) for name, count in self._counts().items()})
        self._writer.finish()  # type: ignore[no-untyped-call]
        self.report()

    def _counts(self) -> dict[str, object]:
        return {"written": self._written, "lost": sum(follower.lost for follower in self._followers)}

    def _ask(self) -> None:
        self._asked = self._asked or time.monotonic()

    def _open(self) -> None:
        """Begin the file."""
        job = self._job
        self._writer = Writer(job.path.open("wb"), chunk_size=CHUNK, index_types=_INDEX)
        self._writer.start(profile="limber")
        self._writer.add_metadata("limber", {"robot": job.spec.source or job.spec.name})
        schema = self._writer.register_schema("limber", "jsonschema", b'{"type": "object"}')
        kinds = {name: ("cdr", 0) if name.startswith("wire") else ("json", schema) for name in CHANNELS}
        self._ids = {name: self._writer.register_channel(name, *kind) for name, kind in kinds.items()}
        self._writer.flush()  # type: ignore[no-untyped-call]  # where there is no room, now is the time to say so
        self.report()

    def _drain(self) -> bool:
        """Write all that has come; tell whether there was anything."""
        orders, cycles, events, wire, notes = self._followers
        before = self._written
        for record in iter(cycles.take, None):
            self._cycle(self._cycles.unpack(record))
        for record in iter(orders.take, None):
            self._order(record, orders.taken)
        for follower, channel in ((events, "event"), (notes, "note")):
            for record in iter(follower.take, None):
                self._add(channel, uptime() - self._job.origin, record)
        for record in iter(wire.take, None):
            kind, stamp = WIRE_HEAD.unpack_from(record)
            self._add("wire_received" if kind == b"R" else "wire_sent", stamp, record[WIRE_HEAD.size :])
        return self._written > before

    def _cycle(self, cycle: Cycle) -> None:
        report = cycle.report
        told = {name: getattr(report, name) for name in ("mode", "rung", "plan_age", "fault", "action")}
        told |= {"time": cycle.time, "late": cycle.late, "order": cycle.order, "command": report.sent}
        self._add_json("state", cycle.time, vars(cycle.state))
        self._add_json("command", cycle.time, told)

    def _order(self, record: bytes, number: int) -> None:
        try:
            order = self._orders.unpack(record)
        except BadRecord as error:
            self._add_json("plan", uptime() - self._job.origin, {"number": number, "refused": str(error)})
            return
        self._add_json("plan", order.published, {"number": number} | vars(order))

    def _add_json(self, channel: str, at: float, told: Mapping[str, object]) -> None:
        self._add(channel, at, json.dumps({name: _plain(value) for name, value in told.items()}).encode())

    def _add(self, channel: str, at: float, data: bytes) -> None:
        stamp = int(1e9 * (self._offset + at))
        self._writer.add_message(self._ids[channel], stamp, data, stamp, self._written)
        self._written += 1


def _plain(value: object) -> object:
    """Return numbers and lists; null for what is not finite, because JSON has no NaN."""
    match value:
        case np.ndarray():
            array: FloatArray = value
            return array.tolist() if np.isfinite(array).all() else [_plain(number) for number in array.tolist()]
        case float():
            return value if math.isfinite(value) else None
        case tuple():
            return [_plain(item) for item in value]
        case int() | str() | None:
            return value
        case ActionSchedule() | Feedback() | RobotCommand():
            return {name: _plain(inner) for name, inner in vars(value).items()}
    return getattr(value, "value", str(value))
