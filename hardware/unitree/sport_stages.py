"""From what is wanted of the robot's own controller, cycle by cycle, to the calls that bring it there.

    lies -> StandUp -> rests -> BalanceStand -> proves -> StopMove -> stands <-> Move ... -> StopMove -> StandDown

After StandUp a Go2 locks its joints until BalanceStand, and then takes Move for some seconds, accepts it and does
nothing; no field says when that is over (unitree_sdk2_python#175). So it has to prove it: it turns a little to the left
and back before it counts as ready.
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from hardware.clock import Clock
from hardware.robot import CommandMode, FloatArray
from hardware.rotation import roll_pitch_yaw
from hardware.unitree.sport_service import Call, SportService

MOVE_EVERY = 0.05
"""Shortest time between two Move calls [s]; the robot forgets one after a second (unitree_webrtc_connect#30)."""
_AGAIN = 0.1
"""Longest time between them, and between two calls for damping [s]."""
_RISES, _RESTS = 1.5, 0.5
"""Shortest time to stand up, and time for which it then has to rest [s]."""
_REST = 0.3
"""Speed of the joints below which it rests [rad/s]."""
_INSISTS = 3.0
"""Time after which one that does not turn is asked once more to balance [s]."""
_STOPS = 0.4
"""Time for the feet to come together after StopMove [s]."""
_TURN, _FAR, _BACK = 0.4, 0.1, 0.02
"""How fast it turns to prove that it walks [rad/s], how far, and how near it comes back [rad]."""


class Stage(enum.Enum):
    """Where on the way its controller is."""

    LIES = "lies"
    RISES = "rises"
    BALANCES = "balances"
    PROVES = "proves"
    STANDS = "stands"
    WALKS = "walks"
    STOPS = "stops"
    SINKS = "sinks"


class Stages:
    """Steps once a servo cycle; every call is made once, Move and Damp again and again."""

    def __init__(self, service: SportService, clock: Clock) -> None:
        self._service, self._clock = service, clock
        self.lies()

    def lies(self) -> None:
        """It lies, or is damped, as far as anybody here knows."""
        self.stage, self._since = Stage.LIES, self._clock.now()
        self._moved, self._told = -np.inf, b""
        self._heading, self._turned, self._rested = 0.0, False, self._since

    @property
    def ready(self) -> bool:
        """Whether it stands or walks, and follows velocities: it has proven it."""
        return self.stage in {Stage.STANDS, Stage.WALKS}

    @property
    def walks(self) -> bool:
        """Whether it is told velocities."""
        return self.stage in {Stage.PROVES, Stage.WALKS}

    def step(self, wanted: CommandMode, walk: FloatArray, record: NDArray[np.void]) -> None:
        """Do what is due, given its newest LowState (). Raises BusError."""
        match wanted:
            case CommandMode.DAMP:
                self._damp()
            case CommandMode.SIT:
                self._sink()
            case CommandMode.WALK if self.ready:
                self._enter(Stage.WALKS)
                self._move(walk)
            case CommandMode.STAND | CommandMode.WALK:
                self._rise(record)

    def _damp(self) -> None:
        if self.stage is not Stage.LIES:
            self.lies()
        if self._clock.now() - self._moved >= _AGAIN:
            self._ask(Call.DAMP)

    def _sink(self) -> None:
        """Stop, and lie down once the feet are together."""
        if self.stage in {Stage.LIES, Stage.SINKS}:
            return
        if self.stage is not Stage.STOPS:
            self._ask(Call.STOP_MOVE)
            self._enter(Stage.STOPS)
        elif self._over(_STOPS):
            self._ask(Call.STAND_DOWN)
            self._enter(Stage.SINKS)

    def _rise(self, record: NDArray[np.void]) -> None:
        """Take the next step towards standing still, ready to walk."""
        match self.stage:
            case Stage.LIES | Stage.SINKS | Stage.STOPS:
                self._ask(Call.STAND_UP)
                self._enter(Stage.RISES)
            case Stage.RISES:
                if float(np.abs(record["motor_state"]["dq"]).max()) > _REST:
                    self._rested = self._clock.now()
                rests = self._clock.now() - self._rested >= _RESTS
                if rests and self._over(_RISES) and self._service.answered:
                    self._ask(Call.BALANCE_STAND)
                    self._enter(Stage.BALANCES)
            case Stage.BALANCES if self._service.answered:
                self._heading, self._turned = _yaw(record), False
                self._enter(Stage.PROVES)
            case Stage.PROVES:
                self._prove(_yaw(record))
            case Stage.WALKS:
                self._ask(Call.STOP_MOVE)
                self._enter(Stage.STANDS)

    def _prove(self, yaw: float) -> None:
        """Turn a little to the left, and back."""
        off = (yaw - self._heading + np.pi) % (2.0 * np.pi) - np.pi
        self._turned = self._turned or off > _FAR
        if self._turned and off < _BACK:
            self._ask(Call.STOP_MOVE)
            self._enter(Stage.STANDS)
        elif not self._turned and self._over(_INSISTS):
            self._ask(Call.BALANCE_STAND)
            self._enter(Stage.BALANCES)
        else:
            self._move(np.array((0.0, 0.0, -_TURN if self._turned else _TURN)))

    def _move(self, walk: FloatArray) -> None:
        """Ask for a velocity where it is another one, or to be renewed, and not too often."""
        passed, told = self._clock.now() - self._moved, walk.tobytes()
        if passed >= (MOVE_EVERY if told != self._told else _AGAIN):
            self._moved, self._told = self._clock.now(), told
            self._service.move(walk)

    def _ask(self, call: Call) -> None:
        self._moved, self._told = self._clock.now(), b""
        self._service.ask(call)

    def _enter(self, stage: Stage) -> None:
        if stage is not self.stage:
            self.stage, self._since = stage, self._clock.now()

    def _over(self, seconds: float) -> bool:
        return self._clock.now() - self._since >= seconds


def _yaw(record: NDArray[np.void]) -> float:
    return roll_pitch_yaw(record["imu_state"]["quaternion"].astype(np.float64))[2]
