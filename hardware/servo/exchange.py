"""What passes between the servo process and the others through shared memory: orders in; cycles, events, the wire out.

Whoever tells never waits for whoever listens: what is not read in time is overwritten.
"""

from __future__ import annotations

import json
import struct
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from hardware.clock import uptime
from hardware.robot import Robot
from hardware.servo.records import Cycle, CycleLayout, OrderLayout
from hardware.servo.ring import RecordRing, create_all
from hardware.spec import RobotSpec

CYCLES, ORDERS, EVENTS = 4096, 256, 512
"""Records that are kept: eight seconds of cycles at 500 Hz, and as much of the wire; a log writer may be starved."""
EVENT_BYTES = 2048
WIRE_BYTES = 4096
WIRE_HEAD = struct.Struct("<cd")
"""Before a message in the ring of the wire: R for received or S for sent, and the host clock [s]."""
_Of = TypeVar("_Of")


class Rings(NamedTuple, Generic[_Of]):
    """The rings themselves, or the names by which another process attaches."""

    orders: _Of
    cycles: _Of
    events: _Of
    wire: _Of


@runtime_checkable
class Wired(Protocol):
    """A driver that keeps the newest messages as they were on the wire."""

    received: bytes
    sent: bytes


def create(spec: RobotSpec) -> Rings[RecordRing]:
    """Return new rings for a robot; who creates them closes them. Raises RingError where memory is short."""
    orders, cycles = OrderLayout(spec).capacity, CycleLayout(spec).capacity
    sizes = ((orders, ORDERS), (cycles, CYCLES), (EVENT_BYTES, EVENTS), (WIRE_BYTES, 2 * CYCLES))
    return Rings(*create_all(*sizes))


def tell(events: RecordRing, kind: str, what: object) -> None:
    """Append an event, a line of JSON; too long a text is cut."""
    line = json.dumps({"time": uptime(), "kind": kind, "what": what})
    if len(line.encode()) > events.capacity:
        line = json.dumps({"time": uptime(), "kind": kind, "what": f"{what}"[: events.capacity // 8]})
    events.append(line.encode())


class Teller:
    """Tells every cycle, what was on the wire in it, and as an event what changed: mode, fault, which checks trip."""

    def __init__(self, robot: Robot, rings: Rings[RecordRing]) -> None:
        self._robot, self._rings, self._layout = robot, rings, CycleLayout(robot.spec)
        self._said: tuple[object, ...] = ()

    def tell(self, cycle: Cycle) -> None:
        """Tell a cycle that is over."""
        self._rings.cycles.append(self._layout.pack(cycle))
        if isinstance(self._robot, Wired):
            for kind, message in ((b"R", self._robot.received), (b"S", self._robot.sent)):
                self._rings.wire.append(WIRE_HEAD.pack(kind, cycle.time) + message)
        report = cycle.report
        said = (report.mode, report.fault, tuple((trip.check, trip.severity) for trip in report.trips))
        if said != self._said:
            self._said = said
            trips = [f"{trip.severity.value} {trip}" for trip in report.trips]
            fault = None if report.fault is None else str(report.fault)
            tell(self._rings.events, "mode", {"mode": report.mode.value, "fault": fault, "trips": trips})
