"""The quadruped's gait without a planner: told to go straight ahead while something happens to its robot.

    python -m benchmarks.go2_gait --gaits plain adaptive --seeds 3

A loop of two lines tells the gait v_y = -y and turn = -1.5 yaw - 0.5 y, at 25 Hz from the true pose; the gait sees what
the sensors say. The gaits take turns, seed by seed. Errors count from two seconds after the change.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.drives import Adaptive, Striding
from hardware.embodiment import embody, rest_action
from hardware.robot import RobotError
from hardware.rotation import roll_pitch_yaw, tilt
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import parse

GAITS: Mapping[str, Adaptive | None] = {"plain": None, "adaptive": Adaptive(reach=0.08)}
ONSET, SETTLE = 4.0, 2.0
"""When it happens, and how long after it nothing counts [s]."""
FALLEN, LEANS = 0.12, math.pi / 3.0
"""A robot has fallen whose trunk is lower [m], or leans more [rad]."""
JOINTS = tuple(f"{leg}_{part}" for leg in ("front_left", "rear_right") for part in ("calf", "thigh", "hip"))
ROWS: Mapping[str, str] = {
    "none": "",
    "payload 5 kg at (0.1, 0.1)": "payload:mass=5,x=0.1,y=0.1",
    "payload 8 kg at (0.1, 0.1)": "payload:mass=8,x=0.1,y=0.1",
    **{
        f"slope {deg} {way}": f"slope:deg={deg},heading_deg={heading}"
        for deg in (10, 15)
        for way, heading in (("up", 0), ("down", 180), ("across", 90))
    },
    **{f"{joint} dead": f"dead_motor:name={joint}" for joint in JOINTS},
    **{f"{joint} 50 %": f"motor:{joint}=0.5" for joint in JOINTS},
    **{f"{joint} locked": f"locked:name={joint},range=0.3" for joint in JOINTS},
    **{f"{joint} stuck": f"stuck:name={joint}" for joint in JOINTS},
    "front_left lost": "leg_loss:leg=front_left",
    "rear_right lost": "leg_loss:leg=rear_right",
    "friction 0.2": "friction:mu=0.2",
    "turf": "terrain:kind=turf",
    "push 20 N s": "push:y=20",
    "late 20 ms": "delay:ms=20",
}


@dataclass(frozen=True)
class Arguments:
    """Which gaits walk, and how often."""

    gaits: tuple[str, ...] = ("plain", "adaptive")
    seeds: int = 3
    first_seed: int = 0
    rows: tuple[str, ...] = ()
    """Names of rows, or how they begin; all when not given."""
    speeds: tuple[float, ...] = (0.3, 0.5, 0.7)
    """That are told in turns, seed by seed [m/s]."""
    seconds: float = 16.0
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Outcome:
    """One run."""

    gait: str
    row: str
    seed: int
    fell: bool
    error: float
    """Mean distance from the line [m]."""
    speed: float
    """As a share of what was told."""
    microseconds: float
    """That the gait takes of a servo cycle, at the median."""


def robot(gait: str) -> RobotSpec:
    """Return a quadruped that walks so."""
    found = spec("go2")
    assert isinstance(found.drive, Striding)
    return replace(found, drive=replace(found.drive, adaptive=GAITS[gait]))


def walk(gait: str, row: str, seed: int, speed: float, seconds: float) -> Outcome:
    """Walk once, straight ahead."""
    told = robot(gait)
    clock, drive, changes = VirtualClock(), embody(told), [parse(f"{ROWS[row]}@{ONSET}")] if ROWS[row] else []
    body = SimRobot(told, clock, np.random.default_rng((seed, 7)), "flat", changes)
    body.connect()
    body.activate()
    state, action, period = body.read(), rest_action(told), 1.0 / told.servo_hz
    every, off, spent, start = round(told.servo_hz / 25.0), [], [], 0.0
    for cycle in range(round(seconds * told.servo_hz)):
        if cycle % every == 0:
            (x, y, z), yaw = body.physics.position, roll_pitch_yaw(body.physics.quaternion)[2]
            if z < FALLEN or tilt(body.physics.quaternion) > LEANS:
                return Outcome(gait, row, seed, True, math.nan, math.nan, math.nan)
            if clock.now() < ONSET + SETTLE:
                start = float(x)
            else:
                off.append(abs(float(y)))
            wish = (speed, -float(y), -1.5 * yaw - 0.5 * float(y))
            bounds = [(each.low, each.high) for each in told.actions[:3]]
            action[:3] = [min(max(value, low), high) for value, (low, high) in zip(wish, bounds, strict=True)]
        began = time.perf_counter()
        command = drive.command(action, state, clock.now(), clock.now() + 0.1)
        spent.append(time.perf_counter() - began)
        body.write(command)
        clock.sleep_until((cycle + 1) * period)
        try:
            state = drive.annotate(body.read())
        except RobotError:
            return Outcome(gait, row, seed, True, math.nan, math.nan, math.nan)
    gone = float(body.physics.position[0]) - start
    share = gone / (seconds - ONSET - SETTLE) / speed
    return Outcome(gait, row, seed, False, float(np.mean(off)), share, 1e6 * float(np.median(spent)))


def report(arguments: Arguments, outcomes: list[Outcome]) -> Table:
    """Return the rows in words: falls, and what those did that did not fall."""
    title = f"{arguments.seeds} seeds from {arguments.first_seed}: falls, error [mm], share of the speed told"
    drawn = Table("", *arguments.gaits, title=title)
    for row in dict.fromkeys(outcome.row for outcome in outcomes):
        cells = []
        for gait in arguments.gaits:
            runs = [outcome for outcome in outcomes if (outcome.row, outcome.gait) == (row, gait)]
            left = [run for run in runs if not run.fell]
            falls = f"{len(runs) - len(left) or '-':>2}"
            means = [float(np.mean([getattr(run, key) for run in left])) for key in ("error", "speed")] if left else []
            cells.append(f"{falls}  {1e3 * means[0]:5.0f}  {means[1]:5.2f}" if means else falls)
        drawn.add_row(row, *cells)
    fallen = [str(sum(o.fell for o in outcomes if o.gait == gait)) for gait in arguments.gaits]
    spent = [float(np.nanmedian([o.microseconds for o in outcomes if o.gait == g])) for g in arguments.gaits]
    drawn.add_row("all falls; us a cycle", *(f"{fell}; {us:.0f}" for fell, us in zip(fallen, spent, strict=True)))
    return drawn


def main(arguments: Arguments) -> int:
    """Walk, report, and write what was asked for."""
    chosen = [row for row in ROWS if not arguments.rows or row.startswith(arguments.rows)]
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    jobs = [(gait, row, seed) for row in chosen for seed in seeds for gait in arguments.gaits]
    outcomes = []
    for gait, row, seed in track(jobs, console=Console(stderr=True)):
        speed = arguments.speeds[seed % len(arguments.speeds)]
        outcomes.append(walk(gait, row, seed, speed, arguments.seconds))
    Console(width=140).print(report(arguments, outcomes))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(tyro.cli(Arguments)))
