"""Asking the operating system: what is refused is reported, never raised."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from hardware.servo import rights as realtime
from hardware.servo.rights import RealtimeSettings, obtain

PROBE = """
import gc, os, threading
from hardware.servo.rights import RealtimeSettings, obtain
threading.Thread(target=threading.Event().wait, daemon=True).start()
rights = {right.name: right for right in obtain(RealtimeSettings(fifo=True, cpu=min(os.sched_getaffinity(0))))}
assert len(rights) == 5, rights
assert rights["real-time scheduler"].obtained == (os.sched_getscheduler(0) & 0xFFFF == os.SCHED_FIFO)
threads = os.listdir("/proc/self/task")
assert rights["processor"].obtained and len(threads) > 1
assert all(len(os.sched_getaffinity(int(thread))) == 1 for thread in threads)
assert rights["garbage collection"].obtained and not gc.isenabled() and gc.get_freeze_count() > 0
assert rights["timer slack"].obtained and int(open("/proc/self/timerslack_ns").read()) <= 1
assert all(right.obtained or right.cure for right in rights.values())
"""


def test_everything_is_asked_for_and_what_was_obtained_is_true() -> None:
    subprocess.run(
        [sys.executable, "-c", PROBE], check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_a_refusal_names_reason_and_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    for name in ("_timer_slack", "_freeze", "_lock_memory"):
        monkeypatch.setattr(realtime, name, lambda: "granted")
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    (refused,) = [right for right in obtain(RealtimeSettings()) if not right.obtained]
    assert (refused.name, refused.detail) == ("real-time scheduler", "Operation not permitted")
    assert "CAP_SYS_NICE" in refused.cure


def test_nobody_asks_for_what_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_timer_slack", "_freeze"):
        monkeypatch.setattr(realtime, name, lambda: "granted")
    rights = obtain(RealtimeSettings(fifo=False, cpu=None, lock_memory=False))
    assert [right.name for right in rights] == ["timer slack", "garbage collection"]
