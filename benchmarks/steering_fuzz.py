"""Throws rubbish, floods, replays and a second writer at the sources of commands of a robot that runs, and looks at it.

    python -m benchmarks.steering_fuzz --minutes 10

A round is a run of the crawler in lock-step: it is told something, attacked while nobody tells it anything, told again,
and left alone. Every message goes through a real socket, or DDS on the loopback device. Nothing may crash, no command
may leave the limits, the robot has to stand once a lost publisher's last command is half a second old whatever comes in
its place, and every refusal is counted.
"""

from __future__ import annotations

import contextlib
import json
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from socket import AF_INET, SOCK_DGRAM, socket

import numpy as np
import torch
import tyro

from benchmarks.two_terminals import free_domain
from controller.build import build, load_model
from controller.config import run_settings
from controller.courses.velocity import Steered
from controller.loop.plan_loop import LoopTick
from controller.mission import Mission
from controller.settings import robots
from controller.settings.layers import Layer
from controller.steering.datagram import Address, Datagrams, packed
from controller.steering.helm import TIMEOUT
from controller.steering.ros2 import Node, Ros2
from controller.steering.source import Command, Source
from hardware.spec import RobotSpec
from hardware.steering import Velocity
from hardware.unitree.bus import BusError
from hardware.unitree.layout import CDR_HEADER

TOLD, ATTACKED, AGAIN, LENGTH = 1.5, 4.5, 6.0, 8.0
"""When it is told until, attacked until, told again until, and over [s]."""
_SETTLED = 0.8
"""How long it takes a robot to stand behind the last command: half a second, and its ramp [s]."""
_FLOOD = 400
"""Messages a tick."""
_KINDS = ("silence", "rubbish", "damaged", "flood", "replays", "extremes", "second writer")


@dataclass(frozen=True)
class Arguments:
    """How long, and what is drawn."""

    minutes: float = 10.0
    seed: int = 0


class Line:
    """A way to send to a source: datagrams of an own socket, or a writer of DDS."""

    def __init__(self, source: Datagrams | Ros2) -> None:
        self._source = source
        self._sockets = [socket(AF_INET, SOCK_DGRAM) for _ in range(2)]
        if isinstance(source, Ros2):
            from hardware.ros2 import messages

            self._writers = [source._bus.writer("rt/cmd_vel", messages.TWIST) for _ in range(2)]

    def valid(self, velocity: Velocity) -> bytes:
        """Return a message as it should be."""
        if isinstance(self._source, Datagrams):
            return packed(velocity, time.time_ns())
        return CDR_HEADER + struct.pack("<6d", velocity.forward, velocity.lateral, 0.0, 0.0, 0.0, velocity.turn)

    def rubbish(self, rng: np.random.Generator) -> bytes:
        """Return a message of anything; where DDS looks at its length, of the right one and not finite."""
        if isinstance(self._source, Datagrams):
            return rng.bytes(int(rng.integers(0, 400)))
        return CDR_HEADER + struct.pack("<d", np.nan) + rng.bytes(40)

    def send(self, message: bytes, writer: int = 0) -> None:
        """Send from the first writer, or another one."""
        if isinstance(self._source, Datagrams):
            self._sockets[writer].sendto(message, ("127.0.0.1", self._source.port))
        else:
            with contextlib.suppress(BusError):  # of what is no message of its type DDS takes nothing
                self._writers[writer].write(message)

    def close(self) -> None:
        """Let go of the sockets."""
        for each in self._sockets:
            each.close()


