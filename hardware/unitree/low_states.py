"""A Go2's low-level states as they come in: believed or counted, on the host's clock, and what they complain of.

Who drives the robot, joint by joint or through its own controller, makes no difference here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hardware.clock import Clock
from hardware.robot import FloatArray, Heard, LinkLost, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError
from hardware.unitree.clock_sync import RobotClock
from hardware.unitree.codec import WireError, decode_state
from hardware.unitree.layout import LOW_STATE
from hardware.unitree.mapping import EMERGENCY, Counts, Mapping, pressed

LISTEN = 0.2
"""How long to listen for a proof, and for another commander before arming [s]."""
DEPTH = 16
"""Messages that are kept while nobody looks."""
_LINK = 0.5
"""Without any state for this long, the link counts as lost [s]."""
_FRESH = 0.1
"""A state that arrives within this time is there before motors are armed [s]."""
_REBOOT = 1.0
"""A tick that goes back by more than this is a robot that started anew [s]; by less, a message that came late."""


class LowStates:
    """What one robot measures; the first state of a connection is waited for with `wait`."""

    def __init__(self, spec: RobotSpec, mapping: Mapping, bus: Bus, clock: Clock) -> None:
        self._mapping, self._clock, self._oldest = mapping, clock, spec.checks.state_age.limit
        self._reader = bus.reader(LOW_STATE.topic, LOW_STATE.struct, DEPTH)
        self._robot_clock = RobotClock()
        self._true_at = self._heard_at = clock.now()
        self._tick = self._ahead = 0.0
        self._rebooted = False
        self.counts = Counts()
        self.record: NDArray[np.void] | None = None
        """The newest one."""
        self.received = b""
        """The same as it was on the wire."""

    def require_first(self, seconds: float) -> None:
        """Wait for a first state, at most some time [s]. Raises LinkLost."""
        if not self.wait(seconds):
            expected = f"expected states on {LOW_STATE.topic} within {seconds:g} s"
            got = f"got {self.counts.bad} damaged ones from {self._reader.senders} senders"
            raise LinkLost(f"go2: {expected}, {got}")

    def receive(self) -> bool:
        """Take what arrived; tell whether there was a newer state among it. Raises BusError."""
        before = self.counts.seq
        for wire in self._reader.take():
            try:
                self._accept(decode_state(wire), wire)
            except WireError:
                self.counts.bad += 1
        return self.counts.seq > before

    def wait(self, seconds: float) -> bool:
        """Wait for a newer state, at most some time [s]; tell whether one came. Raises BusError."""
        deadline = self._clock.now() + seconds
        while not self.receive():
            if self._clock.now() >= deadline:
                return False
            self._reader.wait(deadline - self._clock.now())
        return True

    def require_fresh(self) -> None:
        """Raise RobotFault unless a state comes right now."""
        try:
            self.receive()
            fresh = self.wait(_FRESH)
        except (BusError, LinkLost) as error:
            raise RobotFault(f"go2: not armed: {error}") from error
        if not fresh:
            raise RobotFault(f"go2: not armed: expected a new state within {_FRESH:g} s, got none")

    def state(self, faults: tuple[str, ...]) -> RobotState:
        """Return the newest state, with faults beside those that it has itself. Raises LinkLost where it is too old."""
        silent = self._clock.now() - self._heard_at
        if self.record is None or silent > _LINK:
            raise LinkLost(f"go2: no state for {silent:.2f} s, limit {_LINK:g} s")
        return self._mapping.state(self.record, self._true_at, self.counts, faults + self._faults(self.record))

    def heard(self, states: list[RobotState], commands: int) -> Heard:
        """Return what was heard while nothing was asked, `commands` of somebody else among it."""
        assert self.record is not None
        said: FloatArray = self.record["imu_state"]["rpy"].astype(np.float64)
        angles = said if said.any() else np.full(3, np.nan)
        return Heard(tuple(states), self._senders(), commands, angles)

    def forget(self) -> None:
        """What was wrong before says nothing any more."""
        self._rebooted, self._ahead = False, 0.0
        self._reader.sources.clear()

    def _accept(self, record: NDArray[np.void], wire: bytes) -> None:
        now, tick = self._clock.now(), float(record["tick"]) / 1000.0
        back = 0.0 if self.record is None else self._tick - tick
        if 0.0 < back < _REBOOT:
            return
        if back >= _REBOOT:
            self._rebooted, self._robot_clock = True, RobotClock()
        self.record, self._tick, self.received, self._heard_at = record, tick, wire, now
        self._true_at = self._robot_clock.host_time(tick, now)
        self._ahead = max(self._ahead, self._robot_clock.ahead)
        self.counts.seq += 1

    def _faults(self, record: NDArray[np.void]) -> tuple[str, ...]:
        """Return what speaks against a robot whoever drives its motors."""
        faults: tuple[str, ...] = ()
        if self._rebooted:
            faults += ("the robot started anew",)
        if self._ahead > self._oldest:
            faults += (f"its clock jumped ahead by {self._ahead:.2f} s",)
        if len(self._reader.sources) > 1:
            faults += (f"more than one robot answers: {', '.join(self._senders())}",)
        if pressed(record) >= EMERGENCY:
            faults += (f"{'+'.join(sorted(EMERGENCY, reverse=True))} on the remote",)
        return faults

    def _senders(self) -> tuple[str, ...]:
        """Return who sent states since the last proof began, in words."""
        return tuple(f"{self._reader.name(who)} ({count} states)" for who, count in self._reader.sources.items())
