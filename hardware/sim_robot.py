"""The simulated crawler behind the Robot protocol: the physics follows the clock, lazily, whenever somebody looks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hardware.clock import Clock
from hardware.embodiment import channels
from hardware.limits import Check, Checks, Limits, Severity
from hardware.robot import (
    Action,
    CommandMode,
    FloatArray,
    LinkLost,
    RobotCommand,
    RobotError,
    RobotFault,
    RobotSpec,
    RobotState,
)
from sim.condition import Condition, describe
from sim.floating_base import SimulationError
from sim.perturbations import Perturbation
from sim.physics import RoachPhysics
from sim.robots.roach import SIDES
from sim.sensors import Measurement, measure, truth
from sim.terrain import Terrain, preset

_TURN = 2.0 * math.pi
_LOW, _HIGH = 2.0 * _TURN, 9.0 * _TURN

ROACH = RobotSpec(
    name="roach",
    motors=SIDES,
    channels=channels(SIDES),
    actions=tuple(Action(f"speed_{side}", "rad/s", low=_LOW, high=_HIGH, rest=0.0) for side in SIDES),
    control_hz=20.0,
    servo_hz=100.0,
    limits=Limits(velocity_low=(0.0, 0.0), velocity_high=(_HIGH, _HIGH)),
    checks=Checks(slew=Check(Severity.WARN, 10000.0), tilt=Check(Severity.HARD, math.radians(70.0))),
)
"""Leg speeds from 2 to 9 revolutions a second, as in the published crawler experiments."""


class SimRobot:
    """One simulated crawler; implements `hardware.robot.Robot`.

    Simulated time is the clock's time since `connect`. Everything random (crank angles at the start, sensor noise)
    comes from `rng`, so one seed gives the same bits. Any thread may call anything: a lock keeps the physics whole.
    """

    def __init__(
        self,
        clock: Clock,
        rng: np.random.Generator,
        terrain: Terrain | str = "flat",
        perturbations: Sequence[Perturbation] = (),
        spec: RobotSpec = ROACH,
        judge: Callable[[RobotState], tuple[float, ...]] | None = None,
    ) -> None:
        """Put the robot on a terrain (a preset's name or a Terrain); it stands still until commanded.

        `spec` may add channels for what the `judge` says, who sees the true state at every reading.
        """
        self._spec, self._judge = spec, judge
        self._clock = clock
        self._rng = rng
        self._physics = RoachPhysics(preset(terrain) if isinstance(terrain, str) else terrain, perturbations)
        self._physics.reset(rng)
        self._origin = clock.now()
        self._connected = False
        self._active = False
        self._seq = 0
        self._lock = threading.RLock()

    @property
    def spec(self) -> RobotSpec:
        """The constant facts about this robot."""
        return self._spec

    @property
    def physics(self) -> RoachPhysics:
        """The simulation behind it."""
        return self._physics

    @property
    def qpos(self) -> FloatArray:
        """Generalised positions now (nq,), for a log or a video."""
        with self._lock:
            return self._physics.qpos

    @property
    def condition(self) -> Condition:
        """What is perturbed now."""
        return self._physics.condition

    def true_condition(self) -> FloatArray:
        """Return what is perturbed now as numbers (D,), see `sim.condition.describe`."""
        return np.array(list(describe(self._physics.condition, self._physics.anatomy).values()))

    def true_state(self) -> RobotState:
        """Return the present state without noise or calibration error."""
        with self._lock:
            self._advance()
            return self._state(truth(self._physics))

    def connect(self) -> None:
        """Start the simulation's time at the clock's present time."""
        if not self._connected:
            self._origin = self._clock.now() - self._physics.time()
            self._connected = True

    def activate(self) -> None:
        """Let the motors follow commands."""
        if not self._connected:
            raise RobotFault("roach: activate: expected a connected robot; call connect first")
        self._active = True

    def read(self) -> RobotState:
        """Return what the sensors say now.

        Raises:
            LinkLost: not connected, or the simulation broke down.
        """
        with self._lock:
            self._advance()
            self._seq += 1
            exact = truth(self._physics)
            state = self._state(measure(exact, self._physics.condition, self._rng))
            return state if self._judge is None else replace(state, judged=self._judge(self._state(exact)))

    def write(self, command: RobotCommand) -> RobotCommand:
        """Follow a command from now until it expires, and return it."""
        if not self._active:
            raise RobotError("roach: write: expected an active robot; call connect and activate first")
        with self._lock:
            self._advance()
            if command.mode is CommandMode.SERVO:
                self._physics.command(command.velocity, command.expires - self._origin)
            else:
                self._physics.command(None)
        return command

    def damp(self) -> None:
        """Brake both motors."""
        with self._lock:
            self._physics.command(None)

    def deactivate(self) -> None:
        """Brake both motors and follow no more commands; the gearing holds them, off or not."""
        self.damp()
        self._active = False

    def close(self) -> None:
        """Leave the robot braked and disconnected."""
        self.deactivate()
        self._connected = False

    def _advance(self) -> None:
        """Bring the physics to the clock's present time."""
        if not self._connected:
            raise LinkLost("roach: expected a connected robot; call connect first")
        elapsed = self._clock.now() - self._origin
        count = math.floor(elapsed / self._physics.timestep() + 1e-6) - self._physics.steps
        if count > 0:
            try:
                self._physics.step(count)
            except SimulationError as error:
                raise LinkLost(f"roach: {error}") from error

    def _state(self, reading: Measurement) -> RobotState:
        return RobotState(
            seq=self._seq,
            time=self._origin + self._physics.time(),
            position=reading.position,
            quaternion=reading.quaternion,
            velocity=reading.velocity,
            gyro=reading.gyro,
            motor_position=reading.motor_position,
            motor_velocity=reading.motor_velocity,
            back_emf=reading.back_emf,
            battery=reading.battery,
        )
