"""Does a deployment that walks for an hour grow? Memory, descriptors, threads and shared memory of all its processes.

    python -m benchmarks.go2_soak [--minutes 60]

An emulated Go2 and `limber deploy` walk straight on as two processes through DDS; plan, servo, log process and emulator
are looked at every few seconds. Start-up is left out; a row for each process: what it has in the first and in the last
tenth of the time (medians), and how much it grew in an hour by a straight line through all looks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.two_terminals import Deployment, emulator, free_domain

SETTLED = 60.0
"""Start-up, which allocates [s]."""
_PAUSE = 2.0
_MEGABYTE = 1e6
MOST = {"memory [MB]": 4.0, "descriptors": 0.5, "threads": 0.5, "shared memory [MB]": 0.01}
"""What counts as not growing, an hour."""


@dataclass(frozen=True)
class Arguments:
    """How long to walk."""

    minutes: float = 60.0


def look(pid: int) -> tuple[float, float, float, float]:
    """Return memory [MB], descriptors, threads, and shared memory [MB] of a process."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    kilobytes = {name: float(told[name].split()[0]) for name in ("RssAnon", "RssShmem", "Threads")}
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return kilobytes["RssAnon"] / 1e3, float(descriptors), kilobytes["Threads"], kilobytes["RssShmem"] / 1e3


def soak(seconds: float, folder: Path, console: Console) -> bool:
    """Walk, look, and tell; returns whether it walked to the end, and nothing grew."""
    domain = free_domain()
    with (
        emulator(domain, "--seconds", str(seconds + 120.0)) as robot,
        Deployment(domain, folder / "run", "--seconds", str(seconds)) as deployment,
    ):
        if not deployment.runs():
            deployment.finish()
            console.print(f"did not begin: {deployment.said[-1:]}")
            return False
        pids = {"plan": deployment.process.pid, "servo": deployment.servo, "log": deployment.log}
        pids["emulator"] = robot.process.pid
        began, shared = time.monotonic(), []
        looks: dict[str, list[tuple[float, ...]]] = {name: [] for name in pids}
        while deployment.process.poll() is None and time.monotonic() - began < seconds - 5.0:
            time.sleep(_PAUSE)
            if time.monotonic() - began < SETTLED:
                continue
            shared.append(sum(file.stat().st_size for file in Path("/dev/shm").iterdir()) / _MEGABYTE)
            for name, pid in pids.items():
                looks[name].append((time.monotonic() - began, *look(pid)))
        lasted = time.monotonic() - began
        status, summary = deployment.finish()
        robot.stop()
    if not shared:
        console.print(f"exit {status} after {lasted:.0f} s: {deployment.said[-1:]}")
        return False
    _tell(console, looks)
    console.print(f"exit {status} after {lasted:.0f} s; files in /dev/shm: {shared[0]:.2f} to {shared[-1]:.2f} MB")
    console.print(f"servo: {summary.get('servo')}")
    console.print(f"outside limits {robot.report['outside_limits']}, fell {str(robot.report['fell']).lower()}")
    return status == 0 and all(slope <= most for rows in looks.values() for slope, most in _slopes(rows))


def _slopes(rows: list[tuple[float, ...]]) -> list[tuple[float, float]]:
    """Return the growth an hour of each figure, and what it may be."""
    table = np.array(rows)
    slopes = np.polyfit(table[:, 0] / 3600.0, table[:, 1:], 1)[0]
    return list(zip(slopes.tolist(), MOST.values(), strict=True))


def _tell(console: Console, looks: dict[str, list[tuple[float, ...]]]) -> None:
    table = Table("process", *(f"{name}: first, last, an hour" for name in MOST))
    for name, rows in looks.items():
        figures, tenth = np.array(rows)[:, 1:], max(1, len(rows) // 10)
        first, last = np.median(figures[:tenth], axis=0), np.median(figures[-tenth:], axis=0)
        slopes = [slope for slope, _ in _slopes(rows)]
        table.add_row(name, *(f"{a:.2f}, {b:.2f}, {s:+.2f}" for a, b, s in zip(first, last, slopes, strict=True)))
    console.print(table)


def main() -> None:
    """Walk for as long as the command line says."""
    arguments = tyro.cli(Arguments, description=__doc__)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if soak(60.0 * arguments.minutes, Path(folder), Console(width=140)) else 1)


if __name__ == "__main__":
    main()
