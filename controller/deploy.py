"""`limber deploy`: the controller on a robot behind a wire, the servo loop in a process of its own."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.flags import DONE, INTERRUPTED, ROBOT_FAULT, Answer, File, Folder, Name, Number, Setting, Switch, number

if TYPE_CHECKING:
    from controller.config import RunSettings
    from controller.controller import TickResult
    from controller.realtime import LoopTick
    from controller.run import Outcome
    from controller.strict import Layer
    from hardware.clock import Clock
    from hardware.robot import Robot
    from hardware.servo_process import ServoProcess

DRIVERS = ("go2",)


@dataclass(frozen=True)
class Deploy:
    """Drive a robot on the network over a course: it stands up, runs, sits down."""

    robot: Name = None
    """Which robot: go2."""
    interface: Name = None
    """Network device that leads to it [lo]."""
    domain: Number = None
    """DDS domain: 0 is a robot's, 1 a simulator's [1 on lo, 0 elsewhere]."""
    course: Name = None
    """Which path to follow (limber list courses)."""
    adapter: Name = None
    """Recipe of the model (limber list adapters)."""
    planner: Name = None
    """What searches for actions (limber list planners)."""
    seconds: Number = None
    """Length of the run once it stands [s]."""
    seed: Number = None
    """Fixes the planner's random numbers."""
    checkpoint: File = None
    """Trained model, in place of the one that comes with Limber."""
    config: File = None
    """Settings file, in place of the robot's own."""
    set: Setting = ()
    """Any other setting, for example control.horizon=10."""
    out: Folder = None
    """Run folder [runs/<time>-<robot>-<course>-<adapter>]."""
    json: Switch = False
    """Print the summary as one JSON object."""

    def __call__(self) -> Answer:
        """Deploy and report."""
        from controller.config import run_settings
        from controller.strict import ConfigError, nearest

        robot = self.robot or DRIVERS[0]
        if robot not in DRIVERS:
            raise ConfigError(f"command line: deploy: --robot: unknown robot '{robot}'; {nearest(robot, DRIVERS)}")
        settings = run_settings(self.layers(robot), self.config)
        interface = self.interface or "lo"
        domain = number(self.domain) if self.domain is not None else int(interface == "lo")
        if not isinstance(domain, int) or not 0 <= domain <= 232:
            raise ConfigError(f"command line: deploy: --domain: expected a whole number in [0, 232], got {self.domain}")
        return _drive(settings, interface, domain, self.out)

    def layers(self, robot: str) -> list[Layer]:
        """Return the flags that were given as layers of settings."""
        from controller.strict import Layer, assignment

        given: dict[str, object] = {
            "robot": robot,
            "course": self.course,
            "adapter": self.adapter,
            "planner": None if self.planner is None else {"kind": self.planner},
            "seconds": number(self.seconds),
            "seed": number(self.seed),
            "checkpoint": None if self.checkpoint is None else str(self.checkpoint),
        }
        flags = Layer("command line", {key: value for key, value in given.items() if value is not None})
        return [flags, *(assignment(text) for text in self.set)]


def _drive(settings: RunSettings, interface: str, domain: int, out: Path | None) -> Answer:
    """Check everything, run, and leave a complete run folder."""
    from controller.build import deployable, load_model
    from controller.deployed import run_deployed
    from controller.findings import Run
    from controller.run import Options, conclude, run_folder
    from controller.telemetry import RunLog, from_tick, read_log
    from hardware.servo_process import ServoProcess

    deployment = deployable(settings, load_model(settings, settings.adapter))
    options = Options(out=out, video=False)
    folder = run_folder(settings, options)
    path = folder / "log.jsonl"
    servo = ServoProcess(deployment.spec, functools.partial(go2_on, interface, domain), estimated=True)
    try:
        with RunLog(path, deployment.header) as log, _servo_log(folder / "servo.mcap", servo) as note_error:

            def note(tick: LoopTick[TickResult]) -> None:
                log.write(from_tick(tick, deployment.header.channels))
                note_error(tick)

            loop = run_deployed(deployment.controller, servo, deployment.loop, note)
    finally:
        servo.close()
    return _answer(conclude(settings, options, folder, [Run(read_log(path), loop)]))


def go2_on(interface: str, domain: int, clock: Clock) -> Robot:
    """Return the driver of a Go2 on a network; a function of a module, so that the servo process can call it."""
    from controller.robots import spec
    from hardware.go2 import Go2, dds

    return Go2(spec("go2"), clock, dds(interface, domain))


@contextlib.contextmanager
def _servo_log(path: Path, servo: ServoProcess) -> Iterator[Callable[[LoopTick[TickResult]], None]]:
    """Log the servo process where MCAP is installed; yields what adds the errors of the model to it."""
    try:
        from hardware.log_writer import LogWriter
    except ImportError:
        yield lambda tick: None
        return
    with LogWriter(path, servo.spec, servo.rings, servo.clock.origin) as log:

        def note(tick: LoopTick[TickResult]) -> None:
            result = tick.result
            log.note(
                {
                    "tick": tick.tick,
                    "error_prior": result.error_prior,
                    "error_adapted": result.error_adapted,
                    "rejected": result.rejected,
                    "status": result.status,
                }
            )

        yield note


def _answer(outcome: Outcome) -> Answer:
    text = f"{outcome.headline}\n{outcome.folder / 'report.html'}"
    if outcome.fault is not None:
        return Answer(outcome.summary, f"the robot stopped: {outcome.fault}\n{text}", ROBOT_FAULT)
    return Answer(outcome.summary, text, INTERRUPTED if outcome.interrupted else DONE)
