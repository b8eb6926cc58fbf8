"""A process that belongs to another one: which signals reach it, and what it does when the other is gone.

A terminal sends its signals to all processes that were started from it, and only one of them should answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess

_KEYS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MACHINE = (
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGXCPU,
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGPWR,
)
ENDING = (*_KEYS, *_MACHINE)
"""What ends a process that does nothing about it: keys, a closed terminal, service managers, job schedulers, timers,
and power that fails."""
_OTHERS = {*ENDING, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU} - {signal.SIGTERM}
"""All that end or stop a process, but the one that asks politely."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@contextlib.contextmanager
def sheltered() -> Iterator[None]:
    """Hold signals back while processes are started inside: in them they stay held back.

    One that is not ready to deal with them would end half-way through its imports.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_OTHERS, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stand_alone(asked: Callable[[], object]) -> None:
    """Leave the terminal and its group of processes: all that ends this one is SIGTERM, of which `asked` is told."""
    with contextlib.suppress(PermissionError):  # where it leads a group of its own already
        os.setsid()
    for number in _OTHERS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: asked())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_OTHERS, signal.SIGTERM})


def finish(process: BaseProcess, seconds: float) -> None:
    """Ask a process to end, if it was started, and kill it when it has not within some time [s]."""
    if process.pid is None:
        return
    if process.is_alive():
        process.terminate()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()


def end_with_parent() -> None:
    """Have this process sent SIGTERM when its parent dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def orphaned() -> bool:
    """Tell whether the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
