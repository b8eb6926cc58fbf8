"""What a 500 Hz loop asks of the operating system; whatever it refuses, the loop runs on without and says so.

A plain loop on a busy two-core machine was late by 13 ms (p99), with SCHED_FIFO by 0.14 ms: see docs/safety.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass

FIFO_PRIORITY = 50
"""The choice of ros2_control too: above all ordinary work, at the level of a real-time kernel's interrupt threads."""
_PR_SET_TIMERSLACK = 29  # linux/prctl.h
_MCL_CURRENT, _MCL_FUTURE = 1, 2  # bits/mman.h
_RESET_ON_FORK = 0x40000000  # linux/sched.h: children start as ordinary processes


@dataclass(frozen=True)
class Right:
    """One wish to the operating system, and what became of it."""

    name: str
    obtained: bool
    detail: str
    """What was obtained, or why it was not."""
    cure: str = ""
    """What would help; empty when nothing is wrong."""


@dataclass(frozen=True)
class RealtimeSettings:
    """What to ask for."""

    fifo: bool = True
    """The real-time scheduler; False leaves the ordinary one."""
    cpu: int | None = None
    """Run on this processor only; None leaves the choice to the kernel."""
    lock_memory: bool = True
    """Keep all memory resident."""


_libc = ctypes.CDLL(None, use_errno=True)


def obtain(settings: RealtimeSettings) -> tuple[Right, ...]:
    """Ask for everything, for the calling process; returns one line each."""
    cpus = set() if settings.cpu is None else {settings.cpu}
    fifo = "run with CAP_SYS_NICE, or give the user `rtprio 60` in /etc/security/limits.conf"
    wishes: tuple[tuple[bool, str, Callable[[], str], str], ...] = (
        (True, "timer slack", _timer_slack, ""),
        (bool(cpus), "processor", lambda: _pin(cpus), "name a processor that this process may use"),
        (settings.lock_memory, "memory lock", _lock_memory, "run with CAP_IPC_LOCK or `ulimit -l unlimited`"),
        (settings.fifo, "real-time scheduler", _fifo, fifo),
        (True, "garbage collection", _freeze, ""),
    )
    return tuple(_ask(name, wish, cure) for wanted, name, wish, cure in wishes if wanted)


def _ask(name: str, wish: Callable[[], str], cure: str) -> Right:
    try:
        return Right(name, True, wish())
    except OSError as error:
        return Right(name, False, error.strerror or str(error), cure)


def _fifo() -> str:
    """Put the loop before all other work, and next to it the threads that there are: those of a driver receive."""
    os.sched_setscheduler(0, os.SCHED_FIFO | _RESET_ON_FORK, os.sched_param(FIFO_PRIORITY))
    others = _others()
    for thread in others:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(thread, os.SCHED_FIFO | _RESET_ON_FORK, os.sched_param(FIFO_PRIORITY - 1))
    return f"SCHED_FIFO, priority {FIFO_PRIORITY}; one less for {len(others)} threads of the driver"


def _others() -> list[int]:
    """Return the threads of this process beside the calling one."""
    return [int(name) for name in os.listdir("/proc/self/task") if int(name) != threading.get_native_id()]


def _pin(cpus: set[int]) -> str:
    os.sched_setaffinity(0, cpus)
    for thread in _others():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread, cpus)
    return f"on processor {', '.join(map(str, cpus))} only"


def _lock_memory() -> str:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY and os.geteuid() != 0:  # with MCL_FUTURE a later allocation would fail instead
        raise OSError(errno.EPERM, f"only {soft // 1024} KiB may be locked")
    _check(_libc.mlockall(_MCL_CURRENT | _MCL_FUTURE))
    return "all of it, present and future"


def _timer_slack() -> str:
    _check(_libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0))
    return "1 ns in place of 50 us"


def _freeze() -> str:
    gc.collect()
    gc.freeze()
    gc.disable()
    return "off, what exists is frozen"


def _check(status: int) -> None:
    if status != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
