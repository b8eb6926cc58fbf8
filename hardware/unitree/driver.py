"""What every driver of a Go2 does, whatever it tells the robot: join its network, hear it out, take its leave.

Arming fails closed; the last thing that is said is damping, again and again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from hardware.clock import Beat, Clock
from hardware.robot import Heard, LinkLost, RobotFault, RobotState
from hardware.spec import RobotSpec
from hardware.unitree.bus import Bus, BusError
from hardware.unitree.low_states import LISTEN, LowStates
from hardware.unitree.mapping import Mapping
from hardware.unitree.motion_switcher import MotionSwitcher

CONNECT = 5.0
"""Time for DDS to find the robot, and for its first state [s]."""
_FAREWELL = 0.5
"""How long damping is asked for before a driver falls silent [s]."""


class Go2Driver(ABC):
    """The part of `hardware.robot.Robot` that does not depend on what is sent. One thread at a time."""

    _hz: ClassVar[float]
    """How often damping is asked for at the end [Hz]."""

    def __init__(self, spec: RobotSpec, clock: Clock, join: Callable[[], Bus], mapping: Mapping) -> None:
        """Describe the robot; `join` opens its network when it is connected (`hardware.unitree.go2.dds`)."""
        self.spec, self._clock, self._join, self._mapping = spec, clock, join, mapping
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
        self._switcher = MotionSwitcher(self._bus, self._clock)
        self.states = LowStates(self.spec, self._mapping, self._bus, self._clock)
        self._begin(self._bus)
        try:
            self.states.require_first(CONNECT)
        except LinkLost:
            self.close()
            raise

    @property
    def received(self) -> bytes:
        """The newest state as it was on the wire."""
        return self.states.received

    def listen(self) -> Heard:
        """See `hardware.robot.Listening`."""
        self._require_fresh_state()
        self._forget()
        foreign, states, end = self.states.counts.foreign, list[RobotState](), self._clock.now() + LISTEN
        while self._clock.now() < end:
            states.append(self._require_fresh_state())
        return self.states.heard(states, self.states.counts.foreign - foreign)

    def owner(self) -> str:
        """See `hardware.robot.Listening`."""
        self._require_fresh_state()
        return self._switcher.mode()

    def deactivate(self) -> None:
        """Ask for damping for a while, then command no more; `read` still works."""
        beat = Beat(self._clock, self._hz, self._clock.now())
        for cycle in range(1, round(_FAREWELL * self._hz) + 1):
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

    @abstractmethod
    def read(self) -> RobotState:
        """Return the newest state; without a new one, the last once more.

        Raises:
            LinkLost: not connected, or nothing heard for half a second.
        """

    @abstractmethod
    def damp(self) -> None:
        """Let the robot brake, if this driver is the one that commands; never raises."""

    @abstractmethod
    def _begin(self, bus: Bus) -> None:
        """Open what this driver sends by and hears others by."""

    def _forget(self) -> None:
        """What was wrong before says nothing any more."""
        self.states.forget()

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
