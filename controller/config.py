"""What a run is made of: frozen settings, filled from the robot's YAML file and then from flags, checked strictly."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
from pydantic import AfterValidator, PlainSerializer, PlainValidator

from controller import changes
from controller.changes import Change
from controller.courses import forward, goals, velocity, waypoints
from controller.courses.paths import COURSES
from controller.rhythm import ControlSettings
from controller.settings import assets, robots
from controller.settings.layers import ByKind, ConfigError, Layer, nearest, one_of, read_yaml, resolve
from controller.steering import choice, script
from planners.factory import PLANNERS
from planners.hybrid import HybridSettings
from planners.problem import PlannerSettings
from sim.perturbations import Perturbation, check, parse
from sim.strict import at_least, require
from sim.terrain import TERRAINS


def _perturbation(value: object) -> Perturbation:
    if not isinstance(value, str):
        raise ValueError(f"expected text like 'leg_loss:leg=left_middle@6', got {value!r}")
    return parse(value)


def _course(text: str) -> str:
    """Check a course: a path by name, or a family of hidden goals with what is known of the goal."""
    name, colon, rest = text.partition(":")
    if name == velocity.NAME:
        if colon and not rest:
            raise ValueError(f"{name}: expected the file of its commands, velocity:FILE.csv, got none")
        if colon:
            read_file(script.read, Path(rest), name)
    elif name == waypoints.NAME:
        if not rest:
            raise ValueError(f"{name}: expected the file of its way-points, path:FILE.csv, got none")
        read_file(waypoints.read, Path(rest), name)
    elif name in goals.GOALS:
        goals.parse(text, np.random.default_rng(0))
    elif name == forward.NAME:
        forward.parse(text)
    elif colon and name in COURSES:
        raise ValueError(f"{name}: expected no values after the name of a path, got '{text}'")
    elif name not in COURSES:
        others = (*goals.GOALS, velocity.NAME, waypoints.NAME, forward.NAME)
        raise ValueError(f"unknown course '{name}'; {nearest(name, [*COURSES, *others])}")
    return text


def read_file(read: Callable[[Path], Content], path: Path, place: str) -> Content:
    """Return the content of a file that a setting names. Raises ValueError where it cannot be read."""
    try:
        return read(path)
    except OSError as error:
        there = [str(file) for file in path.parent.glob(f"*{path.suffix}")] if path.suffix else []
        hint = f"; did you mean '{close[0]}'?" if (close := difflib.get_close_matches(str(path), there, n=1)) else ""
        told = f"expected a file that can be read, got: {error.strerror}{hint}"
        raise ValueError(f"{place}: {path}: {told}") from error


Content = TypeVar("Content")
RobotName = Annotated[str, AfterValidator(robots.simulated)]
CourseName = Annotated[str, AfterValidator(_course)]
TerrainName = Annotated[str, AfterValidator(one_of("terrain", lambda: TERRAINS))]
ModelName = Annotated[str, AfterValidator(one_of("model", lambda: ("learned", "oracle")))]
SourceText = Annotated[str, AfterValidator(choice.checked)]
StateName = Annotated[str, AfterValidator(one_of("state", lambda: ("measured", "estimated")))]
PerturbationText = Annotated[Perturbation, PlainValidator(_perturbation), PlainSerializer(str)]
ChangeText = Annotated[Change, PlainValidator(changes.parse), PlainSerializer(str)]
PlannerChoice = Annotated[
    PlannerSettings, ByKind(lambda: {kind: planner.settings for kind, planner in PLANNERS.items()})
]


@dataclass(frozen=True)
class RunSettings:
    """One run.

    Attributes:
        robot: which robot: a name, or the path of a file.
        course: the path it should follow, or a hidden goal as `family[:key=value,...]`; a goal not given is drawn; or
            `velocity`, to do as told, by a file of commands over time in `velocity:FILE.csv`; or `forward`.
        steer: where commands come from while it runs, see `controller.steering.choice`; course `velocity` only.
        terrain: the ground it runs on; simulated robots only.
        perturbations: what happens to it, as `name:key=value,...[@start[-end]]`; simulated robots only.
        changes: what becomes another one in mid-run, as `adapter=NAME@SECONDS` or `course=NAME@SECONDS`, earlier ones
            first; a course begins where the robot is then. Simulated robots only.
        adapter: recipe of the model: one that comes with Limber, or one that there is a trained model of.
        model: what predicts while planning; the oracle adapts all the same, but plans with the truth.
        state: where position, velocity and attitude come from that the plan is told.
        checkpoint: file of the trained model; None takes the one that comes with Limber.
        seconds: length of the run [s].
        seed: fixes every random number.
    """

    robot: RobotName = robots.DEFAULT
    course: CourseName = "figure8"
    steer: SourceText | None = None
    terrain: TerrainName = "flat"
    perturbations: tuple[PerturbationText, ...] = ()
    changes: tuple[ChangeText, ...] = ()
    adapter: str = "snail"
    model: ModelName = "learned"
    state: StateName = "measured"
    checkpoint: str | None = None
    planner: PlannerChoice = field(default_factory=HybridSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    seconds: float = 20.0
    seed: int = 0

    def __post_init__(self) -> None:
        lasts = 1.0 / self.control.rate_hz <= self.seconds <= 86400.0
        require(lasts, "seconds", "at least one tick and at most a day", self.seconds)
        at_least(self, 0, "seed")
        folder = robots.checkpoint(self.robot, self.adapter).parent
        refusal = assets.refusal(self.adapter, robots.spec(self.robot).name, folder)
        if self.checkpoint is None and refusal:
            raise ValueError(f"adapter: {refusal}")
        steered = self.course == velocity.NAME
        expected = "a source of commands, such as udp:9870, or a file, velocity:FILE.csv"
        require(not steered or self.steer is not None, "steer", f"{expected}, on course velocity", "none")
        require(steered or self.steer is None, "steer", f"none on course {self.course}", self.steer)
        check(self.perturbations, robots.spec(self.robot).anatomy)
        for key, happens in (("perturbations", self.perturbations), ("changes", self.changes)):
            for each in happens:
                if each.onset >= self.seconds:
                    expected = f"expected an onset within the run of {self.seconds:g} s"
                    raise ValueError(f"{key}: {each}: {expected}, got {each.onset:g}")
        for change in self.changes:
            self._check_change(change, folder)

    def _check_change(self, change: Change, folder: Path) -> None:
        """Raise ValueError unless there is such an adapter or path, and the run is on a path."""
        if change.what == "adapter":
            refusal = assets.refusal(change.name, robots.spec(self.robot).name, folder)
        else:
            refusal = (
                None if change.name in COURSES else f"unknown path '{change.name}'; {nearest(change.name, COURSES)}"
            )
        if self.goal is not None:
            refusal = f"expected none on {self.course_name}, which has no path"
        if refusal:
            raise ValueError(f"changes: {change}: {refusal}")
        latest = [other.onset for other in self.changes]
        require(latest == sorted(latest), "changes", "earlier ones first", change)

    @property
    def course_file(self) -> Path | None:
        """The file that the course names; None without one."""
        name, colon, rest = self.course.partition(":")
        return Path(rest) if colon and name in (velocity.NAME, waypoints.NAME) else None

    @property
    def course_name(self) -> str:
        """The course without the values of its goal."""
        return self.course.partition(":")[0]

    @property
    def goal(self) -> str | None:
        """The family of hidden goals that the course is about; None on a path."""
        return self.course_name if self.course_name in goals.GOALS else None

    def model_file(self, adapter: str) -> Path:
        """Return the checkpoint of a recipe: the one given for the run's own adapter, else the one of the robot."""
        if self.checkpoint is not None and adapter == self.adapter:
            return Path(self.checkpoint)
        return robots.checkpoint(self.robot, adapter, robots.unusual(self.robot, self.control.rate_hz), self.goal)


