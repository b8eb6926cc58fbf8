"""Does the plan loop keep its time? The main job for a minute on the wall clock, as the command line builds it.

    python -m benchmarks.realtime --rate 20 --seconds 60
    python -m benchmarks.realtime --rate 50 --seconds 60

Wanted on two cores of an otherwise idle machine: p99 of the whole tick below half the period, at most 0.1 % misses.
The exit status says whether that was so. Other work on the machine shows as lateness of the servo.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.loop.plan_loop import LoopTick
from controller.loop.timing import LoopResult, Percentiles, percentiles
from controller.mission import Mission
from controller.settings.layers import Layer
from hardware.servo.statistics import Distribution

TICK_SHARE = 0.5
"""Share of the period that p99 of the whole tick must stay below."""
MISS_SHARE = 0.001
"""Share of ticks that may be missed."""


@dataclass(frozen=True)
class Arguments:
    """What to run."""

    rate: float = 20.0
    seconds: float = 60.0
    adapter: str | None = None
    """Recipe of the model; that of the settings for this rate when not given."""
    course: str = "figure8"
    perturb: tuple[str, ...] = ("leg_loss:leg=left_middle@6",)
    checkpoint: Path | None = None
    """Trained model; the shipped one when not given."""
    out: Path | None = None
    """Where to write the figures as JSON."""


@dataclass(frozen=True)
class Parts:
    """What the time of a tick went to [ms], and in how many ticks the action of the tick before was known."""

    adapt_ms: Percentiles
    plan_ms: Percentiles
    clean: int


def settings_of(arguments: Arguments) -> RunSettings:
    """Return the settings of the robot at this rate, as `limber run` makes them."""
    values = {
        "course": arguments.course,
        "seconds": arguments.seconds,
        "perturbations": list(arguments.perturb),
        "control": {"rate_hz": arguments.rate},
    }
    if arguments.adapter is not None:
        values["adapter"] = arguments.adapter
    if arguments.checkpoint is not None:
        values["checkpoint"] = str(arguments.checkpoint)
    return run_settings([Layer("benchmark", values)])


def measure(settings: RunSettings) -> tuple[LoopResult, Parts]:
    """Drive one run in real time."""
    mission = Mission.of(settings, fast=False)
    rig = build(mission, load_model(mission, settings.adapter))
    adapt_ms: list[float] = []
    plan_ms: list[float] = []
    clean = 0

    def note(tick: LoopTick) -> None:
        nonlocal clean
        adapt_ms.append(tick.result.adapt_ms)
        plan_ms.append(tick.result.plan_ms)
        clean += tick.observation.applied is not None

    result = rig.drive(note)
    return result, Parts(percentiles(adapt_ms), percentiles(plan_ms), clean)


def table(result: LoopResult, parts: Parts, rate: float) -> Table:
    """Lay the distributions out."""
    rows = {
        "whole tick": result.tick_ms,
        "adapt": parts.adapt_ms,
        "plan": parts.plan_ms,
        "due to published": result.response_ms,
    }
    drawn = Table("ms", *("p50", "p95", "p99", "max"), title=f"{rate:g} Hz, {result.ticks} ticks")
    for name, values in rows.items():
        drawn.add_row(name, *(f"{value:.2f}" for value in np.array([*asdict(values).values()])))
    return drawn


def main() -> int:
    """Run, print, and return 0 when the loop kept its time."""
    arguments = tyro.cli(Arguments)
    torch.set_num_threads(1)
    result, parts = measure(settings_of(arguments))
    kept = (
        result.fault is None
        and result.tick_ms.p99 < 1e3 * TICK_SHARE / arguments.rate
        and result.misses <= MISS_SHARE * (result.ticks + result.misses)
    )
    console = Console()
    console.print(table(result, parts, arguments.rate))
    late = result.lateness_us
    console.print(f"servo lateness p50 {late.p50:.0f}, p99 {late.p99:.0f}, max {late.max:.0f} us")
    console.print(f"misses {result.misses}, servo cycles with a late plan {result.late_plans}")
    console.print(f"servo cycles { ({rung.value: count for rung, count in result.cycles.items()}) }")
    console.print(f"clean transitions {parts.clean} of {result.ticks}, guard changed {result.guarded} commands")
    console.print(f"fault {result.fault}, load {os.getloadavg()[0]:.1f}, kept its time: {'yes' if kept else 'no'}")
    if arguments.out is not None:
        figures = {
            name: asdict(value)
            for name, value in vars(result).items()
            if isinstance(value, (Percentiles, Distribution))
        }
        figures |= {"adapt_ms": asdict(parts.adapt_ms), "plan_ms": asdict(parts.plan_ms)}
        counts = {"ticks": result.ticks, "misses": result.misses, "clean": parts.clean, "kept": kept}
        arguments.out.write_text(json.dumps({"rate_hz": arguments.rate, **counts, **figures}, indent=2) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