class Attacked:
    """A source that is told and attacked by the time of the run, just before it is asked."""

    def __init__(self, source: Datagrams | Ros2, line: Line, kind: str, rng: np.random.Generator) -> None:
        self._source, self._line, self._kind, self._rng = source, line, kind, rng
        self._velocity = Velocity(0.2, 0.0, float(rng.uniform(-1, 1)))
        self._before = line.valid(self._velocity)

    def poll(self, now: float) -> Command | None:
        """Send what this time has in store, and ask the source."""
        if now < TOLD or ATTACKED <= now < AGAIN:
            self._before = self._line.valid(self._velocity)
            self._line.send(self._before)
        if TOLD <= now < ATTACKED:
            self._attack()
        return self._source.poll(now)

    def _attack(self) -> None:
        rng, line = self._rng, self._line
        match self._kind:
            case "rubbish" | "flood":
                for _ in range(_FLOOD if self._kind == "flood" else 5):
                    line.send(line.rubbish(rng))
            case "damaged":
                for _ in range(5):
                    cut = bytearray(line.valid(self._velocity))
                    line.send(bytes(cut[: int(rng.integers(4, len(cut)))]))
            case "replays" if isinstance(self._source, Datagrams):
                for _ in range(20):
                    line.send(self._before, int(rng.integers(2)))
            case "extremes":
                numbers = rng.choice([np.nan, np.inf, -np.inf, 1e30, -1e30, 3.0], 3)
                if not np.isfinite(numbers).all():
                    line.send(line.valid(Velocity(*numbers.tolist())))
            case "second writer":
                line.send(line.valid(self._velocity))  # the first goes on
                for _ in range(3):
                    line.send(line.valid(Velocity(0.05, 0.0, 2.0)), 1)

    def counts(self) -> Mapping[str, int]:
        """Return what the source counted."""
        return self._source.counts()

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def judge(
    kind: str, told: Velocity, ticks: list[LoopTick], task: Steered, counts: Mapping[str, int], quiet: bool
) -> list[str]:
    """Return what a round did that it must not; `quiet` where nothing was sent that could be refused."""
    wrong = []
    for tick in ticks:
        lead = tick.result.progress.lead
        assert lead is not None
        if task.limits.limited(lead.command) != lead.command:
            wrong.append(f"{tick.time:.2f} s: beyond the limits: {lead.command}")
        left_alone = tick.time > AGAIN + TIMEOUT + _SETTLED
        lost = kind != "second writer" and TOLD + TIMEOUT + _SETTLED < tick.time < ATTACKED
        if (left_alone or lost) and tick.result.status != "standing":
            wrong.append(f"{tick.time:.2f} s: expected to stand, got {tick.result.status}, told {lead.wanted}")
        if kind == "second writer" and 0.2 < tick.time < AGAIN and abs(lead.wanted.turn - told.turn) > 1e-6:
            wrong.append(f"{tick.time:.2f} s: somebody else steered: {lead.wanted}")
        if 0.2 < tick.time < TOLD and lead.wanted.forward == 0.0:
            wrong.append(f"{tick.time:.2f} s: expected to run, told {lead.wanted}")
    refused = sum(count for what, count in counts.items() if what not in ("commands", "limited", "sideways"))
    if not quiet and not refused:
        wrong.append(f"nothing was counted: {dict(counts)}")
    return wrong


def attempt(kind: str, opened: Callable[[], Datagrams | Ros2], seed: int) -> tuple[list[str], Mapping[str, int]]:
    """Do a round; returns what was wrong, and what was counted."""
    rng = np.random.default_rng(seed)
    small = {"kind": "cem", "candidates": 16, "elites": 4}
    values = {"course": "velocity", "steer": "page", "planner": small, "seconds": LENGTH, "seed": seed}
    mission = Mission.of(run_settings([Layer("fuzz", {**values, "adapter": "mb"})]), fast=True)
    assert isinstance(mission.task, Steered)
    ticks = list[LoopTick]()
    with closing(opened()) as source, closing(Line(source)) as line:
        attacked = Attacked(source, line, kind, rng)
        told: Source = attacked
        loop = build(mission, load_model(mission, "mb"), told).drive(ticks.append)
        counts = source.counts()
    quiet = kind == "silence" or (isinstance(source, Ros2) and kind in ("damaged", "replays"))  # DDS takes none, or new
    wrong = judge(kind, attacked._velocity, ticks, mission.task, counts, quiet)
    return wrong + ([] if loop.fault is None else [f"the robot stopped: {loop.fault}"]), counts


def main(arguments: Arguments) -> int:
    """Attack for that long; prints what was done as JSON, 0 when nothing was wrong."""
    torch.set_num_threads(1)
    rounds, counted, wrong = Counter[str](), Counter[str](), list[str]()
    domain, end = free_domain(), time.monotonic() + 60 * arguments.minutes
    ways: Mapping[str, Callable[[], Datagrams | Ros2]] = {
        "udp": lambda: Datagrams(Address(0)),
        "ros2": lambda: Ros2(Node(domain), run_spec()),
    }
    number = 0
    while time.monotonic() < end and len(wrong) < 20:
        for way, opened in ways.items():
            kind = _KINDS[number % len(_KINDS)]
            found, counts = attempt(kind, opened, arguments.seed + number)
            rounds[f"{way}: {kind}"] += 1
            counted.update({f"{way}: {what}": count for what, count in counts.items()})
            wrong += [f"{way}, {kind}, seed {arguments.seed + number}: {what}" for what in found[:3]]
        number += 1
    sys.stdout.write(json.dumps({"rounds": dict(rounds), "counted": dict(counted), "wrong": wrong}, indent=1) + "\n")
    return 1 if wrong else 0


def run_spec() -> RobotSpec:
    """Return the robot that is attacked."""
    return robots.spec(robots.DEFAULT)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
