"""`limber deploy`: the controller on a robot at the other end of a wire."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyro.conf import OmitArgPrefixes

from controller.commands.flags import (
    BAD_USAGE,
    DONE,
    ROBOT_FAULT,
    Answer,
    At,
    Folder,
    Name,
    Number,
    RunFlags,
    Switch,
    ended,
    viewed,
)

if TYPE_CHECKING:
    from controller.config import RunSettings
    from controller.runs.deployed import Wire

_COLUMNS = ("check", "found", "wanted", "verdict")
DOMAINS = range(233)
"""Of DDS."""


@dataclass(frozen=True)
class Deploy:
    """Drive a real robot, or its emulator, over a course: it stands up, walks, sits down; and report."""

    settings: OmitArgPrefixes[RunFlags]
    interface: Name = None
    """Network device that leads to it, for example lo for an emulator here (ip link)."""
    domain: Number = None
    """DDS domain [1, that of emulators, on lo; else 0, that of robots]."""
    processor: Number = None
    """The one that the servo process keeps to, so that it interrupts the plan loop on no other [any]."""
    out: Folder = None
    """Run folder [runs/<time>-<robot>-<course>-<adapter>]."""
    view: Switch = False
    """Show a live page on this machine that takes remarks for the log; the address is printed."""
    view_at: At = None
    """The same at an address of its own, off this machine with a token."""
    preflight: Switch = False
    """Only look whether the robot could be driven now: nothing moves, and no motor is told anything."""
    json: Switch = False
    """Print the summary, or what --preflight found, as one JSON object."""

    def __call__(self) -> Answer:
        """Check everything, then drive and report."""
        from controller.settings.layers import ConfigError

        if self.settings.robot is None and self.settings.config is None:
            raise ConfigError(f"command line: deploy: --robot: {_wired()}, got none")
        settings = self.settings.resolve()
        wire = self._wire(settings)
        try:
            from controller.runs.deployed import execute
        except ImportError as error:
            raise ConfigError(f"deploy: needs MCAP ({error}); pip install 'limber[log]'") from error
        if self.preflight:
            return self._look(settings, wire)
        return ended(execute(settings, wire, self.out, viewed(self.view, self.view_at)))

    def _look(self, settings: RunSettings, wire: Wire) -> Answer:
        from controller.runs.preflight import preflight

        found = preflight(settings, wire)
        refused = [each.check for each in found if each.refused]
        status = DONE if not refused else BAD_USAGE if refused == ["plans"] else ROBOT_FAULT
        rows = [_COLUMNS, *((each.check, each.found, each.wanted, each.verdict) for each in found)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        told = [dict(zip(_COLUMNS, row, strict=True)) for row in rows[1:]]
        complaint = f"preflight: refused: {', '.join(refused)}" if refused else ""
        return Answer({"robot": settings.robot, "ready": not refused, "findings": told}, table, status, complaint)

    def _wire(self, settings: RunSettings) -> Wire:
        from controller.runs.deployed import LOOPBACK, Wire
        from controller.settings import robots
        from controller.settings.layers import ConfigError, nearest

        if robots.spec(settings.robot).wire is None:
            got = f"got {settings.robot!r}, which is simulated only"
            raise ConfigError(f"command line: deploy: --robot: {_wired()}, {got}")
        devices = [name for _, name in socket.if_nameindex()]
        if self.interface not in devices:
            got = "none" if self.interface is None else repr(self.interface)
            raise ConfigError(f"command line: deploy: --interface: got {got}, {nearest(self.interface, devices)}")
        usual = 1 if self.interface == LOOPBACK else 0
        domain = usual if self.domain is None else self.domain
        if not isinstance(domain, int) or domain not in DOMAINS:
            expected = f"expected a whole number from 0 to {DOMAINS[-1]}, got {self.domain!r}"
            raise ConfigError(f"command line: deploy: --domain: {expected}")
        usable, cpu = sorted(os.sched_getaffinity(0)), self.processor
        if cpu is not None and cpu not in usable:
            expected = f"expected one of {', '.join(map(str, usable))}, got {cpu!r}"
            raise ConfigError(f"command line: deploy: --processor: {expected}")
        return Wire(self.interface, domain, None if cpu is None else int(cpu))


def _wired() -> str:
    """Return which robots there are with a wire, in words."""
    from controller.settings import robots

    known = ", ".join(name for name in robots.names() if robots.spec(name).wire is not None)
    return f"expected {known}, or a file of a robot that has a wire"
