"""How well a robot does as it is told while something breaks: `snail` against the plain model, paired by seed.

    python -m benchmarks.velocity_tracking --out runs/velocity --resume
    python -m benchmarks.velocity_tracking --robots roach --seeds 3 --out runs/try

Each seed draws commands that change every two seconds, and what breaks at 4 s: a payload, a lost leg or a weak motor,
with parameters kept back from training. All adapters meet the same draws. Errors are those after the onset, over half a
second each: m/s, rad/s, and the mean share that both are of the largest velocities that the robot can be told. A robot
that falls is taken to lie where it fell to the end of the run. What is done already is not done again.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from controller.bootstrap import Estimate
from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.courses.velocity import velocity_errors
from controller.jobs.study import Result, Store, claimed, run
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import robots
from controller.settings.layers import Layer
from controller.steering import script
from controller.steering.source import Command
from controller.stress.scores import iqm, paired
from controller.stress.settings import StressCondition
from dynamics.files import whole
from hardware.steering import STILL, Steering, Velocity

SECONDS, HELD, ONSET = 12.0, 2.0, 4.0
"""Length of a run, of a command, and when something breaks [s]."""
CONDITIONS = {
    name: StressCondition(name, "onset", family=family, onset=ONSET)
    for name, family in (("payload", "payload"), ("lost-leg", "leg_loss"), ("weak-motor", "motor"))
}
PLAIN = "mb"
_MEASURES = ("linear", "turn", "share")
_ALL = "all three"


@dataclass(frozen=True)
class Arguments:
    """What to measure."""

    out: Path
    robots: tuple[str, ...] = ("roach", "go2", "go2-walker")
    adapters: tuple[str, ...] = ("snail", PLAIN)
    seeds: int = 20
    resume: bool = False
    """Go on with what is in the folder."""


@dataclass(frozen=True)
class Tracking:
    """One run."""

    robot: str
    condition: str
    adapter: str
    seed: int

    @property
    def slug(self) -> str:
        """Name of its file."""
        return f"{self.robot}--{self.condition}--{self.adapter}--{self.seed}"


def drawn(limits: Steering, seed: int) -> list[Command]:
    """Draw commands well within what a robot can be told, so that it could still follow when it is worse off."""
    rng, commands = np.random.default_rng([seed, 7]), list[Command]()
    for time in np.arange(0.0, SECONDS, HELD):
        forward, lateral, turn = rng.uniform(0.3, 0.8), *rng.uniform(-0.6, 0.6, 2)
        aside = 0.0 if limits.lateral is None else lateral * limits.lateral.high
        commands.append(Command(float(time), Velocity(forward * limits.forward.high, aside, turn * limits.turn.high)))
    return commands


def measure(folder: Path, cell: Tracking) -> Result:
    """Drive one run and return its errors after the onset."""
    torch.set_num_threads(1)
    limits = robots.spec(cell.robot).steering
    assert limits is not None
    file = folder / f"{cell.robot}--{cell.seed}.csv"
    script.write(file, drawn(limits, cell.seed))
    happens = [str(each) for each in CONDITIONS[cell.condition].at(cell.seed, cell.robot)]
    given = {"robot": cell.robot, "adapter": cell.adapter, "course": f"velocity:{file}", "seed": cell.seed}
    settings = run_settings([Layer("tracking", {**given, "perturbations": happens, "seconds": SECONDS})])
    return figures(settings) | {"perturbations": happens}


def figures(settings: RunSettings) -> Result:
    """Drive a run in lock-step and return what it came to."""
    mission, ticks = Mission.of(settings, fast=True), list[LoopTick]()
    rig = build(mission, load_model(mission, settings.adapter))
    loop = rig.drive(ticks.append)
    if loop.interrupted:
        raise KeyboardInterrupt
    commands = [lead.command if (lead := tick.result.progress.lead) is not None else STILL for tick in ticks]
    poses = np.array([tick.observation.state[:3] for tick in ticks])
    missing = mission.loop.ticks - len(ticks)  # fallen: it lies there, and is told all the same
    commands += [lead.wanted if (lead := ticks[-1].result.progress.lead) is not None else STILL] * missing
    poses = np.concatenate([poses, np.repeat(poses[-1:], missing, axis=0)])
    errors = velocity_errors(poses, commands, mission.loop.period)[round(ONSET / mission.loop.period) :]
    linear, turn = errors.mean(axis=0).tolist()
    limits = mission.spec.steering
    assert limits is not None
    return {
        "linear": linear,
        "turn": turn,
        "share": (linear / limits.forward.high + turn / limits.turn.high) / 2,
        "fell": loop.fell,
        "failed": None if loop.fault is None else str(loop.fault),
    }


def report(arguments: Arguments, results: dict[Tracking, Result]) -> list[dict[str, object]]:
    """Return, for every robot and condition, interquartile means and what each adapter saves over the plain model."""
    found: list[dict[str, object]] = []
    for robot in arguments.robots:
        for condition in (*CONDITIONS, _ALL):
            kinds = tuple(CONDITIONS) if condition == _ALL else (condition,)
            for adapter in (name for name in arguments.adapters if name != PLAIN):
                pairs = [
                    (results[plain], results[own])
                    for kind in kinds
                    for seed in range(arguments.seeds)
                    if (plain := Tracking(robot, kind, PLAIN, seed)) in results
                    and (own := Tracking(robot, kind, adapter, seed)) in results
                ]
                if pairs:
                    found.append({"robot": robot, "condition": condition, "adapter": adapter} | _compared(pairs))
    return found


def _compared(pairs: Sequence[tuple[Result, Result]]) -> dict[str, object]:
    row: dict[str, object] = {"runs": len(pairs)}
    row |= {"fell": [sum(bool(pair[side]["fell"]) for pair in pairs) for side in (0, 1)]}
    for name in _MEASURES:
        plain, own = (np.array([pair[side][name] for pair in pairs]) for side in (0, 1))
        saved: Estimate = paired(plain - own, np.random.default_rng(0))
        row[name] = {"plain": float(iqm(plain)), "own": float(iqm(own)), "saved": vars(saved)}
    return row


def table(rows: Sequence[dict[str, object]]) -> Table:
    """Return the report for people."""
    shown = Table(title="errors after the onset, interquartile mean; what is saved with its 95 % interval")
    for column in ("robot", "breaks", "runs", "fell", "m/s", "saved", "rad/s", "saved", "share", "saved"):
        shown.add_column(column, no_wrap=True)
    for row in rows:
        cells = [str(row[key]) for key in ("robot", "condition", "runs")]
        cells.append(" → ".join(map(str, row["fell"])))  # type: ignore[call-overload]
        for name in _MEASURES:
            told = row[name]
            assert isinstance(told, dict)
            saved = told["saved"]
            cells += [f"{told['plain']:.3f} → {told['own']:.3f}"]
            cells += [f"{saved['value']:.3f} [{saved['low']:.3f}, {saved['high']:.3f}]"]
        shown.add_row(*cells)
    return shown


def main(arguments: Arguments) -> int:
    """Drive what is missing, print the table; 0 when for every robot the interval over all runs is off zero."""
    cells = [
        Tracking(robot, condition, adapter, seed)
        for seed in range(arguments.seeds)
        for robot in arguments.robots
        for condition in CONDITIONS
        for adapter in arguments.adapters
    ]
    store, console = Store(arguments.out / "cells"), Console(width=160)
    with claimed(arguments.out, "velocity tracking", "velocity tracking\n", resume=arguments.resume):
        (arguments.out / "commands").mkdir(exist_ok=True)
        work = functools.partial(measure, (arguments.out / "commands").resolve())
        run(cells, store, work, None, lambda cell: console.print(cell.slug, highlight=False))
        rows = report(arguments, store.all(cells))
        with whole(arguments.out / "report.json") as partial:
            partial.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    console.print(table(rows))
    whole_rows = [row for row in rows if row["condition"] == _ALL]
    kept = [row["share"]["saved"]["low"] > 0.0 for row in whole_rows]  # type: ignore[index]
    return 0 if kept and all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
