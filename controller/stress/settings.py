"""The stress suite: what may happen to a robot, and who has to cope with it.

Conditions x adapters x seeds, grouped by what they ask of an adapter (the protocol). A trial is one lock-step run. All
adapters meet the same draws of parameters, sensor noise and planner randomness at one seed, so differences are paired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal
from zlib import crc32

import numpy as np
from pydantic import AfterValidator

from controller.config import CourseName, PerturbationText, PlannerChoice, RobotName, RunSettings, TerrainName
from controller.courses.paths import COURSES
from controller.rhythm import ControlSettings
from controller.settings import assets, robots
from controller.settings.assets import RECIPES, refusal
from controller.settings.layers import nearest, one_of
from planners.hybrid import HybridSettings
from sim.perturbations import Perturbation, sample_condition
from sim.strict import at_least, require

PROTOCOLS: Mapping[str, str] = {
    "within": "new parameters of a trained kind of change, there from the start",
    "onset": "the same, setting in during the run",
    "return": "a change that goes and comes back",
    "compound": "several changes at once",
    "extrapolation": "beyond the trained range",
    "across": "a kind of change that was never trained",
}
PLAIN, INFORMED, ORACLE = "mb", "informed", "oracle"
"""The zero and the one of the scores, and the simulator itself as the planner's model."""

ProtocolName = Annotated[str, AfterValidator(one_of("protocol", lambda: PROTOCOLS))]


@dataclass(frozen=True)
class StressCondition:
    """One thing that happens to the robot: either written out, or drawn afresh for every seed.

    Attributes:
        name: lower-case letters, digits and hyphens.
        protocol: what it asks of an adapter.
        perturbations: as on the command line.
        family: kind of change whose parameters each seed draws, in place of `perturbations`.
        split: which parameters it draws: those kept back from training, or those trained on.
        onset: when the drawn change sets in [s].
        without: use the models that were trained without this family.
    """

    name: str
    protocol: ProtocolName
    perturbations: tuple[PerturbationText, ...] = ()
    family: str | None = None
    split: Literal["heldout", "train"] = "heldout"
    onset: float = 0.0
    without: str | None = None

    def __post_init__(self) -> None:
        plain = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name) is not None and len(self.name) <= 80
        require(plain, "name", "lower-case letters, digits and single hyphens, 80 at most", repr(self.name))
        if (self.family is None) == (not self.perturbations):
            raise ValueError(f"{self.name}: expected either perturbations or a family")
        if not 0.0 <= self.onset < 86400.0 or (self.onset and self.family is None):
            raise ValueError(f"{self.name}: onset: expected a time [s] for a drawn family, got {self.onset}")

    def at(self, seed: int, robot: str) -> tuple[Perturbation, ...]:
        """Return what happens at a seed to a robot."""
        if self.family is None:
            return self.perturbations
        rng = np.random.default_rng([seed, crc32(self.name.encode())])
        drawn = sample_condition(rng, self.family, self.split, robots.spec(robot).anatomy)
        return tuple(replace(perturbation, onset=self.onset) for perturbation in drawn)


@dataclass(frozen=True)
class Trial:
    """One run of the suite."""

    condition: StressCondition
    adapter: str
    seed: int

    @property
    def slug(self) -> str:
        """Name of its file."""
        return f"{self.condition.name}--{self.adapter}--{self.seed}"


@dataclass(frozen=True)
class StressSettings:
    """The whole suite.

    Attributes:
        adapters: who copes with it: recipes, and `oracle`, the true simulator in the model's place.
        seeds: runs of each adapter in each condition.
        oracle_seeds: the same for the oracle, which takes about a hundred times as long.
        first_seed: seeds count up from here.
        seconds: length of a run [s].
        adapter: the default adapter, of which the promises speak and which runs beside the oracle.
        planner: what searches for actions, the same for all.
        models: folder of checkpoints; None takes those that come with Limber.
        worst: runs of each adapter that are repeated with a full report.
    """

    conditions: tuple[StressCondition, ...]
    adapters: tuple[str, ...] = tuple(RECIPES)
    seeds: int = 30
    oracle_seeds: int = 2
    first_seed: int = 0
    robot: RobotName = robots.DEFAULT
    course: CourseName = "zigzag"
    terrain: TerrainName = "flat"
    seconds: float = 12.0
    adapter: str = "snail"
    planner: PlannerChoice = field(default_factory=HybridSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    models: str | None = None
    worst: int = 2
    workers: int = 2

    def __post_init__(self) -> None:
        at_least(self, 1, "seeds", "oracle_seeds", "workers", most=10_000)
        at_least(self, 0, "first_seed", "worst")
        for what, names in (("adapters", self.adapters), ("conditions", [c.name for c in self.conditions])):
            differ = 0 < len(names) == len(set(names))
            require(differ, what, "one or more different names", ", ".join(names) or "none")
        RunSettings(seconds=self.seconds, control=self.control)  # checks both
        folder = robots.checkpoint(self.robot, PLAIN).parent if self.models is None else Path(self.models)
        for what, names in (("adapters", self.adapters), ("adapter", (self.adapter,))):
            refused = [refusal(name, robots.spec(self.robot).name, folder) for name in names if name != ORACLE]
            if reason := next(filter(None, refused), None):
                raise ValueError(f"{what}: {reason}")
        require(self.course in COURSES, "course", f"one with a path, {', '.join(COURSES)}", repr(self.course))
        known = robots.spec(self.robot).anatomy.families
        for index, condition in enumerate(self.conditions):
            for key, family in (("family", condition.family), ("without", condition.without)):
                if family is not None and family not in known:
                    place = f"conditions[{index}].{key}"
                    raise ValueError(f"{place}: unknown family '{family}'; {nearest(family, known)}")
            latest = max([condition.onset, *(item.onset for item in condition.perturbations)])
            expected = f"an onset within the run of {self.seconds:g} s"
            require(latest < self.seconds, f"conditions: {condition.name}", expected, f"{latest:g}")

    def trials(self) -> list[Trial]:
        """Return every run, the longest first and then seed by seed, so that an unfinished suite is even."""
        oracle = [Trial(c, ORACLE, seed) for seed in self.seeds_of(ORACLE) for c in self.conditions]
        learned = [name for name in self.adapters if name != ORACLE]
        others = [Trial(c, name, seed) for seed in self.seeds_of(PLAIN) for c in self.conditions for name in learned]
        return others if ORACLE not in self.adapters else oracle + others

    def seeds_of(self, adapter: str) -> range:
        """Return the seeds at which an adapter runs."""
        count = min(self.oracle_seeds, self.seeds) if adapter == ORACLE else self.seeds
        return range(self.first_seed, self.first_seed + count)

    def run(self, trial: Trial) -> RunSettings:
        """Return the settings of one run."""
        adapter = self.adapter if trial.adapter == ORACLE else trial.adapter
        return RunSettings(
            robot=self.robot,
            course=self.course,
            terrain=self.terrain,
            perturbations=trial.condition.at(trial.seed, self.robot),
            adapter=adapter,
            model="oracle" if trial.adapter == ORACLE else "learned",
            planner=self.planner,
            control=self.control,
            seconds=self.seconds,
            seed=trial.seed,
            checkpoint=str(self._checkpoint(adapter, trial.condition.without)),
        )

    def _checkpoint(self, adapter: str, without: str | None) -> Path:
        """Return the model of a recipe, trained with everything or without a family."""
        usual = RunSettings(robot=self.robot, course=self.course, control=self.control).model_file(adapter)
        path = usual if self.models is None else Path(self.models) / usual.name
        return path if without is None else assets.left_out(path, without)
