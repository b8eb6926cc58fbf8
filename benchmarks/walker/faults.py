"""A policy that walks, under a two-line outer loop, with whatever may happen to its robot: falls, error, speed.

    python -m benchmarks.walker.faults models/go2-walker.yaml --seeds 5 --out runs/walker-faults.json

The policy is an ONNX file beside a contract (docs/walker.md). It is told 0.7 m/s ahead, v_y = -y and
turn = -1.5 yaw - 0.5 y from the true pose; what it sees itself has the noise of the robot's sensors. Every run is the
full simulation, 500 steps a second, with the change at second 6; errors count from two seconds later on.
"""

from __future__ import annotations

import json
import math
import sys
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tyro
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from controller.jobs.executors import pool
from controller.settings.robots import spec
from hardware.rotation import roll_pitch_yaw
from sim.bodies.base import Setpoints, SimulationError
from sim.bodies.jointed import JointedPhysics
from sim.bodies.many import in_body
from sim.bodies.sensors import Reading
from sim.perturbations import parse
from sim.terrain import TERRAINS

FloatArray = NDArray[np.float64]

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


class Policy:
    """A policy with what its contract says."""

    def __init__(self, contract: Path) -> None:
        self.said: dict[str, Any] = yaml.safe_load(contract.read_text(encoding="utf-8"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(contract.parent / self.said["policy"]), options)
        self._input = self._session.get_inputs()[0].name
        said, motors = self.said, list(spec("go2").motors)
        self._order = [motors.index(joint) for joint in said["joints"]]
        self.pose = np.array(said["pose"])
        self._scale = np.broadcast_to(said["action"]["scale"], len(motors))
        self._bound = float(said["action"].get("bound", 100.0))
        self.dt = 1.0 / said["rate_hz"]
        self._command = np.zeros(3)
        self._action = np.zeros(len(motors))
        self._frames: deque[FloatArray] = deque(maxlen=int(said["observation"].get("history", 1)))

    def setpoints(self, reading: Reading, wish: FloatArray) -> Setpoints:
        """Return what the motors follow until the next step."""
        said, gains = self.said, self.said["gains"]
        limits = said["command"]
        wish = np.clip(wish, limits["low"], limits["high"])
        self._command += np.clip(wish - self._command, -np.array(limits["slew"]), limits["slew"])
        upright = np.concatenate((np.zeros(3), reading.quaternion))[None]
        values = {
            "gyro": reading.gyro,
            "gravity": in_body(upright, np.array([[0.0, 0.0, -1.0]]))[0],
            "command": self._command,
            "joint_position": reading.motor_position[self._order] - self.pose,
            "joint_velocity": reading.motor_velocity[self._order],
            "last_action": self._action,
        }
        terms = said["observation"]["terms"]
        frame = np.concatenate([np.multiply(values[term["name"]], term.get("scale", 1.0)) for term in terms])
        self._frames.extend([frame] * (1 if self._frames else self._frames.maxlen or 1))
        seen = np.clip(np.concatenate(self._frames), -100.0, 100.0).astype(np.float32)[None]
        (action,) = self._session.run(None, {self._input: seen})
        self._action = np.clip(action[0].astype(np.float64), -self._bound, self._bound)
        target = np.empty(len(self.pose))
        target[self._order] = self.pose + self._scale * self._action
        limits = spec("go2").limits
        target = np.clip(target, limits.position_low, limits.position_high)
        none = np.zeros(len(target))
        return Setpoints(target, none, none, none + gains["kp"], none + gains["kd"])


def walk(contract: Path, row: str, seed: int) -> Outcome:
    """Walk straight ahead once."""
    rng = np.random.default_rng((seed, 7))
    anatomy = spec("go2").anatomy
    perturbations = (parse(f"{ROWS[row]}@{ONSET}"),) if ROWS[row] else ()
    physics = JointedPhysics(anatomy, TERRAINS["flat"], perturbations)
    policy = Policy(contract)
    physics.reset(np.array(anatomy.stand) + rng.uniform(-0.05, 0.05, len(anatomy.motors)))
    count, off, start = round(policy.dt / physics.timestep()), [], 0.0
    for _ in range(round(SECONDS / policy.dt)):
        _, y, z = physics.position
        yaw = roll_pitch_yaw(physics.quaternion)[2]
        wish = np.array([SPEED, -y, -1.5 * yaw - 0.5 * y])
        physics.command(policy.setpoints(physics.measure(rng), wish))
        try:
            physics.step(count)
        except SimulationError:
            return Outcome(row, seed, True, math.nan, math.nan, physics.time())
        roll, pitch, _ = roll_pitch_yaw(physics.level_quaternion)
        if max(abs(roll), abs(pitch)) > 1.0 or z < 0.1:
            return Outcome(row, seed, True, math.nan, math.nan, physics.time())
        if physics.time() < ONSET + SETTLE:
            start = float(physics.position[0])
        else:
            off.append(abs(y))
    speed = (float(physics.position[0]) - start) / (SECONDS - ONSET - SETTLE)
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