def run_settings(flags: Sequence[Layer], file: Path | None = None) -> RunSettings:
    """Fill the settings of a run: from a file, by default the robot's own, then flags. Raises ConfigError."""
    base = usual(flags) if file is None else read_yaml(file)
    return resolve(RunSettings, [base, *flags])


def usual(flags: Sequence[Layer]) -> Layer:
    """Return the usual settings of the robot, kind of course and rate that flags name. Raises ConfigError."""
    robot, course, rate, places = robots.DEFAULT, "", None, {"robot": "command line", "rate": ""}
    for layer in flags:
        course, control = str(layer.values.get("course", course)), layer.values.get("control")
        if "robot" in layer.values:
            robot, places["robot"] = str(layer.values["robot"]), layer.place
        if isinstance(control, Mapping) and isinstance(control.get("rate_hz"), int | float):
            rate, places["rate"] = control["rate_hz"], layer.place
    try:
        robots.located(robot)
    except ValueError as error:
        raise ConfigError(f"{places['robot']}: robot: {error}") from error
    if rate is not None and robots.unusual(robot, rate) is not None:
        return _at(robot, rate, places["rate"])
    files = [robots.run_config(robot, goal=True)] if course.partition(":")[0] in goals.GOALS else []
    found = [file for file in (*files, robots.run_config(robot)) if file.is_file()]
    return read_yaml(found[0]) if found else Layer(robot, {"control": {"rate_hz": robots.spec(robot).control_hz}})


def _at(robot: str, rate: float, place: str) -> Layer:
    """Return the settings of a robot at another rate than its usual one [Hz]."""
    file = robots.run_config(robot, rate)
    if file.is_file():
        return read_yaml(file)
    rates = ", ".join([f"{robots.spec(robot).control_hz:g}hz", *robots.other_rates(robot)])
    raise ConfigError(f"{place}: control.rate_hz: expected one of {rates} or a --config of your own, got {rate:g}")
