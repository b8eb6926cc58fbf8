"""A policy that walks, under a two-line outer loop, with whatever may happen to its robot: falls, error, speed.

    python -m benchmarks.walker.faults models/go2-walker.yaml --seeds 5 --out runs/walker-faults.json

The policy is an ONNX file beside a contract (docs/walker-training.md). It is told 0.7 m/s ahead, v_y = -y and
turn = -1.5 yaw - 0.5 y from the true pose; what it sees itself has the noise of the robot's sensors. Every run is the
full simulation, 500 steps a second, with the change at second 6; errors count from two seconds later on.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from controller.jobs.executors import pool
from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.drives import Walking
from hardware.embodiment import embody
from hardware.robot import LinkLost
from hardware.rotation import roll_pitch_yaw
from hardware.simulated.robot import SimRobot
from sim.perturbations import parse

ONSET, SECONDS, SETTLE = 6.0, 20.0, 2.0
"""When it happens, how long a run is, and how long after it nothing counts [s]."""
SPEED = 0.7
"""[m/s]"""
ROWS = {
    "none": "",
    "payload 5 kg at (0.1, 0.1)": "payload:mass=5,x=0.1,y=0.1",
    "payload 8 kg at (0.1, 0.1)": "payload:mass=8,x=0.1,y=0.1",
    "friction 0.2": "friction:mu=0.2",
    "slope 10 up": "slope:deg=10",
    "slope 15 up": "slope:deg=15",
    "slope 15 down": "slope:deg=15,heading_deg=180",
    "slope 15 across": "slope:deg=15,heading_deg=90",
    "calf 50 %": "motor:front_left_calf=0.5",
    "thigh 50 %": "motor:front_left_thigh=0.5",
    "hip 50 %": "motor:rear_right_hip=0.5",
    "calf dead": "dead_motor:name=front_left_calf",
    "thigh dead": "dead_motor:name=front_left_thigh",
    "hip dead": "dead_motor:name=rear_right_hip",
    "front hip dead": "dead_motor:name=front_left_hip",
    "calf stuck": "stuck:name=front_left_calf",
    "thigh stuck": "stuck:name=front_left_thigh",
    "leg lost": "leg_loss:leg=front_left",
    "push 20 N s": "push:y=20",
    "late 20 ms": "delay:ms=20",
}


@dataclass(frozen=True)
class Arguments:
    """What walks, and how often."""

    contract: tyro.conf.Positional[Path]
    """YAML beside the policy's file."""
    seeds: int = 5
    rows: tuple[str, ...] = ()
    """Names of rows; all when not given."""
    workers: int = 1
    out: Path | None = None
    """Where to write all figures as JSON."""


@dataclass(frozen=True)
class Outcome:
    """One run."""

    row: str
    seed: int
    fell: bool
    error: float
    """Mean distance from the straight line [m]."""
    speed: float
    """[m/s]"""
    stopped: float = field(default=math.nan)
    """When it fell [s]."""


def walk(contract: Path, row: str, seed: int) -> Outcome:
    """Walk straight ahead once."""
    rng = np.random.default_rng((seed, 7))
    spec = robots.spec(robots.located(robots.driven("go2", str(contract))))
    perturbations = (parse(f"{ROWS[row]}@{ONSET}"),) if ROWS[row] else ()
    clock, stand = VirtualClock(), np.array(spec.anatomy.stand)
    robot = SimRobot(
        spec, clock, rng, "flat", perturbations, pose=(stand + rng.uniform(-0.05, 0.05, len(stand))).tolist()
    )
    assert isinstance(spec.drive, Walking)
    drive, period, off, start = embody(spec), 1.0 / spec.drive.contract.rate_hz, [], 0.0
    robot.connect()
    robot.activate()
    for step in range(round(SECONDS / period)):
        now, true, seen = clock.now(), robot.true_state(), robot.read()
        x, y, z = true.position.tolist()
        yaw = roll_pitch_yaw(true.quaternion)[2]
        robot.write(drive.command(np.array([SPEED, -y, -1.5 * yaw - 0.5 * y]), seen, now, now + 2.0 * period))
        roll, pitch, _ = roll_pitch_yaw(robot.physics.level_quaternion)
        if max(abs(roll), abs(pitch)) > 1.0 or z < 0.1 or drive.annotate(seen).faults:
            return Outcome(row, seed, True, math.nan, math.nan, now)
        if now < ONSET + SETTLE:
            start = x
        else:
            off.append(abs(y))
        try:
            clock.sleep_until((step + 1) * period)
            robot.true_state()
        except LinkLost:  # the physics broke down
            return Outcome(row, seed, True, math.nan, math.nan, now)
    speed = (float(robot.true_state().position[0]) - start) / (SECONDS - ONSET - SETTLE)
    return Outcome(row, seed, False, float(np.mean(off)), speed)


def table(outcomes: list[Outcome]) -> Table:
    """Return the rows in words."""
    shown = Table("row", "falls", "error [mm]", "speed [m/s]")
    for row in dict.fromkeys(outcome.row for outcome in outcomes):
        runs = [outcome for outcome in outcomes if outcome.row == row]
        left = [run for run in runs if not run.fell]
        error, speed = (
            float(np.mean([getattr(r, key) for r in left])) if left else math.nan for key in ("error", "speed")
        )
        shown.add_row(row, f"{len(runs) - len(left)}/{len(runs)}", f"{1e3 * error:.0f}", f"{speed:.2f}")
    return shown


def main() -> int:
    """Walk all rows."""
    arguments = tyro.cli(Arguments)
    jobs = [(row, seed) for row in arguments.rows or ROWS for seed in range(arguments.seeds)]
    with pool(arguments.workers) as executor:
        rows, seeds = zip(*jobs, strict=True)
        outcomes = list(executor.map(walk, [arguments.contract] * len(jobs), rows, seeds))
    Console().print(table(outcomes))
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
