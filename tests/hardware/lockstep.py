"""The emulated robot on the host's own clock, without a network: it lives whenever somebody looks.

With a virtual clock a driver, its guard and this robot repeat bit by bit; with a wall clock it is a robot without DDS.
"""

from __future__ import annotations

import struct

from hardware.clock import Clock
from hardware.emulators.go2.body import PERIOD
from hardware.emulators.go2.firmware import Firmware
from hardware.unitree.bus import BusError
from hardware.unitree.layout import CDR_HEADER, LOW_CMD, LOW_STATE, SPORT_STATE, Struct

_SLACK = 1e-9
_KEPT = 64
"""Messages that wait for a reader who does not look."""


class LockstepBus:
    """A network with one emulated robot and one host; `hardware.unitree.bus.Bus`.

    Joined again after it was closed, it is the same robot, whose time went on.
    """

    def __init__(self, robot: Firmware, clock: Clock) -> None:
        """Let the robot's time begin now."""
        self.robot, self._clock, self._start = robot, clock, clock.now()
        self._cycles = 0
        self._commands: list[bytes] = []
        self._inboxes: dict[str, list[list[bytes]]] = {}
        self.sources: dict[int, int] = {}
        """How many states came from this robot, 0, and from another one, 1."""
        self.open = True

    def join(self) -> LockstepBus:
        """Return this network, open."""
        self.open = True
        return self

    def writer(self, topic: str, struct: Struct) -> LockstepEnd:
        """Return an end that sends to the robot."""
        return LockstepEnd(self, topic, [])

    def reader(self, topic: str, struct: Struct, depth: int = 1, others_only: bool = False) -> LockstepEnd:
        """Return an end that receives from the robot, or with `others_only` what `intrude` sends."""
        inbox: list[bytes] = []
        self._inboxes.setdefault(topic, []).append(inbox)
        return LockstepEnd(self, topic, inbox)

    def close(self) -> None:
        """Leave the network: ends that were given out are dead, the robot lives on."""
        self.open = False
        self._inboxes.clear()

    def intrude(self, wire: bytes) -> None:
        """Send a command as somebody else would."""
        self._commands.append(wire)
        self._deliver(LOW_CMD.topic, wire)

    def overhear(self, topic: str, wire: bytes) -> None:
        """Let a message of somebody else's to a service be heard, which the robot does not get."""
        self._deliver(topic, wire)

    def answer(self, wire: bytes) -> None:
        """Send a state as another robot would."""
        self._deliver(LOW_STATE.topic, wire, 1)

    def send(self, topic: str, wire: bytes) -> None:
        """Carry what the host sends."""
        self.run()
        if topic == LOW_CMD.topic:
            self._commands.append(wire)
        elif topic.endswith("/request"):
            self._call(topic, wire)

    def run(self) -> None:
        """Bring the robot to the clock's present time."""
        while self._start + (self._cycles + 1) * PERIOD <= self._clock.now() + _SLACK:
            self._cycles += 1
            for state in self.robot.cycle(self._commands):
                self._deliver(LOW_STATE.topic, state)
            for state in self.robot.own_states():
                self._deliver(SPORT_STATE.topic, state)
            self._commands = []

    def wait(self, inbox: list[bytes], seconds: float) -> bool:
        """Let time pass until there is a message, at most some [s]."""
        end = self._clock.now() + seconds
        self.run()
        while not inbox and self._clock.now() < end:
            self._clock.sleep_until(min(end, self._clock.now() + PERIOD))
            self.run()
        return bool(inbox)

    def _deliver(self, topic: str, wire: bytes, source: int = 0) -> None:
        if topic == LOW_STATE.topic:
            self.sources[source] = self.sources.get(source, 0) + 1
        for inbox in self._inboxes.get(topic, []):
            inbox.append(wire)
            del inbox[:-_KEPT]

    def _call(self, topic: str, wire: bytes) -> None:
        number, api, _, _, silent = struct.unpack_from("<3qi?", wire, 4)
        (length,) = struct.unpack_from("<I", wire, 36)
        parameter = wire[40 : 40 + length - 1].decode()
        service = topic.split("/")[2]
        answer = (self.robot.switcher if service == "motion_switcher" else self.robot.sport)(api, parameter)
        if answer is not None and not silent:
            text = answer[1].encode() + b"\0"
            start = struct.pack("<2qiI", number, api, answer[0], len(text))
            body = start + text + bytes(-len(text) % 4) + bytes(4)
            self._deliver(topic.replace("/request", "/response"), CDR_HEADER + body)


class LockstepEnd:
    """A writer or a reader of a LockstepBus."""

    def __init__(self, bus: LockstepBus, topic: str, inbox: list[bytes]) -> None:
        self._bus, self._topic, self._inbox = bus, topic, inbox
        self.listeners = self.senders = 1
        self.sources = bus.sources

    def name(self, source: int) -> str:
        """Return which robot a source is; see `hardware.unitree.bus.Reader`."""
        return f"robot {source}"

    def write(self, wire: bytes) -> None:
        """Send one message; see `hardware.unitree.bus.Writer`."""
        self._require_open()
        self._bus.send(self._topic, wire)

    def take(self) -> list[bytes]:
        """Return what arrived; see `hardware.unitree.bus.Reader`."""
        self._require_open()
        self._bus.run()
        taken, self._inbox[:] = list(self._inbox), []
        return taken

    def wait(self, seconds: float) -> bool:
        """Let time pass; see `hardware.unitree.bus.Reader`."""
        self._require_open()
        return self._bus.wait(self._inbox, seconds)

    def _require_open(self) -> None:
        if not self._bus.open:
            raise BusError(f"topic {self._topic}: expected an open bus; it was closed")
