"""Who computes: worker processes, spawned clean, one thread each, and gone when their parent is; or a Dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from controller.settings.layers import ConfigError
from hardware.processes import ENDING, sheltered

if TYPE_CHECKING:
    from distributed import Client

P = ParamSpec("P")
T = TypeVar("T")


class WorkersLost(RuntimeError):
    """Those who computed are gone; what they had finished is kept."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; what is finished is kept: go on with --resume")


class SchedulerLost(WorkersLost):
    """Nobody is there to hand out work."""


_PATIENCE = "10s"
"""How long a scheduler may take to answer."""
_TRIES = 4
"""How often a piece of work is handed to a cluster that loses it."""


def pool(workers: int) -> ProcessPoolExecutor:
    """Return an executor of `workers` processes that do not outlive this one, even if it is killed."""
    with sheltered():  # Python starts a process that removes what a killed one left behind
        return _Pool(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler, by its address such as tcp://10.0.0.1:8786. Needs the extra `cluster`.

    What a lost worker was doing is given to another one. Raises ConfigError where Dask is not installed, or nobody
    answers; SchedulerLost when it is gone, or has no workers that live.
    """
    place = f"command line: --scheduler {scheduler}"
    try:
        from distributed import Client, KilledWorker
        from distributed.comm import CommClosedError
    except ImportError as error:
        raise ConfigError(f"{place}: {error.name} is not installed; pip install 'limber[cluster]'") from error
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"{place}: expected the address of a running Dask scheduler: {text}") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of lost connections at length
    try:
        with client:
            yield _Cluster(client)
    except (CancelledError, CommClosedError, KilledWorker) as error:
        told = " ".join(str(error).split()) or "it does not answer any more"
        raise SchedulerLost(f"{place}: lost the cluster ({told})") from error


class _Cluster(Executor):
    """Futures of a Dask client as those of the standard library; its own executor loses those whose worker is lost."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand in a piece of work."""
        job: Future[T] = Future()
        self._hand_in(job, partial(fn, *args, **kwargs), _TRIES)
        return job

    def _hand_in(self, job: Future[T], work: Callable[[], T], tries: int) -> None:
        """Have it done, again where a worker died with the result; after some tries that is what comes of it."""

        def told(remote: Any) -> None:
            try:
                finish = partial(job.set_result, remote.result())
            except CancelledError as error:
                if tries > 1 and self._client.status == "running":
                    self._hand_in(job, work, tries - 1)
                    return
                finish = partial(job.set_exception, error)
            except Exception as error:  # noqa: BLE001 - whatever the work raised is what its future raises
                finish = partial(job.set_exception, error)
            if job.set_running_or_notify_cancel():
                finish()

        self._client.submit(work, pure=False).add_done_callback(told)


class _Pool(ProcessPoolExecutor):
    """As a context it ends with what its processes are doing, but not where it is interrupted: a fit takes hours."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand in a piece of work."""
        with sheltered():  # the first one starts the processes
            return super().submit(_work, fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            for process in multiprocessing.active_children():
                process.terminate()
                if process.pid is not None:
                    os.kill(process.pid, signal.SIGCONT)  # one that was stopped would never hear of it
            self.shutdown(cancel_futures=True)
        super().__exit__(kind, error, trace)
        if isinstance(error, BrokenExecutor):
            what = "a worker process was ended from outside, as the system does where memory is short"
            raise WorkersLost(what) from error


class _Duty:
    """Of a worker. Plain values, because a signal may come in the midst of the handler of another: no lock is safe."""

    working = leaving = False


def _begin() -> None:
    import torch  # here, so that asking for a pool costs nothing

    torch.set_num_threads(1)
    for number in ENDING:
        signal.signal(number, lambda number, frame: _break_off())
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # here alone: what another thread takes interrupts nothing


def _work(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    _Duty.working = True
    try:
        if _Duty.leaving:  # it was handed over before the signal came
            raise KeyboardInterrupt
        return function(*args, **kwargs)
    finally:
        _Duty.working = False


def _break_off() -> None:
    """Break off the work, once; one that waits for work is let go by the executor, and would break it by dying."""
    _Duty.leaving = True
    if _Duty.working:
        _Duty.working = False  # the next signal is not to meet what is left when the work is gone
        raise KeyboardInterrupt


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
