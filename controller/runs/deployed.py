"""One deployment from settings to run folder: check everything, drive the robot through a servo process, report.

The plan loop runs here; the servo process and the process that writes its log come and go with it. A robot is taken
down by its servo process whatever becomes of this one (docs/safety.md).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from controller.build import controller, helm, load_model
from controller.config import RunSettings
from controller.controller import Controller
from controller.diagnosis.words import phrase
from controller.jobs.interrupts import uninterrupted
from controller.loop.deployed import run_deployed
from controller.loop.plan_loop import LoopTick, Planning
from controller.loop.realtime import Finished
from controller.loop.steered import SteeredPlanning
from controller.loop.timing import LoopResult
from controller.mission import Mission
from controller.runs import trace
from controller.runs.folder import Outcome, run_folder, write_summary
from controller.runs.steered import keep_commands, live, tell
from controller.settings.layers import ConfigError, to_yaml
from controller.steering.choice import PAGE
from controller.steering.source import Source
from controller.telemetry.findings import Run, headline
from controller.telemetry.live_panel import Panel
from controller.telemetry.run_log import FloatArray, Log, RunHeader, RunLog, from_tick
from controller.telemetry.summary import servo_summary, stopped_by, summary
from controller.telemetry.watch import Watch, judging
from dynamics.files import trouble
from hardware.clock import Clock
from hardware.robot import Robot
from hardware.servo.process import ServoProcess
from hardware.servo.rights import RealtimeSettings
from hardware.servo.ring import RingError
from hardware.servo_log.writer import LogWriter
from hardware.spec import RobotSpec
from hardware.unitree.drivers import DRIVERS
from planners import factory as planners

if TYPE_CHECKING:
    from controller.view.about import Address
    from controller.view.onlooker import Onlooker
    from controller.view.window import Window

_log = logging.getLogger(__name__)

LOOPBACK = "lo"
SERVO_LOG = "servo.mcap"
_LOG_RATE, _RISE = 1.0, 15.0
"""What logs take [MB/s], and how long they are written before and after a run [s]."""
_NOTED = ("time", "progress", "distance", "cost", "error_prior", "error_adapted", "tick_ms")
"""What the servo's log is told of every tick, beside status and trust."""


@dataclass(frozen=True)
class Wire:
    """Where the robot is."""

    interface: str
    domain: int
    """Of DDS."""
    processor: int | None = None
    """Of this machine, that the servo process keeps to; None leaves it to the system."""


