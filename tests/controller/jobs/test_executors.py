from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.jobs.executors import pool

PARENT = """
import time
from controller.jobs.executors import pool
from tests.controller.jobs.test_executors import pid_then_sleep

if __name__ == "__main__":
    with pool(1) as executor:
        executor.submit(pid_then_sleep, {path!r}).result()
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
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
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


def interrupted_at_work(told: Path) -> None:
    with pool(1) as executor:
        executor.submit(pid_then_sleep, str(told))
        while not told.exists():
            time.sleep(0.05)
        raise KeyboardInterrupt


def test_an_interrupt_does_not_wait_for_hours_of_work(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted_at_work(tmp_path / "pid")
    assert time.monotonic() - begun < 50.0
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_pool_works() -> None:
    with pool(1) as executor:
        assert executor.submit(os.getpid).result() != os.getpid()
