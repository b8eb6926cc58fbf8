"""From a mission to a robot with a controller, wired up and at rest. The one place where things are put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.config import read_file
from controller.controller import Controller, Foresight, learned
from controller.courses.paths import Task
from controller.courses.rewards import Referee
from controller.courses.velocity import Steered
from controller.loop.plan_loop import OnTick, Planning
from controller.loop.realtime import run_lockstep, run_realtime
from controller.loop.steered import SteeredPlanning
from controller.loop.timing import LoopResult, LoopSettings
from controller.mission import Mission
from controller.oracle import oracle
from controller.settings import assets, robots
from controller.settings.layers import ConfigError
from controller.steering import script
from controller.steering.helm import Helm
from controller.steering.source import Source
from controller.switching import Switching
from controller.telemetry.run_log import RunHeader
from controller.telemetry.watch import Watch, judging
from dynamics import checkpoint
from dynamics import factory as adapters
from dynamics.checkpoint import Checkpoint, CheckpointError
from dynamics.model import Model
from dynamics.state_space import Channel as ModelChannel
from hardware.channels import Channel
from hardware.clock import Clock, VirtualClock, WallClock
from hardware.estimation.legged import StateEstimation
from hardware.guard.guard import Guard
from hardware.limits import Severity
from hardware.robot import FloatArray
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from planners import factory as planners
from planners.pace import Paced
from planners.plan import PlanFunction
from sim.perturbations.world import Ground
from sim.terrain import TERRAINS

_log = logging.getLogger(__name__)

_UNEVEN = Ground("carpet", onset=86400.0)
"""Ground that is never reached: a model that was built for it can be put on any."""
_PERIOD_TOLERANCE = 1e-6
"""How far a model's step may be from the control period [s]."""


@dataclass(frozen=True)
class Rig:
    """Everything that one run needs; robot, servo and loop share the clock, and the servo is not entered yet."""

    robot: SimRobot
    servo: Servo
    controller: Planning
    clock: Clock
    loop: LoopSettings
    header: RunHeader
    helm: Helm | None = None
    switching: Switching | None = None
    """What lets another adapter or course take over; None where nothing does."""
    watch: Watch | None = None
    """The diagnosis; None where there is none for the robot."""

    def drive(self, on_tick: OnTick) -> LoopResult:
        """Run to the end, in lock-step or in real time; `on_tick` is told every tick."""
        run = run_lockstep if isinstance(self.clock, VirtualClock) else run_realtime
        return run(self.controller, self.servo, self.clock, self.loop, judging(self.watch, on_tick))


def load_model(mission: Mission, adapter: str) -> Checkpoint:
    """Read the checkpoint of a recipe and check that it fits the robot and the rate. Raises CheckpointError.

    A model of another robot serves where channels and actions are the same: whose it was is only said.
    """
    path = mission.settings.model_file(adapter)
    spec, period = mission.spec, mission.loop.period
    if not path.exists() and mission.settings.checkpoint is None:
        raise CheckpointError(f"{path}: no such checkpoint; {_cure(mission, adapter, path)}")
    loaded = checkpoint.load(path)
    if mission.settings.checkpoint is None and (contract := robots.lent(mission.settings.robot, path)) is not None:
        told = "%s was learned with another policy than that of %s; %s"
        _log.warning(told, path.name, contract, f"train one: limber train --config FILE --drive {contract}")
    expectations = (
        ("recipe", adapter, loaded.recipe),
        ("predicted reward", _reward(spec.channels), _reward(loaded.model.space.channels)),
        ("channels", [c.name for c in spec.channels], [c.name for c in loaded.model.space.channels]),
        ("actions", [a.name for a in spec.actions], list(loaded.model.action_names)),
    )
    other = "" if loaded.robot == spec.name else f", of robot {loaded.robot}"
    for what, expected, got in expectations:
        if expected != got:
            raise CheckpointError(f"{path}: {what}: expected {expected}, got {got}{other}")
    if abs(loaded.period - period) > _PERIOD_TOLERANCE:
        raise CheckpointError(f"{path}: period: expected {period:g} s, the control period, got {loaded.period:g} s")
    return loaded


def _cure(mission: Mission, adapter: str, path: Path) -> str:
    """Return what to do about a model that is not there, and which others are."""
    name, told = mission.spec.name, mission.settings
    config = robots.training(told.robot, adapter, told.control.rate_hz, told.goal) or "FILE"
    others = ", ".join(assets.trained(name, path.parent))
    missing = f"robot {name} has no {path.stem.removeprefix(f'{name}-')} yet{others and f' (it has {others})'}"
    return f"{missing}; train one: limber train --config {config}, and put it there or name it (--checkpoint FILE)"


