"""Unitree Go2 walked by its own controller: velocities go to its sport service, joints are only read.

Nothing is ever sent to a motor here, and the robot's own controller has to run, not to be released. Everything else is
as in `go2`: arming fails closed, and whatever speaks against going on is a fault of the state that is read next.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.clock import Clock
from hardware.robot import CommandMode, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError, Reader
from hardware.unitree.driver import Go2Driver
from hardware.unitree.layout import REQUEST
from hardware.unitree.low_states import DEPTH, LISTEN
from hardware.unitree.mapping import Mapping
from hardware.unitree.motion_switcher import SPORT, NotReleased
from hardware.unitree.sport_service import SportService
from hardware.unitree.sport_stages import Stages
from hardware.unitree.sport_state import SILENT, SportStates

_VELOCITY = ("forward", "lateral", "turn")
_STICK = 0.1
"""Deflection of one of the remote's sticks from which somebody steers with it [1]."""
_STICKS = struct.Struct("<4x3f4xf")


class Go2Sport(Go2Driver):
    """Driver; implements `hardware.robot.Robot`. One thread at a time.

    Raises:
        ValueError: the spec is not that of a Go2 whose own controller walks.
    """

    _hz = 50.0

    def __init__(self, spec: RobotSpec, clock: Clock, join: Callable[[], Bus]) -> None:
        super().__init__(spec, clock, join, check_sport(spec))

    def _begin(self, bus: Bus) -> None:
        self._others: Reader = bus.reader(f"rt/api/{SPORT}/request", REQUEST, DEPTH, others_only=True)
        self._service, self._sport = SportService(bus, self._clock), SportStates(bus, self._clock)
        self._stages = Stages(self._service, self._clock)

    @property
    def sent(self) -> bytes:
        """The newest request as it was on the wire."""
        return self._service.sent

    def activate(self) -> None:
        """Make sure that its own controller runs and says so, and that nobody else steers; it is not moved yet.

        Raises:
            RobotFault: one of that is not so, or states are not fresh.
        """
        self._require_fresh_state()
        try:
            mode = self._switcher.start()
            if not self._sport.wait(SILENT):
                raise RobotFault(f"go2: not armed: {mode!r} runs, and tells no state within {SILENT:g} s")
            self._others.take()
        except (NotReleased, BusError) as error:
            raise RobotFault(f"go2: not armed: {error}") from error
        self.states.forget()
        before = self.states.counts.foreign
        self._pause(LISTEN)
        state = self._require_fresh_state()
        if state.foreign_commands > before or self._steered():
            raise RobotFault("go2: not armed: somebody else commands its controller, or holds a stick of its remote")
        if state.faults:
            raise RobotFault(f"go2: not armed: {', '.join(state.faults)}")
        self._stages.lies()
        self._service.expect(mode)
        self._active = True

    def read(self) -> RobotState:
        if self._bus is None:
            raise LinkLost("go2: expected a connected robot; call connect first")
        counts, seen = self.states.counts, self.states.counts.seq
        try:
            self.states.receive()
            self._sport.receive()
            self._service.look()
            counts.foreign += len(self._others.take())
        except BusError as error:
            raise LinkLost(f"go2: {error}") from error
        if self._active and counts.seq > seen and self._steered():
            counts.foreign += 1
        stages = self._stages
        faults = self._sport.faults(walks=stages.walks, carries=stages.ready) if self._active else ()
        if self._active and self._service.failure:
            faults += (self._service.failure,)
        state = self.states.state(faults)
        return replace(state, velocity=self._sport.velocity, ready=float(stages.ready))

    def write(self, command: RobotCommand) -> RobotCommand:
        """Ask its controller for what a command says, damping instead of one that is over; return what was asked for.

        Raises:
            RobotError: not active, the command is one for motors, or it cannot be sent.
        """
        if not self._active:
            raise RobotError("go2: write: expected an active robot; call connect and activate first")
        if command.mode is CommandMode.SERVO or not np.isfinite(command.walk if _walks(command) else 0.0).all():
            self.damp()
            raise RobotError(f"go2: write: expected finite velocities for its own controller, got {command.mode.value}")
        if command.mode is CommandMode.DAMP or not self._clock.now() < command.expires:
            self.damp()
            count = len(self.spec.motors)
            return RobotCommand.passive(CommandMode.DAMP, count, command.expires, self._mapping.damping.copy())
        if command.mode is not CommandMode.OFF:
            self._step(command)
        return command

    def damp(self) -> None:
        """Ask for damping, again and again while it is called, if this driver is the one that commands."""
        if self._bus is not None and self._active:
            try:
                self._step(RobotCommand.passive(CommandMode.DAMP, len(self.spec.motors), 0.0))
            except RobotError:  # the wire is gone: the robot's own time-out is all that is left
                return

    def _step(self, command: RobotCommand) -> None:
        record = self.states.record
        assert record is not None
        try:
            self._stages.step(command.mode, command.walk, record)
        except BusError as error:
            raise RobotError(f"go2: {error}") from error

    def _steered(self) -> bool:
        """Tell whether a stick of the remote is held."""
        record: NDArray[np.void] | None = self.states.record
        if record is None:
            return False
        return any(abs(stick) > _STICK for stick in _STICKS.unpack_from(record["wireless_remote"].tobytes()))


def check_sport(spec: RobotSpec) -> Mapping:
    """Return where a robot's joints are on the wire. Raises ValueError unless its own controller can walk it."""
    actions = tuple(action.name for action in spec.actions)
    if not spec.own or actions != _VELOCITY:
        expected = f"expected drive.kind sport and the actions {', '.join(_VELOCITY)}"
        raise ValueError(f"robot {spec.name}: {expected}, got {spec.drive.kind} and {', '.join(actions)}")
    return Mapping(spec)


def _walks(command: RobotCommand) -> bool:
    return command.mode is CommandMode.WALK
