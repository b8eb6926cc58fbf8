"""Does a deployment that walks for an hour grow? Memory, descriptors, threads and shared memory of all its processes.

    python -m benchmarks.go2_soak [--minutes 60] [flags of limber deploy]

An emulated Go2 and `limber deploy` walk figures of eight as two processes through DDS; plan, servo, log process and
emulator are looked at every few seconds. Start-up is left out; a row for each process: what it has in the first and in
the last tenth of the time (medians), and how much it grew in an hour by a straight line through all looks. The host of
a virtual machine may stop it for a tenth of a second, which ends a walk, as do plans that other work delays; here
half a second may pass, and a schedule lasts for a second. The battery, which is empty after 55 minutes, stops nobody.
"""

from __future__ import annotations

import contextlib
import re
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
from controller.settings import assets

SETTLED = 60.0
"""Start-up, which allocates [s]."""
_PAUSE = 2.0
_MEGABYTE = 1e6
LASTING = ("--set", "control.expiry=25")
MOST = {"memory [MB]": 20.0, "descriptors": 0.5, "threads": 0.5}
"""What counts as not growing, an hour: where a log's chunks are, times of ticks for the summary, and where the emulated
robot went (10 MB) are remembered."""


@dataclass(frozen=True)
class Arguments:
    """How long to walk."""

    minutes: float = 60.0


def look(pid: int) -> tuple[float, float, float]:
    """Return memory of its own [MB], descriptors and threads of a process."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    found = {name: float(told[name].split()[0]) for name in ("RssAnon", "Threads")}
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return found["RssAnon"] / 1e3, float(descriptors), found["Threads"]


def soak(seconds: float, folder: Path, console: Console, *flags: str) -> bool:
    """Walk, look, and tell; returns whether it walked to the end, and nothing grew."""
    domain, patient = free_domain(), folder / "go2.yaml"
    facts = re.sub(r"((state_age|gap): .*limit: )[0-9.]+", r"\g<1>0.5", assets.robot("go2").read_text())
    patient.write_text(re.sub(r"(charge: {severity: )soft", r"\g<1>warn", facts))
    walk = ("--robot", str(patient), "--course", "figure8", "--seconds", str(seconds), *LASTING, *flags)
    with (
        emulator(domain, "--seconds", str(seconds + 120.0)) as robot,
        Deployment(domain, folder / "run", *walk) as deployment,
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
            with contextlib.suppress(OSError, KeyError):  # one that is ending has none of it
                now = {name: (time.monotonic() - began, *look(pid)) for name, pid in pids.items()}
                for name, found in now.items():
                    looks[name].append(found)
        lasted = time.monotonic() - began
        status, summary = deployment.finish()
        robot.stop()
    if not shared:
        console.print(f"exit {status} after {lasted:.0f} s: {deployment.said[-1:]}")
        return False
    _tell(console, looks)
    console.print(f"exit {status} after {lasted:.0f} s: {deployment.said[-1:]}")
    console.print(f"files in /dev/shm: {shared[0]:.2f} to {shared[-1]:.2f} MB")
    console.print(f"servo: {summary.get('servo')}")
    console.print(f"outside limits {robot.report['outside_limits']}, fell {str(robot.report['fell']).lower()}")
    return status == 0 and all(slope <= most for rows in looks.values() for slope, most in _slopes(rows))


def _slopes(rows: list[tuple[float, ...]]) -> list[tuple[float, float]]:
    """Return the growth an hour of each figure, and what it may be."""
    table = np.array(rows)
    slopes = np.polyfit(table[:, 0] / 3600.0, table[:, 1:], 1)[0]
    return list(zip(slopes.tolist(), MOST.values(), strict=True))


def _tell(console: Console, looks: dict[str, list[tuple[float, ...]]]) -> None:
    table = Table("process", *(f"{name}: first, last, an hour" for name in MOST), title="what each has, and its growth")
    for name, rows in looks.items():
        figures, tenth = np.array(rows)[:, 1:], max(1, len(rows) // 10)
        first, last = np.median(figures[:tenth], axis=0), np.median(figures[-tenth:], axis=0)
        slopes = [slope for slope, _ in _slopes(rows)]
        table.add_row(name, *(f"{a:.1f} {b:.1f} {s:+.1f}" for a, b, s in zip(first, last, slopes, strict=True)))
    console.print(table)


def main() -> None:
    """Walk for as long as the command line says."""
    arguments, flags = tyro.cli(Arguments, description=__doc__, return_unknown_args=True)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if soak(60.0 * arguments.minutes, Path(folder), Console(width=140), *flags) else 1)


if __name__ == "__main__":
    main()