def _reward(channels: Sequence[Channel | ModelChannel]) -> str:
    """Return the name of the channel that holds a reward, for people."""
    return ", ".join(channel.name for channel in channels if channel.kind == "signal") or "none"


def build(
    mission: Mission,
    model: Checkpoint,
    live: Source | None = None,
    others: Sequence[Checkpoint] = (),
    clock: Clock | None = None,
) -> Rig:
    """Wire up a run of a simulated robot with what `load_model` returned; on course velocity, with who steers it.

    `others` may take over from the model. With a `clock` of its own, more may happen than the settings say.
    """
    settings, watched = mission.settings, clock is not None
    clock = clock or (VirtualClock() if mission.fast else WallClock())
    referee = None if mission.goal is None else Referee(mission.goal, mission.loop.period)
    robot = SimRobot(
        spec=mission.spec,
        terrain=TERRAINS[settings.terrain],
        perturbations=(*settings.perturbations, _UNEVEN) if watched else settings.perturbations,
        clock=clock,
        rng=np.random.default_rng(mission.sensors),
        judge=referee,
    )
    foresight = oracle(robot, mission.loop.period) if settings.model == "oracle" else learned
    brains = {
        each.recipe: controller(mission, each, told=_told(robot, referee, each.model), foresight=foresight)
        for each in (model, *others)
    }
    switching = _switching(mission, brains) if watched or settings.changes else None
    brain: Planning = brains[model.recipe] if switching is None else switching
    checks = mission.spec.checks
    if checks.gap.on and not mission.fast:  # a busy machine holds up its simulation, and nobody gets hurt
        checks = replace(checks, gap=replace(checks.gap, severity=Severity.WARN))
    guard = Guard(replace(mission.spec, checks=checks))
    servo = Servo(robot, guard, StateEstimation(mission.spec) if settings.state == "estimated" else None)
    steers = helm(mission, live)
    planning = brain if steers is None else SteeredPlanning(brain, steers)
    header, watch = mission.header(model.recipe), Watch.over(settings)
    return Rig(robot, servo, planning, clock, mission.loop, header, steers, switching, watch)


def helm(mission: Mission, live: Source | None) -> Helm | None:
    """Return who steers a robot on course velocity: a file of commands, or a source that is open.

    Raises ConfigError where the file asks for what the robot cannot do.
    """
    if not isinstance(mission.task, Steered):
        return None
    file, limits, source = mission.settings.course_file, mission.task.limits, live
    if file is not None:
        commands = read_file(script.read, file, "course")
        aside = next((each for each in commands if each.velocity.lateral and limits.lateral is None), None)
        if aside is not None:
            expected = f"expected 0 on robot {mission.spec.name}, which cannot move sideways"
            raise ConfigError(f"{file}: v_y at {aside.time:g} s: {expected}, got {aside.velocity.lateral:g}")
        source = script.Script(commands)
    if source is None:
        raise ConfigError(f"steer: expected {mission.settings.steer} to be open, got nothing")
    return Helm(source, limits)


def _switching(mission: Mission, brains: Mapping[str, Controller]) -> Switching:
    """Return what lets one controller follow another, as the settings say."""

    def place(course: str, state: FloatArray | None) -> Task:
        if state is None:
            return mission.task
        x, y, yaw = (float(state[names.index(name)]) for name in ("x", "y", "yaw"))
        return mission.course(course).placed(x, y, yaw)

    names = [channel.name for channel in mission.spec.channels]
    settings = mission.settings
    return Switching(brains, (settings.adapter, settings.course), place, settings.changes)


def controller(
    mission: Mission,
    model: Checkpoint,
    *,
    told: Callable[[], FloatArray] | None = None,
    foresight: Foresight = learned,
    search: PlanFunction | None = None,
) -> Controller:
    """Return what adapts and plans, for a robot that is real or simulated, with what `load_model` returned.

    An informed model asks `told` for the true condition; `search` takes the place of the settings' planner.
    """
    settings = mission.settings
    planner = planners.make(settings.planner) if search is None else search
    if not mission.fast:
        planner = Paced(planner, (settings.control.latest - settings.control.budget) * mission.loop.period)
    return Controller(
        model.model,
        adapters.make(model.adapter, model.model, model.parts, told),
        planner,
        mission.task,
        settings.control,
        mission.actions,
        rng=np.random.default_rng(mission.planner),
        real_time=not mission.fast,
        foresight=foresight,
    )


def _told(robot: SimRobot, referee: Referee | None, model: Model) -> Callable[[], FloatArray]:
    """Return what an informed model is told: the true condition, and the goal where there is one.

    Numbers of perturbations that came to be known after the model was trained are the last ones, and left out.
    """
    known = 0 if model.condition is None else len(model.condition.mean) - (referee is not None)
    return lambda: np.append(robot.true_condition()[:known], [] if referee is None else [referee.goal])
