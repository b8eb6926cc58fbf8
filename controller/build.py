"""From settings to a robot with a controller, wired up and at rest. The one place where things are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np

from controller.config import RunSettings, checkpoint_path
from controller.controller import Controller, Foresight, learned
from controller.courses.goals import HiddenGoal, judged, parse
from controller.courses.paths import COURSES, Course, Task
from controller.courses.rewards import Pursuit, Referee
from controller.loop.timing import LoopSettings
from controller.oracle import oracle
from controller.settings import robots
from controller.settings.layers import ConfigError
from controller.telemetry.run_log import RunHeader
from dynamics import checkpoint
from dynamics import factory as adapters
from dynamics.adapters.base import Adapter
from dynamics.checkpoint import Checkpoint, CheckpointError
from dynamics.model import Model
from dynamics.state_space import Channel as ModelChannel
from hardware import embodiment
from hardware.channels import Channel
from hardware.clock import Clock, VirtualClock, WallClock
from hardware.estimation.legged import StateEstimation
from hardware.robot import FloatArray
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from planners import factory as planners
from planners.plan import PlanFunction
from sim.terrain import TERRAINS

_PERIOD_TOLERANCE = 1e-6
"""How far a model's step may be from the control period [s]."""


@dataclass(frozen=True)
class Rig:
    """Everything that one run needs.

    Attributes:
        robot: the simulated robot.
        servo: robot and guard, not entered yet.
        controller: adapts and plans.
        clock: the one that robot, servo and loop share.
        loop: rhythm and length of the run.
        header: what the log says about it.
    """

    robot: SimRobot
    servo: Servo
    controller: Controller
    clock: Clock
    loop: LoopSettings
    header: RunHeader


def load_model(settings: RunSettings, adapter: str) -> Checkpoint:
    """Read the checkpoint of a recipe and check that it fits the robot and the rate.

    Raises:
        CheckpointError: missing, damaged, or made for something else.
    """
    path = checkpoint_path(settings, adapter)
    loaded = checkpoint.load(path)
    spec, period = robot_spec(settings), 1.0 / settings.control.rate_hz
    expectations = (
        ("robot", spec.name, loaded.robot),
        ("recipe", adapter, loaded.recipe),
        ("predicted reward", _reward(spec.channels), _reward(loaded.model.space.channels)),
        ("channels", [c.name for c in spec.channels], [c.name for c in loaded.model.space.channels]),
        ("actions", [a.name for a in spec.actions], list(loaded.model.action_names)),
    )
    for what, expected, got in expectations:
        if expected != got:
            raise CheckpointError(f"{path}: {what}: expected {expected}, got {got}")
    if abs(loaded.period - period) > _PERIOD_TOLERANCE:
        raise CheckpointError(f"{path}: period: expected {period:g} s, the control period, got {loaded.period:g} s")
    return loaded


def _reward(channels: Sequence[Channel | ModelChannel]) -> str:
    """Return the name of the channel that holds a reward, for people."""
    return ", ".join(channel.name for channel in channels if channel.kind == "signal") or "none"


def build(settings: RunSettings, model: Checkpoint, *, fast: bool) -> Rig:
    """Wire up a run.

    Args:
        settings: checked settings.
        model: what `load_model` returned.
        fast: lock-step on a virtual clock instead of real time.

    Raises:
        ConfigError: the rates do not fit the robot, real time has no tick to plan in, or the oracle was to hurry.
    """
    spec, seeds = robot_spec(settings), np.random.SeedSequence(settings.seed).spawn(3)
    loop = loop_settings(settings, spec, fast=fast)
    if settings.model == "oracle":
        _check_oracle(settings, fast=fast)
    clock = VirtualClock() if fast else WallClock()
    sensor_rng, planner_rng, goal_rng = (np.random.default_rng(seed) for seed in seeds)
    goal = None if settings.goal is None else parse(settings.course, goal_rng)
    referee = None if goal is None else Referee(goal, loop.period)
    robot = SimRobot(
        spec=spec,
        terrain=TERRAINS[settings.terrain],
        perturbations=settings.perturbations,
        clock=clock,
        rng=sensor_rng,
        judge=referee,
    )
    adapter = adapters.make(model.adapter, model.model, model.parts, _told(robot, referee, model.model))
    brain = controller(
        settings, spec, model.model, adapter, planner_rng, real_time=not fast, foresight=_foresight(settings, robot)
    )
    servo = Servo(robot, estimation=_estimation(settings, spec))
    return Rig(robot, servo, brain, clock, loop, header(settings, model.recipe, spec, goal, fast=fast))


