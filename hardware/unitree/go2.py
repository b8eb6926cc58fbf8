"""Unitree Go2 over its low-level DDS interface, robot or emulator.

Arming fails closed: fresh states, the robot's own controller proven released, nobody else commanding. From then on
the robot follows the newest command on the wire; how soon it gives up when none comes is up to its firmware, which
nobody documents, so damping is sent again and again, also as the last thing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from hardware.clock import Clock
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError, Reader, Writer
from hardware.unitree.codec import encode_command
from hardware.unitree.driver import Go2Driver
from hardware.unitree.layout import LOW_CMD, MOTOR_ON
from hardware.unitree.low_states import DEPTH, LISTEN
from hardware.unitree.mapping import Mapping
from hardware.unitree.motion_switcher import NotReleased


class Go2(Go2Driver):
    """Driver; implements `hardware.robot.Robot`. One thread at a time.

    Raises:
        ValueError: the spec is not that of a Go2.
    """

    _hz = 500.0

    def __init__(self, spec: RobotSpec, clock: Clock, join: Callable[[], Bus]) -> None:
        super().__init__(spec, clock, join, Mapping(spec))

    def _begin(self, bus: Bus) -> None:
        self._others: Reader = bus.reader(LOW_CMD.topic, LOW_CMD.struct, DEPTH, others_only=True)
        self._commands: Writer = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
        self._on = False
        """The motors were commanded to be on."""
        self._modes = b""
        self._powered = self._off = self._ours = frozenset[str]()
        self.sent = b""
        """The newest command as it was on the wire."""

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
        self._pause(LISTEN)
        if heard := len(self._others.take()):
            raise RobotFault(f"go2: not armed: somebody else sends commands ({heard} within {LISTEN:g} s)")
        state = self._require_fresh_state()
        if state.faults:
            raise RobotFault(f"go2: not armed: {', '.join(state.faults)}")
        still = np.zeros(len(self.spec.motors))
        self._send(self._mapping.command(state.motor_position, still, still, still, self._mapping.damping))
        self._active = True

    def read(self) -> RobotState:
        if self._bus is None:
            raise LinkLost("go2: expected a connected robot; call connect first")
        try:
            self.states.receive()
            self.states.counts.foreign += len(self._others.take())
        except BusError as error:
            raise LinkLost(f"go2: {error}") from error
        return self.states.state(self._motor_faults())

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

    def _motor_faults(self) -> tuple[str, ...]:
        """Return motors that are off, or in a mode that nobody here asked for."""
        record = self.states.record
        if record is None:
            return ()
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
        return faults

    def _forget(self) -> None:
        self._on = False
        super()._forget()

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
