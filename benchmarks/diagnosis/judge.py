"""How soon, how often and how surely does a robot's diagnosis name what befalls it on a course?

    python -m benchmarks.diagnosis --robot roach --seeds 10 --out runs/diagnosis.json

Every run is what `limber run --fast` does, with the robot's own settings; something drawn from the same families as in
training, by other seeds, sets in after four or five seconds. A kind counts as named at the first tick from which it
stays the likeliest for half a second, or up to a fall. Intervals are judged at every tick from two seconds after the
onset on at which the cause is named right. The status is 0 when nine in ten runs are named within two seconds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.diagnosis.episodes import NONE, amounts_of, cause, draw, kinds
from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.diagnosis.words import phrase
from controller.jobs.executors import pool
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import robots
from controller.settings.layers import Layer, assignment
from controller.telemetry.run_log import TickRecord, from_tick
from controller.telemetry.watch import STEADY, Watch, right
from dynamics.diagnosis import reader
from dynamics.diagnosis.learning import HALF_WIDTH
from sim.perturbations import active, parse

PROMISED, WITHIN = 0.9, 2.0
"""Share of the runs that must be named in time, and that time [s]."""


@dataclass(frozen=True)
class Arguments:
    """Which runs to judge."""

    robot: str = robots.DEFAULT
    seeds: int = 10
    """Runs of each kind."""
    first_seed: int = 1000
    course: str = "figure8"
    seconds: float = 10.0
    adapter: str | None = None
    """The robot's own when not given."""
    model: Path | None = None
    """File of the diagnosis; the shipped one when not given."""
    perturb: tuple[str, ...] = ()
    """Judge these, as on the command line without a time, in place of drawn ones."""
    set: tuple[str, ...] = ()
    """Override settings of the runs, for example state=estimated."""
    workers: int = 1
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Job:
    """One run to do."""

    kind: str
    settings: RunSettings
    onset: float
    model: Path | None


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        named: time from the onset to the kind's name [s]; None where it never came.
        cause: whether the part was named right too, at two seconds after the onset or at the end.
        said: likeliest kind then, and in words.
        alarms: share of the ticks before the onset at which something was believed to be the matter.
        held: by amount, how many truths were looked for in their interval and how many lay within.
    """

    kind: str
    perturbation: str
    named: float | None
    cause: bool
    said: str
    words: str
    alarms: float
    fell: bool
    held: dict[str, tuple[int, int]]


def drive(job: Job) -> Outcome:
    """Do one run in lock-step, watched."""
    settings, spec = job.settings, robots.spec(job.settings.robot)
    watch = Watch.over(settings) if job.model is None else Watch(spec, reader.load(job.model))
    assert watch is not None, f"robot {spec.name}: no trained diagnosis"
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, settings.adapter))
    records: list[TickRecord] = []
    truths: list[dict[str, float]] = []

    def note(tick: LoopTick) -> None:
        acting = active(settings.perturbations, tick.time)
        record = from_tick(tick, rig.header.channels, [str(item) for item in acting], rig.robot.qpos)
        records.append(watch.note(tick, record))
        truths.append(amounts_of(rig.robot, acting, float(record.state[rig.header.channels.index("yaw")])))

    loop = rig.drive(note)
    return judge(job, records, truths, fell=loop.fell)


def judge(job: Job, records: Sequence[TickRecord], truths: Sequence[dict[str, float]], *, fell: bool) -> Outcome:
    """Boil a run down."""
    steady = round(STEADY * job.settings.control.rate_hz)
    after = [index for index, record in enumerate(records) if record.time >= job.onset]
    answers = [right(record) for record in records]
    lasting = [index for index in after if all(answers[index : index + steady])]
    due = next((index for index in after if records[index].time >= job.onset + WITHIN), len(records) - 1)
    before = [record for record in records if 1.0 <= record.time < job.onset]
    true = cause(job.settings.perturbations[0]) if job.settings.perturbations else NONE
    held: dict[str, tuple[int, int]] = {}
    for record, truth in zip(records[due:], truths[due:], strict=True):
        named = next(iter(record.diagnosis.causes), "") == true
        for name, value in truth.items():
            if named and name in record.diagnosis.amounts:
                mean, spread = record.diagnosis.amounts[name]
                tried, within = held.get(name, (0, 0))
                held[name] = (tried + 1, within + (abs(value - mean) <= HALF_WIDTH * spread))
    said = records[due].diagnosis
    return Outcome(
        kind=job.kind,
        perturbation=", ".join(map(str, job.settings.perturbations)),
        named=records[lasting[0]].time - job.onset if lasting else None,
        cause=next(iter(said.causes), "") == true,
        said=next(iter(said.kinds), ""),
        words=phrase(said),
        alarms=float(np.mean([next(iter(record.diagnosis.kinds), NONE) != NONE for record in before])),
        fell=fell,
        held=held,
    )


def jobs(arguments: Arguments) -> list[Job]:
    """Return all runs, kind by kind."""
    spec, made = robots.spec(arguments.robot), []
    own: dict[str, object] = {"robot": arguments.robot, "course": arguments.course, "seconds": arguments.seconds}
    own |= {} if arguments.adapter is None else {"adapter": arguments.adapter}
    usual = run_settings([Layer("benchmark", own), *(assignment(text) for text in arguments.set)])
    given = {text: parse(text) for text in arguments.perturb}
    for number, kind in enumerate(given or kinds(spec.anatomy)):
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            rng = np.random.default_rng([seed, number])
            onset = round(float(rng.uniform(4.0, 5.0)), 2)
            item = given.get(kind) or (None if kind == NONE else draw(kind, rng, spec.anatomy))
            happens = () if item is None else (replace(item, onset=onset),)
            run = replace(usual, perturbations=happens, seed=seed)
            made.append(Job(kind, run, onset, arguments.model))
    return made


def report(outcomes: Sequence[Outcome], console: Console) -> float:
    """Print a row a kind, what was taken for what, and coverage; returns the share that was named in time."""
    drawn = Table("", "runs", "named in 2 s", "median [s]", "part too", "before: false", "falls", "taken for")
    told = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    for kind in told:
        runs = [outcome for outcome in outcomes if outcome.kind == kind]
        times = [outcome.named for outcome in runs if outcome.named is not None]
        said = ", ".join(f"{name} {count}" for name, count in Counter(outcome.said for outcome in runs).most_common())
        drawn.add_row(
            *(kind, str(len(runs)), f"{in_time(runs):.0%}", f"{np.median(times):.2f}" if times else "–"),
            *(f"{np.mean([outcome.cause for outcome in runs]):.0%}", f"{np.mean([o.alarms for o in runs]):.1%}"),
            *(str(sum(outcome.fell for outcome in runs)), said),
        )
    console.print(drawn)
    found: dict[str, list[tuple[int, int]]] = {}
    for outcome in outcomes:
        for name, counts in outcome.held.items():
            found.setdefault(name, []).append(counts)
    covered = {name: np.sum(counts, axis=0) for name, counts in found.items()}
    if covered:
        tried, within = np.sum(list(covered.values()), axis=0)
        each = ", ".join(f"{name} {inside / count:.0%}" for name, (count, inside) in covered.items())
        console.print(f"coverage of 90 % intervals: {within / tried:.0%} ({each})")
    named = in_time(outcomes)
    console.print(f"named within {WITHIN:g} s: {named:.0%} of {len(outcomes)} runs; promised {PROMISED:.0%}")
    return named


def in_time(outcomes: Sequence[Outcome]) -> float:
    """Return the share of runs whose kind was named in time."""
    return float(np.mean([outcome.named is not None and outcome.named <= WITHIN for outcome in outcomes]))


def main(arguments: Arguments) -> int:
    """Run, report, and write what was asked for."""
    console, todo = Console(width=150), jobs(arguments)
    with pool(arguments.workers) as executor:
        outcomes = list(track(executor.map(drive, todo), total=len(todo), console=Console(stderr=True)))
    named = report(outcomes, console)
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0 if named >= PROMISED else 1
