"""Collect episodes in which something befalls a robot, and teach a diagnosis what it was.

    python -m benchmarks.diagnosis.train --robot go2-walker --episodes 1600

Episodes are kept in pieces in the folder and not driven again, so it can be stopped at any time and goes on. A part of
them is kept back to end training and to calibrate; of a symmetric robot the others count in the mirror too. What comes
of it lies in the folder as <robot>.safetensors; copied into models/diagnosis/ every run of that robot is watched by it.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import tyro
from rich.console import Console

from benchmarks.diagnosis import driven
from benchmarks.diagnosis.episodes import NONE, Taken, as_cases, cause, draw, gather, kinds, load, save
from benchmarks.diagnosis.mirrored import mirrored
from controller.diagnosis.observer import Gathering
from controller.settings import robots
from dynamics.diagnosis import learning, reader
from dynamics.diagnosis.reader import Facts, Reader
from dynamics.model import Normalizer, fit_inputs, fit_targets
from dynamics.training.fit import FitSettings, Progress
from hardware.spec import RobotSpec

PIECE = 96
"""Episodes a file."""


@dataclass(frozen=True)
class Arguments:
    """What to train on, and for how long."""

    robot: str = robots.DEFAULT
    episodes: int = 1600
    """Of random commands."""
    driven: int = 0
    """Episodes along courses, as the robot's own settings drive it: it is calibrated on a part of them."""
    seconds: float = 10.0
    """Length of an episode [s]."""
    cycle_hz: float | None = None
    """Commands to the motors a second; None: as the robot's servo does, and slower is sooner done."""
    window: float = 1.6
    """What is read at once [s]."""
    kept_back: float = 0.25
    """Share of the episodes that training does not see."""
    hidden: int = 64
    steps: int = 3000
    batch: int = 128
    seed: int = 0
    workers: int = 1
    collect_only: bool = False
    out: Path | None = None


def collect(arguments: Arguments, spec: RobotSpec, out: Path, console: Console) -> tuple[list[Taken], list[Taken]]:
    """Return all episodes, of random commands and along courses, and drive those that are not there yet."""
    seconds, seed, workers = arguments.seconds, arguments.seed, arguments.workers
    cycle_hz = arguments.cycle_hz or spec.servo_hz

    def random(numbers: range) -> Sequence[Taken]:
        return [*gather(spec, numbers, seconds, cycle_hz, seed, workers)]

    def along(numbers: range) -> Sequence[Taken]:
        return driven.gather(arguments.robot, numbers, seconds, seed, workers)

    def pieces(name: str, count: int, made: Callable[[range], Sequence[Taken]]) -> list[Taken]:
        taken: list[Taken] = []
        for first in range(0, count, PIECE):
            path, begun = out / f"{name}-{seed}-{first:05d}.npz", time.monotonic()
            if not path.exists():
                save(made(range(first, min(first + PIECE, count))), path)
                console.print(f"{path.name}: {time.monotonic() - begun:.0f} s")
            taken += load(path)
        return taken

    return pieces("episodes", arguments.episodes, random), pieces("driven", arguments.driven, along)


def parted(arguments: Arguments, taken: list[Taken]) -> tuple[list[Taken], list[Taken]]:
    """Return episodes to learn from, and those kept back."""
    order = np.random.default_rng(arguments.seed).permutation(len(taken))
    count = round(arguments.kept_back * len(taken))
    known, unseen = ([taken[i] for i in np.sort(part)] for part in (order[count:], order[:count]))
    return known, unseen


def causes_of(spec: RobotSpec, met: Collection[str]) -> tuple[str, ...]:
    """Return all causes that can be drawn for a robot, of kinds that were met."""
    rng, found = np.random.default_rng(0), dict.fromkeys([NONE])
    for kind in (kind for kind in kinds(spec.anatomy)[1:] if kind in met):
        found |= dict.fromkeys(sorted({cause(draw(kind, rng, spec.anatomy)) for _ in range(2000)}))
    return tuple(found)


def untrained(arguments: Arguments, spec: RobotSpec, taken: list[Taken]) -> Reader:
    """Return a reader with everything but its weights."""
    ticks = Counter(name.partition(":")[0] for one in taken for name in one.causes)
    causes = causes_of(spec, ticks)
    amounts = tuple(sorted({name for one in taken for told in one.amounts for name in told}))
    kind = np.array([name.partition(":")[0] for name in causes])
    frequent = np.array([ticks[name] / (kind == name).sum() for name in kind])  # parts of a kind are alike
    window = max(2, round(arguments.window * spec.control_hz))
    told: dict[str, object] = {"seed": arguments.seed, "episodes": len(taken), "seconds": arguments.seconds}
    told |= {name: version(name) for name in ("limber", "torch", "mujoco", "numpy")}
    facts = Facts(spec.name, 1.0 / spec.control_hz, window, Gathering(spec).names, causes, amounts, provenance=told)
    cases = as_cases(taken, causes, amounts)
    rows = np.concatenate([ticks[:length] for ticks, length in zip(cases.ticks, cases.lengths, strict=True)])
    known = np.nan_to_num(rows.astype(np.float64))
    numbers = cases.amounts.reshape(-1, len(amounts)).astype(np.float64)
    units = [fit_targets(column[np.isfinite(column)][:, None]) for column in numbers.T]
    scale = Normalizer(np.array([u.mean[0] for u in units]), np.array([u.std[0] for u in units]))
    return Reader(facts, fit_inputs(facts.unscaled(known)), scale, frequent / frequent.sum(), ())


def main(arguments: Arguments) -> int:
    """Collect, train, calibrate, save."""
    console, spec = Console(stderr=True), robots.spec(arguments.robot)
    torch.set_num_threads(1)
    out = arguments.out or Path("runs") / f"diagnosis-{spec.name}"
    out.mkdir(parents=True, exist_ok=True)
    random, along = collect(arguments, spec, out, console)
    if arguments.collect_only:
        return 0
    (known, unseen), (walked, judged) = parted(arguments, random), parted(arguments, along)
    known += walked
    if spec.symmetric:
        known += [mirrored(spec, one) for one in known]
    blank = untrained(arguments, spec, [*known, *unseen, *judged])
    training, held, calibrating = (
        as_cases(part, blank.facts.causes, blank.facts.amounts)
        for part in (known, [*unseen, *judged], judged or unseen)
    )

    def report(progress: Progress) -> None:
        console.print(f"{progress.step}: {progress.train_loss:.3f}, kept back {progress.validation_loss:.3f}")

    fit = FitSettings(arguments.steps, arguments.batch, rate=2e-3, validate_every=100, patience=4)
    trained = learning.train(blank, training, held, fit, arguments.hidden, arguments.seed, report)
    done = learning.calibrate(trained, calibrating)
    console.print(done.facts.calibration)
    reader.save(done, out / f"{spec.name}.safetensors")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(tyro.cli(Arguments)))