def controller(
    settings: RunSettings,
    spec: RobotSpec,
    model: Model,
    adapter: Adapter,
    rng: np.random.Generator,
    *,
    real_time: bool,
    foresight: Foresight = learned,
    search: PlanFunction | None = None,
) -> Controller:
    """Return what adapts and plans, for a robot that is real or simulated.

    Args:
        settings: checked settings.
        spec: the robot's.
        model: the trained model.
        adapter: what re-fits it.
        rng: randomness of the planner.
        real_time: meet the budget of the settings.
        foresight: what predicts while planning.
        search: planner in place of that of the settings, such as one that watches it.
    """
    return Controller(
        model,
        adapter,
        search if search is not None else planners.make(settings.planner),
        _task(settings, spec),
        settings.control,
        low=np.array([action.low for action in spec.actions]),
        high=np.array([action.high for action in spec.actions]),
        rest=embodiment.rest_action(spec),
        rng=rng,
        real_time=real_time,
        foresight=foresight,
    )


def robot_spec(settings: RunSettings) -> RobotSpec:
    """Return the constant facts about the robot that the settings name."""
    return judged(robots.spec(settings.robot), settings.goal)


def course(settings: RunSettings) -> Course:
    """Return the path that the settings name, at the size of their robot."""
    return COURSES[settings.course].sized(robots.spec(settings.robot).course)


def _task(settings: RunSettings, spec: RobotSpec) -> Task:
    """Return the path with the price of action changes, or the pursuit of the reward."""
    price = settings.control.change
    if settings.goal is None:
        ranges = np.array([action.high - action.low for action in spec.actions])
        return replace(course(settings), change=price / ranges**2) if price else course(settings)
    if price:
        raise ConfigError(f"control.change: expected 0 on {settings.course_name}, whose reward is all, got {price}")
    return Pursuit([channel.kind for channel in spec.channels].index("signal"))


def _estimation(settings: RunSettings, spec: RobotSpec) -> StateEstimation | None:
    if settings.state == "measured":
        return None
    if spec.foot is None:
        raise ConfigError(
            f"state: expected measured for robot {spec.name}, got estimated, which needs to know its legs"
        )
    return StateEstimation(spec)


def _told(robot: SimRobot, referee: Referee | None, model: Model) -> Callable[[], FloatArray]:
    """Return what an informed model is told: the true condition, and the goal where there is one.

    Numbers of perturbations that came to be known after the model was trained are the last ones, and left out.
    """
    goal = [] if referee is None else [referee.goal]
    known = 0 if model.condition is None else len(model.condition.mean) - len(goal)
    return lambda: np.append(robot.true_condition()[:known], goal)


def _check_oracle(settings: RunSettings, *, fast: bool) -> None:
    if not fast:
        raise ConfigError("model: expected learned in real time, got oracle, which is slower than that; add --fast")
    if settings.robot != "roach":
        raise ConfigError(f"model: expected learned for robot {settings.robot}; the oracle simulates the crawler only")
    if settings.goal is not None:
        raise ConfigError(f"model: expected learned on {settings.course_name}, got oracle, which predicts no reward")
    if planners.PLANNERS[settings.planner.kind].needs_derivatives:
        expected = "expected one that samples, because the oracle has no derivatives"
        raise ConfigError(f"planner.kind: {expected}, got {settings.planner.kind}")


def _foresight(settings: RunSettings, robot: SimRobot) -> Foresight:
    return oracle(robot, 1.0 / settings.control.rate_hz) if settings.model == "oracle" else learned


def loop_settings(settings: RunSettings, spec: RobotSpec, *, fast: bool) -> LoopSettings:
    """Return rhythm and length of a run.

    Raises:
        ConfigError: the rates do not fit the robot, or real time has no tick to plan in.
    """
    control = settings.control
    if not fast and control.delay_ticks < 1:
        raise ConfigError("control.delay_ticks: expected at least 1 in real time, because planning takes time, got 0")
    try:
        loop = LoopSettings(control.rate_hz, settings.seconds, control.delay_ticks)
        loop.cycles_per_tick(spec)
    except ValueError as error:
        raise ConfigError(f"control.{error}") from error
    return loop


def header(settings: RunSettings, adapter: str, spec: RobotSpec, goal: HiddenGoal | None, *, fast: bool) -> RunHeader:
    """Return what the log says about a run."""
    return RunHeader(
        robot=settings.robot,
        course=settings.course_name,
        perturbations=tuple(str(perturbation) for perturbation in settings.perturbations),
        adapter=adapter,
        planner=settings.planner.kind,
        model=settings.model,
        seed=settings.seed,
        terrain=settings.terrain,
        mode="lock-step" if fast else "real time",
        rate_hz=settings.control.rate_hz,
        channels=tuple(channel.name for channel in spec.channels),
        path=() if goal is not None else course(settings).outline,
        versions={name: version(name) for name in ("limber", "torch", "mujoco", "dm-control", "numpy")},
        goal=None if goal is None else str(goal),
    )
