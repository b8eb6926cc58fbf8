"""A scripted controller and a run of it over the loopback robot, in either mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from controller.courses.paths import START
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import run_lockstep, run_realtime
from controller.loop.timing import LoopResult, LoopSettings
from controller.tick import Observation, TickResult
from hardware.clock import Clock, VirtualClock, WallClock
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from planners.plan import Plan, PlanStatus
from tests.hardware.loopback import LoopbackRobot, Stage, make_spec

MODES = ("lock-step", "real time")


def decided(schedule: ActionSchedule, size: float = 1.0) -> TickResult:
    """A tick that came to a schedule, without a plan behind it."""
    at, step, actions = schedule.start, schedule.step, schedule.actions
    plan = Plan(at, step, actions, np.zeros((len(actions) + 1, 1)), math.nan, PlanStatus.OK, 0, size=size)
    return TickResult(schedule, plan, actions[0], "ok", None, None, False, START, 0.0, 0.0, 0.0, 0.0)


@dataclass
class Counter:
    """Plans speed 20 + k at tick k, to be played from tick k + delay on; remembers what it saw."""

    period: float = 0.05
    delay: int = 1
    hook: Callable[[int], None] = lambda tick: None
    knots: int = 10
    grace: float = 0.2
    size: float = 1.0
    seen: list[Observation] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)
    rehearsals: int = 0
    schedule: ActionSchedule | None = None

    def tick(self, observation: Observation) -> TickResult:
        tick = len(self.seen)
        self.seen.append(observation)
        self.hook(tick)
        times = [observation.time + index * self.period for index in range(self.delay)]
        played = [None if self.schedule is None else self.schedule.action(at, np.zeros(2)) for at in times]
        under_way = [np.zeros(2) if action is None else action for action in played]
        actions = np.array([*under_way, *[np.full(2, 20.0 + tick)] * self.knots])
        end = observation.time + len(actions) * self.period
        self.schedule = ActionSchedule(observation.time, self.period, actions, end + self.grace)
        return decided(self.schedule, self.size)

    def rehearse(self, observation: Observation) -> None:
        self.rehearsals += 1

    def reset(self) -> None:
        self.resets.append(len(self.seen))
        self.seen, self.schedule = [], None


@dataclass
class Run:
    """A run of a controller over the loopback robot in one of the modes."""

    controller: Counter
    mode: str = "lock-step"
    rate: float = 20.0
    seconds: float = 0.3
    warmup: int = 0
    stuck: float = 0.0
    on_tick: Callable[[LoopTick], None] = lambda tick: None
    ticks: list[LoopTick] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock: Clock = VirtualClock() if self.mode == "lock-step" else WallClock()
        self.robot = LoopbackRobot(self.clock, make_spec(state_age=10.0))

    def __call__(self) -> LoopResult:
        settings = LoopSettings(
            self.rate, self.seconds, self.controller.delay, stuck=self.stuck, warmup_ticks=self.warmup
        )
        run = run_lockstep if self.mode == "lock-step" else run_realtime
        return run(self.controller, Servo(self.robot), self.clock, settings, self._record)

    def _record(self, tick: LoopTick) -> None:
        self.ticks.append(tick)
        self.on_tick(tick)

    @property
    def applied(self) -> list[float | None]:
        return [None if seen.applied is None else float(seen.applied[0]) for seen in self.controller.seen]

    @property
    def safe(self) -> bool:
        return not self.robot.driven and self.robot.stage is Stage.CLOSED and "damp" in self.robot.calls
