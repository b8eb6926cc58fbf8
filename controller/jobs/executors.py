"""Who computes: worker processes, spawned clean, one thread each, and gone when their parent is; or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import ParamSpec, TypeVar

from controller.settings.layers import ConfigError

P = ParamSpec("P")
T = TypeVar("T")


_PATIENCE = "10s"
"""How long a scheduler may take to answer."""


def pool(workers: int) -> ProcessPoolExecutor:
    """Return an executor of `workers` processes that do not outlive this one, even if it is killed."""
    return _Pool(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler; what a lost worker was doing is given to another one. Needs the extra `cluster`.

    Args:
        scheduler: its address, such as tcp://10.0.0.1:8786.

    Raises:
        ConfigError: Dask is not installed, or nobody answers.
    """
    place = f"command line: --scheduler {scheduler}"
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(f"{place}: {error.name} is not installed; pip install 'limber[cluster]'") from error
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"{place}: expected the address of a running Dask scheduler: {text}") from error
    with client, client.get_executor(pure=False) as executor:
        yield executor


class _Pool(ProcessPoolExecutor):
    """As a context it ends with what its processes are doing, but not where it is interrupted: a fit takes hours."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand in a piece of work."""
        return super().submit(_work, fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            for process in multiprocessing.active_children():
                process.terminate()
            self.shutdown(cancel_futures=True)
        super().__exit__(kind, error, trace)


_working, _leaving = threading.Event(), threading.Event()
"""Of a worker."""


def _begin() -> None:
    import torch  # here, so that asking for a pool costs nothing

    torch.set_num_threads(1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: _break_off())
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _work(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    _working.set()
    try:
        if _leaving.is_set():  # it was handed over before the signal came
            raise KeyboardInterrupt
        return function(*args, **kwargs)
    finally:
        _working.clear()


def _break_off() -> None:
    """Break off the work; one that waits for work is let go by the executor, and would break it by dying."""
    _leaving.set()
    if _working.is_set():
        raise KeyboardInterrupt


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
