from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from controller.cli import main
from controller.jobs import executors
from controller.jobs.executors import pool
from controller.jobs.study import Result, Store
from controller.stress.settings import Trial
from tests.controller.suites import SMALL, write

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[3]

PARENT = """
import time
from controller.jobs import executors
from controller.jobs.executors import pool
from tests.controller.jobs.test_executors import pid_then_sleep

if __name__ == "__main__":
    with pool(1) as executor:
        executor.submit(pid_then_sleep, {path!r}).result()
"""

COMMAND = """
import sys
from controller.jobs.executors import pool
from controller.jobs.interrupts import termination
from tests.controller.jobs.test_executors import pid_then_sleep

if __name__ == "__main__":
    with termination():
        try:
            with pool(1) as executor:
                executor.submit(pid_then_sleep, {path!r}).result()
        except KeyboardInterrupt:
            sys.exit(130)
"""


def pid_then_sleep(path: str) -> None:
    partial = Path(path + ".partial")
    partial.write_text(str(os.getpid()))
    partial.rename(path)
    time.sleep(60)


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script, told = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(PARENT.format(path=str(told)))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment)
    while not told.exists():
        assert parent.poll() is None
        time.sleep(0.05)
    worker = int(told.read_text())
    assert alive(worker)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 30
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


@pytest.mark.parametrize("stopped", [False, True])
def test_signals_do_not_wait_for_hours_of_work(tmp_path: Path, stopped: bool) -> None:
    script, told = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(COMMAND.format(path=str(told)))
    environment, pipe = os.environ | {"PYTHONPATH": str(ROOT)}, subprocess.PIPE
    parent = subprocess.Popen([sys.executable, str(script)], env=environment, stderr=pipe, text=True, process_group=0)
    while not told.exists():
        assert parent.poll() is None
        time.sleep(0.05)
    if stopped:
        os.kill(int(told.read_text()), signal.SIGSTOP)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGINT, signal.SIGTERM):  # as by a terminal
        os.killpg(parent.pid, number)
    assert parent.communicate(timeout=30)[1] == ""
    assert parent.returncode == 130
    assert not alive(int(told.read_text()))


STORM = """
import signal, time
from controller.jobs import executors

def hear(number, frame):
    executors._break_off()

def work():
    while True:
        time.sleep(1e-6)

if __name__ == "__main__":
    signal.signal(signal.SIGALRM, hear)
    signal.setitimer(signal.ITIMER_REAL, 5e-5, 5e-5)
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        executors._Duty.leaving = False
        try:
            executors._work(work)
        except KeyboardInterrupt:
            pass
    signal.setitimer(signal.ITIMER_REAL, 0.0)
"""


def test_a_signal_in_the_midst_of_another_ends_work_once_and_waits_for_nothing(tmp_path: Path) -> None:
    """Each ends the work by one interrupt; a lock in the handler would be waited for by whom it interrupted."""
    script = tmp_path / "storm.py"
    script.write_text(STORM)
    command, environment = [sys.executable, str(script)], os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_a_pool_works() -> None:
    with pool(1) as executor:
        assert executor.submit(os.getpid).result() != os.getpid()


class LosingClient:
    """A Dask client that loses what it is handed, a few times, and then does it."""

    status = "running"

    def __init__(self, losses: int) -> None:
        self.losses = losses

    def submit(self, work: Callable[[], int], pure: bool) -> Future[int]:
        remote: Future[int] = Future()
        if self.losses:
            self.losses -= 1
            remote.set_exception(CancelledError())
        else:
            remote.set_result(work())
        return remote


def test_what_a_cluster_loses_is_done_again_and_not_for_ever() -> None:
    assert executors._Cluster(cast(Any, LosingClient(3))).submit(divmod, 7, 4).result(timeout=1.0) == (1, 3)
    with pytest.raises(CancelledError):
        executors._Cluster(cast(Any, LosingClient(9))).submit(divmod, 7, 4).result(timeout=1.0)


def test_what_is_gone_is_not_asked_again() -> None:
    client = LosingClient(1)
    client.status = "closed"
    with pytest.raises(CancelledError):
        executors._Cluster(cast(Any, client)).submit(divmod, 7, 4).result(timeout=1.0)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a part of Dask, which finds the code of this clone."""
    command = [sys.executable, "-c", "import sys; from dask.__main__ import main; sys.exit(main())", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass(frozen=True)
class Scheduler:
    """Of a cluster."""

    address: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """A scheduler."""
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    yield Scheduler(f"tcp://127.0.0.1:{port}", process)
    process.kill()
    process.wait()


@pytest.fixture
def workers(scheduler: Scheduler) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers of one thread."""
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")
    processes = [start("worker", scheduler.address, *options) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_a_killed_worker_costs_no_trial_and_a_killed_scheduler_no_finished_one(
    scheduler: Scheduler,
    workers: list[subprocess.Popen[bytes]],
    untrained_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = write(tmp_path, SMALL.replace("seeds: 2", "seeds: 4") + f"models: {untrained_models}\n")
    written: Counter[str] = Counter()
    put = Store.put

    def counted(store: Store, cell: Trial, result: Result) -> None:
        put(store, cell, result)
        written[cell.slug] += 1
        if written.total() == 4:
            workers[0].send_signal(signal.SIGKILL)
        if written.total() == 18:
            scheduler.process.send_signal(signal.SIGKILL)

    monkeypatch.setattr(Store, "put", counted)
    arguments = ["stress", "--config", str(config), "--out", str(tmp_path / "out"), "--set", "worst=0", "--json"]
    arguments += ["--scheduler", scheduler.address]
    assert main(arguments) == 0
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None
    assert len(written) == 4 * 2 * 2
    assert set(written.values()) == {1}
    assert json.loads(capsys.readouterr().out)["runs"] == 16
    monkeypatch.setattr(executors, "_PATIENCE", "1s")
    assert main([*arguments, "--seeds", "8", "--resume"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "lost the cluster" in told.err.splitlines()[-1]
    assert told.err.endswith("; what is finished is kept: go on with --resume\n")
    assert len(list((tmp_path / "out" / "trials").glob("*.json"))) == len(written) >= 18
