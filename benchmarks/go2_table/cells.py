"""One run of the table, in lock-step through the usual loop, and what it came to: all from the robot's true state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.go2_table.entrants import Entrant
from benchmarks.go2_table.rows import ROWS, SECONDS, SETTLE, onset
from controller.build import Rig
from controller.courses.paths import START, Course, Progress
from controller.jobs.study import Result
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from planners.problem import FloatArray
from sim.bodies.jointed import JointedPhysics

LOWEST = 0.13
"""A trunk lower than this has fallen, however level [m]; it stands at 0.3."""
BEGIN = 3.0
"""Until then a run is on its way to a steady walk [s]."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    entrant: Entrant
    states: str
    course: str
    row: str
    seed: int
    build: str
    """Of the entrant: another one is another run."""

    @property
    def slug(self) -> str:
        """A file name."""
        row = "-".join(self.row.replace("%", "").replace(",", "").split())
        who = f"{self.entrant.file}.{self.entrant.name}.{self.states}"
        return f"{who}.{self.course}.{row}.{self.seed:02d}.{self.build}"


@dataclass
class Watch:
    """Looks at the true state at every tick."""

    rig: Rig
    course: Course
    rows: list[tuple[float, float, float, float, float, float]] = field(default_factory=list)
    progress: Progress = START

    def __call__(self, tick: LoopTick) -> None:
        """Note time, signed distance, progress, height, power and the tick's computing time."""
        physics = self.rig.robot.physics
        assert isinstance(physics, JointedPhysics)
        x, y, z = physics.position
        self.progress = self.course.locate(np.array([x, y]), self.progress)
        progress = self.progress
        self.rows.append((tick.time, progress.signed, progress.s, float(z), physics.power, tick.result.tick_ms))


def measure(cell: Cell) -> Result:
    """Walk once. Raises KeyboardInterrupt when the run is ended before its time."""
    torch.set_num_threads(1)
    begins = onset(cell.course, cell.seed)
    values: dict[str, object] = {
        "course": cell.course,
        "seconds": SECONDS,
        "seed": cell.seed,
        "state": cell.states,
        "perturbations": ROWS[cell.row].perturbations(begins),
    }
    mission = Mission.of(cell.entrant.settings(values), fast=True)
    assert isinstance(mission.task, Course)
    rig = cell.entrant.rig(mission)
    watch = Watch(rig, mission.task)
    loop = rig.drive(watch)
    if loop.interrupted:
        raise KeyboardInterrupt
    time, signed, s, z, power, tick_ms = np.array(watch.rows).T
    fell = loop.fell or bool(z[-1] < LOWEST)
    return {
        "onset_s": begins,
        "fell": fell,
        "stopped": None if fell or loop.fault is None else str(loop.fault),
        "ended_s": float(time[-1]),
        "tick_ms": [float(value) for value in np.percentile(tick_ms, (50, 99))],
        "distance_mm": [round(1e3 * value, 1) for value in signed.tolist()],
        "period_s": mission.loop.period,
        **figures(time, np.abs(signed), s, power, begins),
    }


def figures(time: FloatArray, distance: FloatArray, s: FloatArray, power: FloatArray, onset: float) -> Result:
    """Return errors before and after [m], speed [m/s] and energy [J/m]; None where there is none."""
    before, after = (time >= BEGIN) & (time < onset), time >= onset + SETTLE
    if after.sum() < 2:
        return dict.fromkeys(("before_m", "error_m", "speed", "energy"))
    way, seconds = float(s[after][-1] - s[after][0]), float(time[after][-1] - time[after][0])
    used = float(power[after].mean()) * seconds
    return {
        "before_m": float(distance[before].mean()),
        "error_m": float(distance[after].mean()),
        "speed": way / seconds,
        "energy": used / way if way > 0.5 else None,
    }
