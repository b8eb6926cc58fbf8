"""Do searches end in time with the emulator on the same machine? A minute through DDS, with a payload set in mid-walk.

    python -m benchmarks.go2_ticks [--robot go2] [--seconds 60] [--repeats 1] [--processor 1] [flags of limber deploy]

An emulated robot and `limber deploy` as two processes, as in two terminals. Wanted on two cores of an otherwise idle
machine: at least 95 % of ticks end as `ok`, none keeps the plan of before, and p99 of the whole tick is below half of
its period. The exit status says whether that was so. A search may have been made smaller to end in time, which
`search size` shows (1: whole).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.two_terminals import Deployment, emulator, free_domain
from controller.settings import robots
from controller.telemetry.run_log import Log
from hardware.drives import Walking
from hardware.walkers.observation import Observer
from hardware.walkers.policy import load

OK_SHARE = 0.95
"""Share of ticks whose search has to end."""
TICK_SHARE = 0.5
"""Share of the period that p99 of the whole tick must stay below."""
_RISE = 60.0
"""How much longer than the walk the emulator lives [s]."""
_STEPS = 500
_SHARES = (50, 95, 99, 100)


@dataclass(frozen=True)
class Arguments:
    """How to walk."""

    robot: str = "go2"
    emulated: str | None = None
    """Robot that is emulated; where nothing is said a Go2, or the robot itself where its own controller walks."""
    course: str = "figure8"
    seconds: float = 60.0
    payload: str = "payload:mass=5,x=0.1,y=0.1"
    """What is set on it in mid-walk, as on the command line."""
    repeats: int = 1


def walk(arguments: Arguments, folder: Path, *flags: str) -> tuple[Log | None, dict[str, object], list[str]]:
    """Walk once; return the log, None without one, the summary, and what was said."""
    domain, seconds = free_domain(), str(arguments.seconds)
    emulated = arguments.emulated or (arguments.robot if robots.spec(arguments.robot).own else "go2")
    load = f"{arguments.payload}@{0.5 * arguments.seconds:g}"
    lives = ("--seconds", str(arguments.seconds + _RISE), "--perturb", load)
    walking = ("--robot", arguments.robot, "--course", arguments.course, "--seconds", seconds, *flags)
    with (
        emulator(domain, *lives, robot=emulated) as robot,
        Deployment(domain, folder, *walking) as deployment,
    ):
        summary = deployment.finish()[1]
        robot.stop()
    log = folder / "log.jsonl"
    return Log.read(log) if log.is_file() else None, summary | {"emulator": robot.report}, deployment.said


def judge(log: Log, console: Console) -> bool:
    """Print what came of the ticks, and return whether they kept their time."""
    count, period = len(log.records), 1e3 / log.header.rate_hz
    table = Table("", *(f"p{share}" for share in _SHARES), title=f"{count} ticks of {period:g} ms")
    ticks = log.series("tick_ms")
    for name in ("tick_ms", "adapt_ms", "plan_ms"):
        table.add_row(name, *(f"{value:.2f}" for value in np.percentile(log.series(name), _SHARES)))
    sizes = log.series("search_size")
    table.add_row(
        "search size, least of", *(f"{value:.2f}" for value in np.percentile(sizes, [100 - s for s in _SHARES]))
    )
    statuses = Counter(record.status for record in log.records)
    console.print(table)
    missed = sum(record.missed for record in log.records)
    console.print(f"statuses {dict(statuses)}, late plans {missed}, mean size {sizes.mean():.3f}")
    kept_time = float(np.percentile(ticks, 99)) < TICK_SHARE * period
    return kept_time and statuses["ok"] >= OK_SHARE * count and not statuses["kept_previous"]


def policy_us(robot: str) -> float | None:
    """Return how long a step of the policy takes that walks a robot, by itself [us]; None where none does."""
    spec = robots.spec(robot)
    if not isinstance(spec.drive, Walking):
        return None
    contract, count = spec.drive.contract, len(spec.motors)
    observer = Observer(contract, np.array(contract.each(contract.pose, spec.motors)), len(spec.feet))
    policy, seen, times = load(contract, observer.size, observer.parts, count), np.zeros(observer.size), []
    for _ in range(_STEPS):
        begun = time.perf_counter()
        policy.step(seen)
        times.append(1e6 * (time.perf_counter() - begun))
    return float(np.median(times))


def main() -> int:
    """Walk, print, and return 0 when every walk kept its time."""
    arguments, flags = tyro.cli(Arguments, description=__doc__, return_unknown_args=True)
    console, kept = Console(width=120), []
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as folder:
            log, summary, said = walk(arguments, Path(folder) / "run", *flags)
        if log is None or not log.records:
            console.print(f"did not walk: {said[-1:]}")
            return 1
        kept.append(judge(log, console))
        console.print(
            f"progress {summary.get('progress_m')} m, fell {summary.get('fell')}, fault {summary.get('fault')}"
        )
        servo = summary.get("servo")
        console.print(f"servo process {servo.get('statistics') if isinstance(servo, dict) else None}")
        console.print(f"load {os.getloadavg()[0]:.1f}, kept its time: {'yes' if kept[-1] else 'no'}")
    if (step := policy_us(arguments.robot)) is not None:
        console.print(f"a step of its policy takes {step:.0f} us by itself")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
