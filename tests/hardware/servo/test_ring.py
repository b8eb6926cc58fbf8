"""Rings of records: whole records only, newest first, and a reader that never waits."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from hardware.servo.ring import Follower, RecordRing, RingError

ROOT = Path(__file__).parents[3]
LENGTHS = (1, 7, 64, 500)
ENOUGH = 50
"""Different records that a reader must have seen."""


def content(number: int) -> bytes:
    """One repeated byte; byte and length follow from the number."""
    return bytes([number % 251]) * LENGTHS[number % len(LENGTHS)]


def hammer(name: str, stop: Event) -> None:
    """Write records as fast as it goes."""
    with RecordRing.attach(name) as ring:
        while not stop.is_set():
            for _ in range(500):
                ring.append(content(ring.count + 1))


@pytest.mark.parametrize("slots", [2, 8])
def test_no_reader_ever_sees_a_torn_record(slots: int) -> None:
    context = multiprocessing.get_context("spawn")
    stop, end = context.Event(), time.monotonic() + 30.0
    with RecordRing.create(max(LENGTHS), slots) as ring:
        writer = context.Process(target=hammer, args=(ring.name, stop), daemon=True)
        writer.start()
        seen, last = 0, 0
        while seen < ENOUGH and time.monotonic() < end:
            found = ring.newest()
            if found is not None:
                number, record = found
                assert number >= last
                assert record == content(number)
                seen, last = seen + (number != last), number
        stop.set()
        writer.join()
        assert seen == ENOUGH
        assert ring.newest() == (ring.count, content(ring.count))


def test_nothing_was_written_yet() -> None:
    with RecordRing.create(8, 2) as ring:
        assert ring.newest() is None
        assert ring.read(1) is None
        assert Follower(ring).take() is None


def test_the_newest_and_those_still_there_can_be_read() -> None:
    with RecordRing.create(8, 4) as ring:
        for number in range(1, 11):
            assert ring.append(b"%d" % number) == number
        assert ring.newest() == (10, b"10")
        assert [ring.read(number) for number in (0, 6, 7, 9, 10, 11)] == [None, None, b"7", b"9", b"10", None]


@pytest.mark.parametrize("place", ["payload", "number", "length", "checksum"])
def test_a_damaged_record_is_not_returned(place: str) -> None:
    with RecordRing.create(16, 2) as ring:
        ring.append(b"sixteen bytes!!!")
        assert ring.newest() is not None
        offset = {"number": 0, "length": 8, "checksum": 16, "payload": 24}[place]
        ring._bytes[8 * 4 + offset] ^= 1
        assert ring.newest() is None


def test_a_writer_that_died_half_way_hides_one_slot_and_not_the_record_before() -> None:
    with RecordRing.create(8, 4) as ring:
        ring.append(b"whole")
        ring._words[ring._slot(2)] = 0  # the first thing that the next append does
        assert ring.newest() == (1, b"whole")


def test_a_follower_takes_every_record_once_and_counts_what_it_missed() -> None:
    with RecordRing.create(8, 4) as ring:
        follower = Follower(ring)
        for number in range(3):
            ring.append(b"%d" % number)
        assert [follower.take() for _ in range(4)] == [b"0", b"1", b"2", None]
        for number in range(3, 13):
            ring.append(b"%d" % number)
        assert [follower.take() for _ in range(5)] == [b"9", b"10", b"11", b"12", None]
        assert follower.lost == 6


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="expected at least 1 byte and 2 slots, got 8 and 1"):
        RecordRing.create(8, 1)
    with pytest.raises(RingError, match="found no such shared memory"):
        RecordRing.attach("limber-nothing")
    with RecordRing.create(8, 2) as ring, pytest.raises(ValueError, match="at most 8 bytes, got 9"):
        ring.append(b"123456789")


def test_the_creator_removes_it() -> None:
    ring = RecordRing.create(8, 2)
    name = ring.name
    ring.close()
    ring.close()
    with pytest.raises(RingError):
        RecordRing.attach(name)


def test_where_memory_is_short_no_ring_is_made_and_none_left() -> None:
    code = (
        "from hardware.servo.ring import RingError, create_all\n"
        "try: create_all((4096, 100), (4096, 1000))\n"
        "except RingError as error: print(error)\n"
    )
    small = 'mount -t tmpfs -o size=1m tmpfs /dev/shm && "$0" -c "$1"; status=$?; ls /dev/shm; exit $status'
    command = ["unshare", "--mount", "sh", "-c", small, sys.executable, code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare on this machine, so no small shared memory")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"no right to make a small shared memory: {done.stderr.strip()}")
    (line,) = done.stdout.splitlines()
    assert line.startswith("shared memory: expected 4.1 MB free in /dev/shm, got 0.6")
    assert "--shm-size=128m" in line
    assert (done.returncode, done.stderr) == (0, "")
