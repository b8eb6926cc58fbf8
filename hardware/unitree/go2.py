"""Unitree Go2 over its low-level DDS interface, robot or emulator.

Arming fails closed: fresh states, the robot's own controller proven released, nobody else commanding. From then on
the robot follows the newest command on the wire; how soon it gives up when none comes is up to its firmware, which
nobody documents, so damping is sent again and again, also as the last thing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hardware.clock import Beat, Clock
from hardware.robot import CommandMode, FloatArray, Heard, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError, Reader, Writer
from hardware.unitree.clock_sync import RobotClock
from hardware.unitree.codec import WireError, decode_state, encode_command
from hardware.unitree.layout import LOW_CMD, LOW_STATE, MOTOR_ON
from hardware.unitree.mapping import EMERGENCY, Counts, Mapping, pressed
from hardware.unitree.motion_switcher import MotionSwitcher, NotReleased

_CONNECT = 5.0
"""Time for DDS to find the robot, and for its first state [s]."""
_LINK = 0.5
"""Without any state for this long, the link counts as lost [s]."""
_FRESH = 0.1
"""A state that arrives within this time is there before motors are armed [s]."""
_LISTEN = 0.2
"""How long to listen for a proof, and for another commander before arming [s]."""
_FAREWELL = 0.5
"""How long damping is sent before the driver falls silent [s]."""
_HZ = 500.0
_DEPTH = 16
_REBOOT = 1.0
"""A tick that goes back by more than this is a robot that started anew [s]; by less, a message that came late."""


class Go2:
    """Driver; implements `hardware.robot.Robot`. One thread at a time.

    Raises:
        ValueError: the spec is not that of a Go2.
    """

    def __init__(self, spec: RobotSpec, clock: Clock, join: Callable[[], Bus]) -> None:
        """Describe the robot; `join` opens its network when it is connected (`dds`)."""
        self.spec, self._clock, self._join = spec, clock, join
        self._mapping = Mapping(spec)
        self._bus: Bus | None = None
        self._active = False

    def connect(self) -> None:
        """Join the robot's network and wait for its first state; nothing is sent.

        Raises:
            LinkLost: there is no such network, or no robot on it.
        """
        if self._bus is not None:
            return
        try:
            self._bus = self._join()
        except BusError as error:
            raise LinkLost(f"go2: {error}") from error
        self._states: Reader = self._bus.reader(LOW_STATE.topic, LOW_STATE.struct, _DEPTH)
        self._others: Reader = self._bus.reader(LOW_CMD.topic, LOW_CMD.struct, _DEPTH, others_only=True)
        self._commands: Writer = self._bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        self._switcher = MotionSwitcher(self._bus, self._clock)
        self._counts, self._robot_clock = Counts(), RobotClock()
        self._record: NDArray[np.void] | None = None
        self._true_at = self._heard_at = self._clock.now()
        self._tick = self._ahead = 0.0
        self._on = False
        """The motors were commanded to be on."""
        self._rebooted, self._modes = False, b""
        self._powered = self._off = self._ours = frozenset[str]()
        self.received, self.sent = b"", b""
        """The newest state and command as they were on the wire."""
        if not self._await_state(_CONNECT):
            senders = self._states.senders
            self.close()
            expected = f"expected states on {LOW_STATE.topic} within {_CONNECT:g} s"
            raise LinkLost(f"go2: {expected}, got {self._counts.bad} damaged ones from {senders} senders")

    def listen(self) -> Heard:
        self._require_fresh_state()
        self._forget()
        foreign, states, end = self._counts.foreign, list[RobotState](), self._clock.now() + _LISTEN
        while self._clock.now() < end:
            states.append(self._require_fresh_state())
        assert self._record is not None
        said = self._record["imu_state"]["rpy"].astype(np.float64)
        angles = said if said.any() else np.full(3, np.nan)
        return Heard(tuple(states), self._senders(), self._counts.foreign - foreign, angles)

    def owner(self) -> str:
        self._require_fresh_state()
        return self._switcher.mode()

    def activate(self) -> None:
        """Make the robot's own controller let go, and take over with the motors damped where they are.

        Raises:
            RobotFault: states are not fresh, the release is not proven, or somebody else commands.
        """
        self._require_fresh_state()
        try:
            self._switcher.release()
        except (NotReleased, BusError) as error:
            raise RobotFault(f"go2: not armed: {error}") from error
        self._others.take()
        self._forget()
        self._pause(_LISTEN)
        if heard := len(self._others.take()):
            raise RobotFault(f"go2: not armed: somebody else sends commands ({heard} within {_LISTEN:g} s)")
        state = self._require_fresh_state()
        if state.faults:
            raise RobotFault(f"go2: not armed: {', '.join(state.faults)}")
        still = np.zeros(len(self.spec.motors))
        self._send(self._mapping.command(state.motor_position, still, still, still, self._mapping.damping))
        self._active = True

    def read(self) -> RobotState:
        """Return the newest state; without a new one, the last once more.

        Raises:
            LinkLost: not connected, or nothing heard for half a second.
        """
        if self._bus is None:
            raise LinkLost("go2: expected a connected robot; call connect first")
        try:
            self._receive()
        except BusError as error:
            raise LinkLost(f"go2: {error}") from error
        silent = self._clock.now() - self._heard_at
        if self._record is None or silent > _LINK:
            raise LinkLost(f"go2: no state for {silent:.2f} s, limit {_LINK:g} s")
        return self._mapping.state(self._record, self._true_at, self._counts, self._faults(self._record))

    def write(self, command: RobotCommand) -> RobotCommand:
        """Send a command, damping instead of one that is over, and return what was sent.

        Raises:
            RobotError: not active, or the command cannot be sent; damping was sent instead where possible.
        """
        if not self._active:
            raise RobotError("go2: write: expected an active robot; call connect and activate first")
        if command.mode is CommandMode.OFF:
            self._on = False
            self._send(self._mapping.passive(0.0), motor_mode=0)
            return command
        if command.mode is CommandMode.DAMP or not self._clock.now() < command.expires:
            self.damp()
            count = len(self.spec.motors)
            return RobotCommand.passive(CommandMode.DAMP, count, command.expires, self._mapping.damping.copy())
        try:
            self._send(
                self._mapping.command(command.position, command.velocity, command.torque, command.kp, command.kd)
            )
        except ValueError as error:
            self.damp()
            raise RobotError(f"go2: write: {error}") from error
        return command

    def damp(self) -> None:
        """Let all motors brake by their damping gain, if this driver is the one that commands."""
        if self._bus is not None and self._active:
            try:
                self._send(self._mapping.passive(1.0))
            except RobotError:  # the wire is gone: the robot's own time-out is all that is left
                return

    def deactivate(self) -> None:
        """Damp for a while, then command no more; `read` still works."""
        beat = Beat(self._clock, _HZ, self._clock.now())
        for cycle in range(1, round(_FAREWELL * _HZ) + 1):
            if not self._active:
                return
            self.damp()
            beat.sleep_until(cycle)
        self._active = False

    def close(self) -> None:
        """Leave the robot damped and its network."""
        self.deactivate()
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _receive(self) -> bool:
        """Take what arrived; tell whether there was a newer state among it."""
        before = self._counts.seq
        for wire in self._states.take():
            try:
                self._accept(decode_state(wire), wire)
            except WireError:
                self._counts.bad += 1
        self._counts.foreign += len(self._others.take())
        return self._counts.seq > before

    def _accept(self, record: NDArray[np.void], wire: bytes) -> None:
        now, tick = self._clock.now(), float(record["tick"]) / 1000.0
        back = 0.0 if self._record is None else self._tick - tick
        if 0.0 < back < _REBOOT:
            return
        if back >= _REBOOT:
            self._rebooted, self._robot_clock = True, RobotClock()
        self._record, self._tick, self.received, self._heard_at = record, tick, wire, now
        self._true_at = self._robot_clock.host_time(tick, now)
        self._ahead = max(self._ahead, self._robot_clock.ahead)
        self._counts.seq += 1

    def _faults(self, record: NDArray[np.void]) -> tuple[str, ...]:
        """Return what the robot itself complains of."""
        modes = record["motor_state"]["mode"].tobytes()
        if modes != self._modes:
            self._modes, self._off = modes, self._mapping.motors_in(record, 0)
            self._ours = self._mapping.motors_in(record, MOTOR_ON)
        failed = foreign = frozenset[str]()
        if self._on:
            self._powered |= self._ours
            failed, foreign = self._powered & self._off, self._powered - self._off - self._ours
        faults = tuple(f"motor {motor} switched itself off" for motor in sorted(failed))
        if foreign:
            faults += (f"{', '.join(sorted(foreign))} in a mode that nobody here asked for",)
        if self._rebooted:
            faults += ("the robot started anew",)
        if self._ahead > self.spec.checks.state_age.limit:
            faults += (f"its clock jumped ahead by {self._ahead:.2f} s",)
        if len(self._states.sources) > 1:
            faults += (f"more than one robot answers: {', '.join(self._senders())}",)
        if pressed(record) >= EMERGENCY:
            faults += (f"{'+'.join(sorted(EMERGENCY, reverse=True))} on the remote",)
        return faults

    def _await_state(self, seconds: float) -> bool:
        deadline = self._clock.now() + seconds
        while not self._receive():
            if self._clock.now() >= deadline:
                return False
            self._states.wait(deadline - self._clock.now())
        return True

    def _forget(self) -> None:
        """What was wrong before says nothing any more."""
        self._rebooted, self._on, self._ahead = False, False, 0.0
        self._states.sources.clear()

    def _senders(self) -> tuple[str, ...]:
        """Return who sent states since the last proof began, in words."""
        return tuple(f"{self._states.name(who)} ({count} states)" for who, count in self._states.sources.items())

    def _require_fresh_state(self) -> RobotState:
        if self._bus is None:
            raise RobotFault("go2: not armed: expected a connected robot; call connect first")
        try:
            self._receive()
            if self._await_state(_FRESH):
                return self.read()
        except (BusError, LinkLost) as error:
            raise RobotFault(f"go2: not armed: {error}") from error
        raise RobotFault(f"go2: not armed: expected a new state within {_FRESH:g} s, got none")

    def _pause(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now() + seconds)

    def _send(self, rows: FloatArray, motor_mode: int = MOTOR_ON) -> None:
        if not self._on and motor_mode == MOTOR_ON:  # which motors were on before says nothing any more
            self._on, self._powered = True, frozenset()
        wire = encode_command(rows, motor_mode)
        try:
            self._commands.write(wire)
        except BusError as error:
            raise RobotError(f"go2: {error}") from error
        self.sent = wire


def dds(interface: str, domain: int) -> Callable[[], Bus]:
    """Return how to join the robot's network: domain 0 is the real robot's, 1 that of simulators.

    What is returned can be handed to another process. Calling it raises BusError when Cyclone DDS is not installed, or
    there is no such interface.
    """
    return functools.partial(_join, interface, domain)


def _join(interface: str, domain: int) -> Bus:
    try:
        from hardware.unitree.dds import DdsBus
    except ImportError as error:
        raise BusError(f"Cyclone DDS is not installed ({error}); pip install 'limber[go2]'") from error
    return DdsBus(interface, domain)
