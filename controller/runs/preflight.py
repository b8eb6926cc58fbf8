"""Whether a robot could be deployed now: everything is looked at, nothing is sent to a motor, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from controller.build import controller, load_model
from controller.config import RunSettings
from controller.loop.deployed import pace
from controller.loop.realtime import quiet_interpreter, warm_up
from controller.mission import Mission
from controller.runs.deployed import Wire, check, make
from hardware.clock import WallClock
from hardware.guard.arming import Finding, findings
from hardware.limits import Severity
from hardware.robot import Listening, RobotError
from hardware.spec import RobotSpec


def preflight(settings: RunSettings, wire: Wire) -> list[Finding]:
    """Return what the robot proves, and last whether plans are made in time for it.

    Raises:
        ConfigError: settings that a real robot cannot have.
        CheckpointError: the model is missing, damaged, or does not fit.
    """
    check(settings)
    mission = Mission.of(settings, fast=False)
    brain = controller(mission, load_model(mission, settings.adapter))
    proven = list(_proven(mission.spec, wire))
    with quiet_interpreter():
        return [*proven, pace(mission.spec, mission.loop, warm_up(brain, mission.spec, mission.loop))]


def _proven(spec: RobotSpec, wire: Wire) -> Iterator[Finding]:
    robot = make(wire, spec, WallClock())
    with closing(robot):
        try:
            robot.connect()
            if isinstance(robot, Listening):
                yield from findings(spec, robot.listen())
                runs, wanted = robot.owner(), "one that lets go when the robot is armed"
                if spec.own:
                    wanted = "one that walks it; without one it is started when the robot is armed"
                severity = Severity.WARN if spec.own and not runs else Severity.OFF
                yield Finding("controller", f"{runs or 'none'} of its own runs", wanted, severity)
        except RobotError as error:
            yield Finding("answer", str(error), "a robot that answers", Severity.HARD)
