"""What a run is to do: its settings resolved once, into the value that all who drive, record or judge it are given."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Self

import numpy as np

from controller.config import RunSettings, read_file
from controller.courses import forward, velocity, waypoints
from controller.courses.forward import Forward
from controller.courses.goals import HiddenGoal, judged, parse
from controller.courses.paths import COURSES, Course, Task
from controller.courses.rewards import Pursuit
from controller.loop.timing import LoopSettings
from controller.oracle import can_predict
from controller.settings import robots
from controller.settings.layers import ConfigError
from controller.telemetry.run_log import RunHeader
from controller.tick import Actions
from dynamics.transitions import FloatArray
from hardware.embodiment import embody
from hardware.spec import RobotSpec
from planners.costs.path import ExcessPrice
from planners.costs.pose import PoseWeights
from planners.factory import PLANNERS
from sim.perturbations import Delay

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mission:
    """One run, whatever model drives it.

    Attributes:
        fast: lock-step on a virtual clock instead of real time.
        spec: constant facts about the robot, with what is judged where a goal is hidden.
        actions: what its actions may be.
        task: the path at the robot's size with the price of action changes, or the pursuit of the reward.
        goal: the hidden goal; None on a path.
        loop: rhythm and length.
        sensors: seed of what a simulated robot measures and how it stands.
        planner: seed of the planner.
    """

    settings: RunSettings
    fast: bool
    spec: RobotSpec
    actions: Actions
    task: Task
    goal: HiddenGoal | None
    loop: LoopSettings
    sensors: np.random.SeedSequence
    planner: np.random.SeedSequence

    @classmethod
    def of(cls, settings: RunSettings, *, fast: bool) -> Self:
        """Work out what a run is to do. Raises ConfigError where its settings do not fit robot, course or clock."""
        spec = judged(robots.spec(settings.robot), settings.goal)
        if settings.state == "estimated" and spec.foot is None:
            expected = f"expected measured for robot {spec.name}, got estimated"
            raise ConfigError(f"state: {expected}, which needs to know its legs")
        embody(spec)  # where a policy that walks it cannot be used, now is the time to say so
        if settings.model == "oracle":
            _check_oracle(settings, fast=fast)
        actions = Actions.of(spec)
        sensors, planner, goal = np.random.SeedSequence(settings.seed).spawn(3)
        return cls(
            settings=settings,
            fast=fast,
            spec=spec,
            actions=actions,
            task=_task(settings, spec, actions),
            goal=None if settings.goal is None else parse(settings.course, np.random.default_rng(goal)),
            loop=_loop(settings, spec, fast=fast),
            sensors=sensors,
            planner=planner,
        )

    def course(self, name: str) -> Course:
        """Return a path at the robot's size, by name."""
        found = _task(replace(self.settings, course=name), self.spec, self.actions)
        assert isinstance(found, Course)
        return found

    def header(self, adapter: str) -> RunHeader:
        """Return what the log says about the run with an adapter."""
        settings = self.settings
        return RunHeader(
            robot=self.spec.name,
            source=self.spec.source,
            course=settings.course_name,
            perturbations=tuple(str(perturbation) for perturbation in settings.perturbations),
            adapter=adapter,
            planner=settings.planner.kind,
            model=settings.model,
            seed=settings.seed,
            terrain=settings.terrain,
            mode="lock-step" if self.fast else "real time",
            rate_hz=settings.control.rate_hz,
            channels=tuple(channel.name for channel in self.spec.channels),
            path=self.task.outline,
            versions={name: version(name) for name in ("limber", "torch", "mujoco", "dm-control", "numpy")},
            goal=None if self.goal is None else str(self.goal),
        )


def _task(settings: RunSettings, spec: RobotSpec, actions: Actions) -> Task:
    control = settings.control
    if settings.course_name == forward.NAME:
        largest = np.maximum(np.abs(actions.low), np.abs(actions.high))
        tilt, leap, change = _tilt(settings, spec), _leap(settings, spec), _change(settings, actions)
        return Forward(forward.parse(settings.course), largest, tilt, leap, control.calm, change)
    for key in ("leap", "calm"):
        if price := getattr(control, key):
            raise ConfigError(
                f"control.{key}: expected 0 on {settings.course_name}, it is for {forward.NAME}, got {price}"
            )
    if settings.goal is None:
        course = _steered(settings, spec) if settings.course_name == velocity.NAME else _path(settings, spec)
        if isinstance(course, Course):
            perp, head = control.distance * course.weights.perp, control.heading * course.weights.head
            weights = replace(course.weights, perp=perp, head=head)
            course = replace(course, weights=weights, integral=control.integral / control.rate_hz)
        return replace(course, tilt=_tilt(settings, spec), change=_change(settings, actions))
    for key, usual in (("change", 0), ("tilt", 0), ("distance", 1), ("heading", 1), ("integral", 0)):
        if (price := getattr(control, key)) != usual:
            expected = f"expected {usual} on {settings.course_name}, whose reward is all"
            raise ConfigError(f"control.{key}: {expected}, got {price}")
    return Pursuit([channel.kind for channel in spec.channels].index("signal"))