class Losses:
    """What could not be kept of a drive; each is said once, and none is a reason to stop a robot."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """Write files inside, as far as there is room."""
        try:
            yield
        except OSError as error:
            self._say(f"{error.filename or 'a file'}: {error.strerror}")

    def log(self, writer: LogWriter) -> None:
        """See whether the log of the servo process goes on."""
        if (stopped := writer.status().get("stopped")) is not None:
            self._say(str(stopped))

    def _say(self, what: str) -> None:
        if what not in self.said:
            self.said.append(what)
            _log.warning("not kept any more: %s", what)


@dataclass(frozen=True)
class _Driven:
    """What came of the drive."""

    loop: LoopResult
    servo: Mapping[str, object]
    """What its process told, see `servo_summary`."""
    log: Mapping[str, object]
    """How the log of the servo process fared."""
    losses: Losses


def execute(settings: RunSettings, wire: Wire, out: Path | None, view: Address | None = None) -> Outcome:
    """Drive a robot, and leave a complete run folder; nothing moves before everything has been checked.

    With a `view`, a page there shows it and takes remarks.

    Raises:
        ConfigError: settings that a real robot cannot have, or a folder that cannot be written.
        CheckpointError: the model is missing, damaged, or does not fit.
    """
    check(settings)
    mission = Mission.of(settings, fast=False)
    model = load_model(mission, settings.adapter)
    witness = trace.Witness(planners.make(settings.planner))
    brain = controller(mission, model, search=witness)
    about = replace(mission.header(model.recipe), terrain=f"{wire.interface}, domain {wire.domain}")
    with contextlib.ExitStack() as stack:
        window = None if view is None else stack.enter_context(_window(mission, about, view))
        steered = None if window is None or settings.steer != PAGE else window.steering
        source = stack.enter_context(live(mission, steered))
        steers = helm(mission, source)
        planning = brain if steers is None else SteeredPlanning(brain, steers)
        with uninterrupted(), run_folder(settings, out) as folder:  # only the walk itself ends when it is interrupted
            eyes = None if window is None else _onlooker(window, about, brain)
            driven = _drive(planning, witness, mission, wire, about, folder, source, eyes)
            return _conclude(settings, wire, folder, driven, {} if steers is None else {"steering": steers.counts()})


def _window(mission: Mission, about: RunHeader, view: Address) -> Window:
    from controller.view.about import About  # here alone: drives without a page have no use for it
    from controller.view.window import Window

    steering = mission.spec.steering if mission.settings.steer == PAGE else None
    return Window(About((about,), mission.settings.seconds, "deployed", steering=steering), view)


def _onlooker(window: Window, about: RunHeader, brain: Controller) -> Onlooker:
    from controller.view.onlooker import Onlooker

    return Onlooker(window, about, brain.fan)


def check(settings: RunSettings) -> None:
    """Refuse what only a simulation has."""
    for key, expected, got in (
        ("perturbations", (), settings.perturbations),
        ("changes", (), settings.changes),
        ("terrain", "flat", settings.terrain),
        ("model", "learned", settings.model),
        ("goal", None, settings.goal),
    ):
        if got != expected:
            told = ", ".join(map(str, got)) if isinstance(got, tuple) else got
            key = "course" if key == "goal" else key
            raise ConfigError(f"{key}: expected nothing that only a simulated robot has, got {told}; see limber run")
    if settings.adapter == "informed":
        raise ConfigError("adapter: expected one that is not told the true condition, got informed; see limber run")


def make(wire: Wire, spec: RobotSpec, clock: Clock) -> Robot:
    """Return the driver of a robot at the other end of a wire."""
    assert spec.wire is not None
    return DRIVERS[spec.wire.driver].make(spec, clock, wire.interface, wire.domain)


def _drive(
    brain: Planning,
    witness: trace.Witness,
    mission: Mission,
    wire: Wire,
    about: RunHeader,
    folder: Path,
    source: Source | None,
    eyes: Onlooker | None,
) -> _Driven:
    """Stand up, run, sit down, and write both logs as it goes; what the machine is short of is said before that."""
    spec, path = mission.spec, folder / SERVO_LOG
    needed, free = _LOG_RATE * (mission.settings.seconds + _RISE), shutil.disk_usage(folder).free / 1e6
    if free < needed:
        _log.warning("%s: %.0f MB free, and logs may take %.0f MB; make room, or they end early", folder, free, needed)
    losses, watch = Losses(), Watch.over(mission.settings)
    with contextlib.ExitStack() as stack:
        try:
            realtime = RealtimeSettings(cpu=wire.processor)
            servo = ServoProcess(spec, functools.partial(make, wire, spec), realtime, estimated=True)
            stack.enter_context(contextlib.closing(servo))
            log = stack.enter_context(RunLog(folder / "log.jsonl", about))
            servo_log = stack.enter_context(LogWriter(path, spec, servo.rings, servo.clock.origin))
        except (RingError, OSError) as error:
            why = trouble(error) if isinstance(error, OSError) else error
            raise ConfigError(f"deploy: the robot was not touched: {why}") from error
        if (stopped := servo_log.status().get("stopped")) is not None:
            raise ConfigError(f"deploy: the robot was not touched: {stopped}")
        servo_log.note(trace.of_run(mission.settings, about.versions))
        panel = stack.enter_context(Panel(about, mission.settings.seconds))
        diary = _Diary(mission, log, servo_log, panel, servo, witness, losses, watch, source, eyes)
        loop = run_deployed(brain, servo, mission.loop, judging(watch, diary.note))
        events = [*diary.events, *servo.events()]
    losses.log(servo_log)
    return _Driven(loop, servo_summary(events, servo.clock.origin), servo_log.status(), losses)


@dataclass
class _Diary:
    """What every tick leaves behind: a line in the run's log, notes in the servo's, a picture on the panel."""

    mission: Mission
    log: RunLog
    servo_log: LogWriter
    panel: Panel
    servo: ServoProcess
    witness: trace.Witness
    losses: Losses
    watch: Watch | None
    source: Source | None
    eyes: Onlooker | None
    ticks: int = 0
    events: list[dict[str, object]] = field(default_factory=list)
    """Of the servo process."""

    def note(self, tick: LoopTick) -> None:
        """Write down a tick; raises Finished where the course is over."""
        if not self.events:
            _log.warning("servo process %s, log process %s", self.servo.pid, self.servo_log.pid)
        self.events += self.servo.events()
        record = from_tick(tick, [channel.name for channel in self.mission.spec.channels], qpos=_posed(tick))
        record = record if self.watch is None else self.watch.note(tick, record)
        record = record if self.eyes is None else self.eyes.noted(record)
        with self.losses.allowed():
            self.log.write(record)
        self.losses.log(self.servo_log)
        figures = {name: getattr(record, name) for name in _NOTED}
        finite = {name: value if value is None or math.isfinite(value) else None for name, value in figures.items()}
        told = {"tick": tick.tick, "status": record.status, "rejected": record.rejected, "notes": list(record.notes)}
        self.servo_log.note(told | finite | {"diagnosis": phrase(record.diagnosis)})
        self.servo_log.note(trace.of_tick(self.ticks, tick, self.witness.chance))
        self.ticks += 1
        self.panel.show(record)
        tell(self.source, tick, record)
        if self.eyes is not None:
            self.eyes.show(tick, record)
        if record.progress >= self.mission.task.end:
            raise Finished


def _posed(tick: LoopTick) -> FloatArray:
    """Return the generalised positions of a robot at a tick, as they are estimated."""
    assert tick.boundary is not None
    state = tick.boundary.state
    return np.concatenate([state.position, state.quaternion, state.motor_position])


def _conclude(
    settings: RunSettings, wire: Wire, folder: Path, driven: _Driven, steered: Mapping[str, object]
) -> Outcome:
    """Write report and summary of a drive that is over."""
    from controller.reports.run_report import write_report  # plotting has no place beside a robot that moves

    run, told, path = Run(Log.read(folder / "log.jsonl"), driven.loop), driven.servo["faults"], folder / "summary.json"
    fault = stopped_by(driven.loop.fault, [str(one) for one in told] if isinstance(told, Sequence) else [])
    files = {"settings": folder / "settings.yaml", "log": folder / "log.jsonl", "servo_log": folder / SERVO_LOG}
    with driven.losses.allowed():
        files |= keep_commands(settings, folder, run.log)
        files |= write_report(folder, [run], to_yaml(settings)) if run.log.records else {}
    files["summary"] = path
    figures = summary(run.log, run.loop, {name: str(file) for name, file in files.items()})
    result: dict[str, object] = {
        **figures,
        **steered,
        "interrupted": run.loop.interrupted,
        "fault": fault,
        "wire": asdict(wire),
        "servo": driven.servo,
        "servo_log": driven.log,
    }
    with driven.losses.allowed():
        write_summary(path, result)
    return Outcome(result, headline([run]), folder, run.loop.interrupted, fault, complete=not driven.losses.said)
