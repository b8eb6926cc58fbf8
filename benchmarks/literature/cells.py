"""One run of an experiment, in lock-step through the usual loop, and what it earned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.literature.experiments import EXPERIMENTS
from controller.build import build, load_model
from controller.config import RunSettings, run_settings
from controller.jobs.study import Result
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings.layers import Layer, assignment, read_yaml
from controller.settings.robots import spec

SETTINGS = Path("configs/experiments/literature")
"""Where the settings of the experiments are, from the root of a clone."""


ORACLE, BESIDE = "oracle", "mb"
"""The true simulator as model, a recipe of its own here; and the recipe that learns along, which it plans without."""


@dataclass(frozen=True)
class Cell:
    """One run: of a condition of an experiment, by a recipe out of a folder of trained models."""

    experiment: str
    condition: str
    recipe: str
    models: str
    number: int
    seconds: float
    set: tuple[str, ...] = ()

    @property
    def learned(self) -> str:
        """The recipe whose checkpoint is read."""
        return BESIDE if self.recipe == ORACLE else self.recipe

    @property
    def slug(self) -> str:
        """A file name."""
        condition = self.condition.replace(" ", "-")
        return f"{self.experiment}.{condition}.{self.recipe}.{Path(self.models).name}.{self.number:02d}"


def settings_of(cell: Cell) -> RunSettings:
    """Return the settings of a run. Raises ConfigError in one line where they cannot be."""
    experiment = EXPERIMENTS[cell.experiment]
    rng = np.random.default_rng([cell.number, list(EXPERIMENTS).index(cell.experiment)])
    base = read_yaml(SETTINGS / experiment.settings)
    robot = str(base.values["robot"])
    model = next(Path(cell.models).glob(f"{spec(robot).name}-{cell.learned}.safetensors"))
    given = {
        "adapter": cell.learned,
        "model": "oracle" if cell.recipe == ORACLE else "learned",
        "checkpoint": str(model),
        "perturbations": [str(perturbation) for perturbation in experiment.conditions[cell.condition](rng)],
        "seconds": cell.seconds,
        "seed": cell.number,
    }
    return run_settings([base, Layer("the experiment", given), *map(assignment, cell.set)])


def work(cell: Cell) -> Result:
    """Drive one run and return its rewards, and what happened."""
    settings = settings_of(cell)
    mission = Mission.of(settings, fast=True)
    rig = build(mission, load_model(mission, cell.learned))
    rewards: list[float] = []
    times: list[float] = []

    def note(tick: LoopTick) -> None:
        rewards.append(-tick.result.cost)
        times.append(tick.result.tick_ms)

    rig.drive(note)
    return {
        "happens": [str(perturbation) for perturbation in settings.perturbations],
        "rewards": [round(reward, 4) for reward in rewards[1:]],
        "period": rig.loop.period,
        "tick_ms": float(np.median(times)),
    }