def _change(settings: RunSettings, actions: Actions) -> FloatArray | None:
    price = settings.control.change
    return price / actions.range**2 if price else None


def _tilt(settings: RunSettings, spec: RobotSpec) -> ExcessPrice | None:
    control, names = settings.control, [channel.name for channel in spec.channels]
    if not control.tilt:
        return None
    channels = tuple(names.index(name) for name in ("roll", "pitch") if name in names)
    if not channels:
        raise ConfigError(f"control.tilt: expected 0 on robot {spec.name}, whose state has neither roll nor pitch")
    return ExcessPrice(control.tilt, control.upright, channels)


def _leap(settings: RunSettings, spec: RobotSpec) -> ExcessPrice | None:
    control, names = settings.control, [channel.name for channel in spec.channels]
    if not control.leap:
        return None
    if "z" not in names:
        raise ConfigError(f"control.leap: expected 0 on robot {spec.name}, whose state has no z, got {control.leap}")
    return ExcessPrice(control.leap, control.height, (names.index("z"),), lean=False)


def _path(settings: RunSettings, spec: RobotSpec) -> Course:
    if settings.course_file is None:
        return COURSES[settings.course].sized(spec.course)
    try:
        course = read_file(lambda file: waypoints.load(file, spec.course), settings.course_file, "course")
    except ValueError as error:
        raise ConfigError(f"course: {error}") from error
    radius, told = waypoints.tightest(course), f"{settings.course}: {course.description}, tightest bend "
    limit = "" if spec.steering is None else f": there at most {spec.steering.turn.high * radius:.2g} m/s"
    _log.warning("%s%.2g m%s", told, radius, limit)
    return course


def _steered(settings: RunSettings, spec: RobotSpec) -> velocity.Steered:
    if spec.steering is None:
        raise ConfigError(f"course: expected a path on robot {spec.name}, whose file says no steering, got velocity")
    weights = PoseWeights(position=PoseWeights().position / spec.course.scale)
    return velocity.Steered(spec.steering, settings.control.delay_ticks, settings.control.horizon, weights)


def _loop(settings: RunSettings, spec: RobotSpec, *, fast: bool) -> LoopSettings:
    control = settings.control
    if not fast and control.delay_ticks <= 0:
        raise ConfigError("control.delay_ticks: expected more than 0 in real time, because planning takes time, got 0")
    varied = control.feedback > 0 or control.delay_ticks % 1 > 0
    try:
        loop = LoopSettings(control.rate_hz, settings.seconds, control.delay_ticks, varied, control.stuck)
        loop.cycles_per_tick(spec)
    except ValueError as error:
        raise ConfigError(f"control.{error}") from error
    return loop


def _check_oracle(settings: RunSettings, *, fast: bool) -> None:
    if not fast:
        raise ConfigError("model: expected learned in real time, got oracle, which is slower than that; add --fast")
    if settings.control.delay_ticks % 1:
        got = settings.control.delay_ticks
        raise ConfigError(f"control.delay_ticks: expected whole ticks with the oracle, got {got:g}")
    spec = robots.spec(settings.robot)
    if not can_predict(spec):
        known = "crawlers, and of others those without a battery whose actions are set-points"
        raise ConfigError(f"model: expected learned for robot {settings.robot}; the oracle simulates {known}")
    if spec.anatomy.cranks is None and any(isinstance(item, Delay) for item in settings.perturbations):
        raise ConfigError(f"model: expected learned for robot {settings.robot} with a delay, got oracle")
    if settings.goal is not None:
        raise ConfigError(f"model: expected learned on {settings.course_name}, got oracle, which predicts no reward")
    if PLANNERS[settings.planner.kind].needs_derivatives:
        expected = "expected one that samples, because the oracle has no derivatives"
        raise ConfigError(f"planner.kind: {expected}, got {settings.planner.kind}")
