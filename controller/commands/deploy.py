"""`limber deploy`: the controller on a robot at the other end of a wire."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from controller.commands.flags import (
    DONE,
    FAILED,
    INTERRUPTED,
    ROBOT_FAULT,
    Answer,
    File,
    Folder,
    Name,
    Number,
    Setting,
    Switch,
    layers,
    number,
)

if TYPE_CHECKING:
    from controller.config import RunSettings
    from controller.runs.deployed import Wire
    from controller.settings.layers import Layer

_log = logging.getLogger(__name__)

DOMAINS = range(233)
"""Of DDS."""


@dataclass(frozen=True)
class Deploy:
    """Drive a real robot, or its emulator, over a course: it stands up, walks, sits down; and report."""

    robot: Annotated[str | None, arg(metavar="{go2}", help_behavior_hint="")] = None
    """Which robot."""
    interface: Name = None
    """Network device that leads to it, for example lo for an emulator here (ip link)."""
    domain: Number = None
    """DDS domain [1, that of emulators, on lo; else 0, that of robots]."""
    course: Name = None
    """Which path to follow (limber list courses); it begins where the robot stands, straight ahead."""
    adapter: Name = None
    """Recipe of the model (limber list adapters)."""
    planner: Name = None
    """What searches for actions (limber list planners)."""
    seconds: Number = None
    """Length of the run, between standing up and sitting down [s]; an open course may be over sooner."""
    seed: Number = None
    """Fixes the random numbers of the planner."""
    rate: Number = None
    """Ticks per second, where the robot has settings and a model for it [Hz]."""
    checkpoint: File = None
    """Trained model, in place of the one that comes with Limber."""
    config: File = None
    """Settings file, in place of the robot's own; the settings.yaml of a run folder repeats that run."""
    set: Setting = ()
    """Any other setting, for example planner.search.candidates=200."""
    out: Folder = None
    """Run folder [runs/<time>-<robot>-<course>-<adapter>]."""
    json: Switch = False
    """Print the summary as one JSON object."""

    def __call__(self) -> Answer:
        """Check everything, then drive and report."""
        from controller.config import run_settings
        from controller.settings.layers import ConfigError

        if self.robot is None and self.config is None:
            raise ConfigError("command line: deploy: --robot: expected go2, the robot that has a driver, got none")
        settings = run_settings(self._layers(), self.config)
        wire = self._wire(settings)
        try:
            from controller.runs.deployed import execute
        except ImportError as error:
            raise ConfigError(f"deploy: needs DDS and MCAP ({error}); pip install 'limber[go2,log]'") from error
        outcome = execute(settings, wire, self.out)
        written = outcome.folder / "summary.json"
        text = f"{outcome.headline}\n{written}" if written.is_file() else outcome.headline
        if outcome.fault is not None:
            _log.error("limber: the robot stopped: %s", outcome.fault)
            return Answer(outcome.summary, text, ROBOT_FAULT)
        if outcome.interrupted:
            return Answer(outcome.summary, text, INTERRUPTED)
        return Answer(outcome.summary, text, DONE if written.is_file() else FAILED)

    def _layers(self) -> list[Layer]:
        given = {
            "robot": self.robot,
            "course": self.course,
            "adapter": self.adapter,
            "planner": None if self.planner is None else {"kind": self.planner},
            "seconds": number(self.seconds),
            "seed": number(self.seed),
            "control": None if self.rate is None else {"rate_hz": number(self.rate)},
            "checkpoint": None if self.checkpoint is None else str(self.checkpoint),
        }
        return layers(given, self.set)

    def _wire(self, settings: RunSettings) -> Wire:
        from controller.runs.deployed import DRIVERS, LOOPBACK, Wire
        from controller.settings.layers import ConfigError, nearest

        if settings.robot not in DRIVERS:
            expected = f"{nearest(settings.robot, DRIVERS)}, which have a driver"
            raise ConfigError(
                f"command line: deploy: --robot: {expected}, got {settings.robot!r}, which is simulated only"
            )
        devices = [name for _, name in socket.if_nameindex()]
        if self.interface not in devices:
            got = "none" if self.interface is None else repr(self.interface)
            raise ConfigError(f"command line: deploy: --interface: got {got}, {nearest(self.interface, devices)}")
        usual = 1 if self.interface == LOOPBACK else 0
        domain = usual if self.domain is None else number(self.domain)
        if not isinstance(domain, int) or domain not in DOMAINS:
            expected = f"expected a whole number from 0 to {DOMAINS[-1]}, got {self.domain!r}"
            raise ConfigError(f"command line: deploy: --domain: {expected}")
        return Wire(self.interface, domain)
