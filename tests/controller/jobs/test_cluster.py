"""The same command on a cluster: a scheduler and two workers on loopback, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cli import main
from controller.jobs.study import Result, Store
from controller.stress.settings import Trial
from tests.controller.suites import SMALL, write

pytest.importorskip("distributed")
ROOT = Path(__file__).parents[3]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a part of Dask, which finds the code of this clone."""
    command = [sys.executable, "-c", "import sys; from dask.__main__ import main; sys.exit(main())", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def address() -> Iterator[str]:
    """A scheduler."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    yield f"tcp://127.0.0.1:{port}"
    scheduler.kill()
    scheduler.wait()


@pytest.fixture
def workers(address: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers of one thread."""
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")
    processes = [start("worker", address, *options) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_a_killed_worker_costs_no_trial_and_doubles_none(
    address: str,
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

    monkeypatch.setattr(Store, "put", counted)
    arguments = ["stress", "--config", str(config), "--out", str(tmp_path / "out"), "--set", "worst=0", "--json"]
    assert main([*arguments, "--scheduler", address]) == 0
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None
    assert len(written) == 4 * 2 * 2
    assert set(written.values()) == {1}
    assert json.loads(capsys.readouterr().out)["runs"] == 16
