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

from hardware.clock import Beat, Clock
from hardware.robot import CommandMode, Heard, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError, Reader
from hardware.unitree.go2 import CONNECT
from hardware.unitree.layout import REQUEST
from hardware.unitree.low_states import DEPTH, LISTEN, LowStates
from hardware.unitree.mapping import Mapping
from hardware.unitree.motion_switcher import SPORT, MotionSwitcher, NotReleased
from hardware.unitree.sport_service import SportService
from hardware.unitree.sport_stages import Stages
from hardware.unitree.sport_state import SILENT, SportStates

_VELOCITY = ("forward", "lateral", "turn")
_FAREWELL, _HZ = 0.5, 50.0
"""How long damping is asked for before the driver falls silent [s], and how often it looks whether it is due [Hz]."""
_STICK = 0.1
"""Deflection of one of the remote's sticks from which somebody steers with it [1]."""
_STICKS = struct.Struct("<4x3f4xf")


class Go2Sport:
    """Driver; implements `hardware.robot.Robot`. One thread at a time.

    Raises:
        ValueError: the spec is not that of a Go2 whose own controller walks.
    """

    def __init__(self, spec: RobotSpec, clock: Clock, join: Callable[[], Bus]) -> None:
        """Describe the robot; `join` opens its network when it is connected (`hardware.unitree.go2.dds`)."""
        self.spec, self._clock, self._join = spec, clock, join
        self._mapping = check_sport(spec)
        self._bus: Bus | None = None
        self._active = False

    def connect(self) -> None:
        """Join the robot's network and wait for its first state; nothing is asked of it.

        Raises:
            LinkLost: there is no such network, or no robot on it.
        """
        if self._bus is not None:
            return
        try:
            self._bus = self._join()
        except BusError as error:
            raise LinkLost(f"go2: {error}") from error
        self._others: Reader = self._bus.reader(f"rt/api/{SPORT}/request", REQUEST, DEPTH, others_only=True)
        self._switcher = MotionSwitcher(self._bus, self._clock)
        self._service, self._sport = SportService(self._bus, self._clock), SportStates(self._bus, self._clock)
        self._stages = Stages(self._service, self._clock)
        self.states = LowStates(self.spec, self._mapping, self._bus, self._clock)
        try:
            self.states.require_first(CONNECT)
        except LinkLost:
            self.close()
            raise

    @property
    def received(self) -> bytes:
        """The newest state as it was on the wire."""
        return self.states.received

    @property
    def sent(self) -> bytes:
        """The newest request as it was on the wire."""
        return self._service.sent

    def listen(self) -> Heard:
        self._require_fresh_state()
        self.states.forget()
        foreign, states, end = self.states.counts.foreign, list[RobotState](), self._clock.now() + LISTEN
        while self._clock.now() < end:
            states.append(self._require_fresh_state())
        return self.states.heard(states, self.states.counts.foreign - foreign)

    def owner(self) -> str:
        self._require_fresh_state()
        return self._switcher.mode()

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
        """Return the newest state; without a new one, the last once more.

        Raises:
            LinkLost: not connected, or nothing heard for half a second.
        """
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

    def deactivate(self) -> None:
        """Ask for damping for a while, then for nothing more; `read` still works."""
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

    def _require_fresh_state(self) -> RobotState:
        if self._bus is None:
            raise RobotFault("go2: not armed: expected a connected robot; call connect first")
        self.states.require_fresh()
        try:
            return self.read()
        except LinkLost as error:
            raise RobotFault(f"go2: not armed: {error}") from error

    def _pause(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now() + seconds)


def check_sport(spec: RobotSpec) -> Mapping:
    """Return where a robot's joints are on the wire. Raises ValueError unless its own controller can walk it."""
    actions = tuple(action.name for action in spec.actions)
    if not spec.own or actions != _VELOCITY:
        expected = f"expected drive.kind sport and the actions {', '.join(_VELOCITY)}"
        raise ValueError(f"robot {spec.name}: {expected}, got {spec.drive.kind} and {', '.join(actions)}")
    return Mapping(spec)


def _walks(command: RobotCommand) -> bool:
    return command.mode is CommandMode.WALK
