"""A simulated robot behind the Robot protocol: the physics follows the clock, lazily, whenever somebody looks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hardware.clock import Clock
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.simulated.own import OwnController
from hardware.spec import RobotSpec
from sim.bodies.base import Setpoints, SimulationError
from sim.bodies.factory import simulate
from sim.perturbations import Perturbation, describe
from sim.terrain import Terrain, preset


class SimRobot:
    """One simulated robot; implements `hardware.robot.Robot`.

    Simulated time is the clock's time since `connect`. Everything random (a crawler's crank angles at the start, sensor
    noise) comes from `rng`, so one seed gives the same bits. Any thread may call anything: a lock keeps the physics
    whole.
    """

    def __init__(
        self,
        spec: RobotSpec,
        clock: Clock,
        rng: np.random.Generator,
        terrain: Terrain | str = "flat",
        perturbations: Sequence[Perturbation] = (),
        judge: Callable[[RobotState], tuple[float, ...]] | None = None,
        pose: Sequence[float] | None = None,
    ) -> None:
        """Put the robot on a terrain (a preset's name or a Terrain); it stands still until commanded.

        `spec` may add channels for what the `judge` says, who sees the true state at every reading. `pose` is where a
        quadruped's joints start (n_motors,) [rad]; None stands.

        Raises:
            ValueError: no such terrain, or a perturbation that cannot happen to this robot.
        """
        self.spec, self._judge = spec, judge
        self._clock = clock
        self._rng = rng
        ground = preset(terrain) if isinstance(terrain, str) else terrain
        self.physics = simulate(spec.anatomy, ground, perturbations)
        self.physics.reset(pose, rng)
        self._origin = clock.now()
        self._connected = False
        self._active = False
        self._own = OwnController(spec) if spec.own else None
        self._until = 0.0
        """When what its own controller was told is over, in time of the simulation [s]."""
        self._seq = 0
        self._lock = threading.RLock()

    @property
    def qpos(self) -> FloatArray:
        """Generalised positions now (nq,), for a log or a video."""
        with self._lock:
            return self.physics.qpos

    def time(self) -> float:
        """Return how far the simulation has come [s]."""
        with self._lock:
            return self.physics.time()

    def expect(self, perturbations: Sequence[Perturbation]) -> None:
        """Let these happen in place of those before, see `sim.bodies.base.Physics.expect`."""
        with self._lock:
            self.physics.expect(perturbations)

    def true_condition(self) -> FloatArray:
        """Return what is perturbed now as numbers (D,), see `sim.perturbations.describe`."""
        return np.array(list(describe(self.physics.condition, self.physics.anatomy).values()))

    def true_state(self) -> RobotState:
        """Return the present state without noise or calibration error."""
        with self._lock:
            self._advance()
            return self._state(None)

    def connect(self) -> None:
        """Start the simulation's time at the clock's present time."""
        if not self._connected:
            self._origin = self._clock.now() - self.physics.time()
            self._connected = True

    def activate(self) -> None:
        if not self._connected:
            raise RobotFault(f"{self.spec.name}: activate: expected a connected robot; call connect first")
        self._active = True

    def read(self) -> RobotState:
        with self._lock:
            self._advance()
            self._seq += 1
            state = self._state(self._rng)
            return state if self._judge is None else replace(state, judged=self._judge(self._state(None)))

    def write(self, command: RobotCommand) -> RobotCommand:
        if not self._active:
            raise RobotError(f"{self.spec.name}: write: expected an active robot; call connect and activate first")
        with self._lock:
            self._advance()
            self._follow(command, command.expires - self._origin)
        return command

    def damp(self) -> None:
        with self._lock:
            self._follow(RobotCommand.passive(CommandMode.DAMP, len(self.spec.motors), 0.0), 0.0)

    def deactivate(self) -> None:
        self.damp()
        self._active = False

    def close(self) -> None:
        """Leave the robot braked and disconnected."""
        self.deactivate()
        self._connected = False

    def _advance(self) -> None:
        """Bring the physics to the clock's present time."""
        if not self._connected:
            raise LinkLost(f"{self.spec.name}: expected a connected robot; call connect first")
        elapsed = self._clock.now() - self._origin
        count = math.floor(elapsed / self.physics.timestep() + 1e-6) - self.physics.steps
        if count > 0:
            try:
                self._step(count)
            except SimulationError as error:
                raise LinkLost(f"{self.spec.name}: {error}") from error

    def _step(self, count: int) -> None:
        """Let so many steps of the physics pass, under what its own controller does where it has one."""
        if self._own is None:
            self.physics.step(count)
            return
        for _ in range(count):
            if self.physics.steps % self._own.steps == 0:
                self._control(self._own)
            self.physics.step(1)

    def _control(self, own: OwnController) -> None:
        """Let its own controller move the joints; told nothing for longer, it stands."""
        time, state = self.physics.time(), self._state(None)
        if own.doing is CommandMode.WALK and time >= self._until:
            own.ask(CommandMode.WALK, state.motor_position, time)
        self._set(own.command(state, time), math.inf)

    def _follow(self, command: RobotCommand, expires: float) -> None:
        """Follow a command until a time of the simulation [s]."""
        if self._own is None:
            self._set(command, expires)
            return
        joints, time, own = self.physics.motor_position, self.physics.time(), self._own
        mode, self._until = command.mode, expires
        if mode is CommandMode.STAND and own.stands(joints, time):
            mode = CommandMode.WALK
        own.ask(mode, joints, time, command.walk if command.mode is CommandMode.WALK else None)

    def _set(self, command: RobotCommand, expires: float) -> None:
        """Let the motors follow a command until a time of the simulation [s]; OFF brakes those that follow speeds."""
        speeds = self.physics.anatomy.servo == "velocity"
        if command.mode is CommandMode.DAMP or (speeds and command.mode is CommandMode.OFF):
            self.physics.command(None)
        elif command.mode is CommandMode.OFF:
            none = np.zeros(len(command.position))
            self.physics.command(Setpoints(none, none, none, none, none))
        else:
            law = Setpoints(command.position, command.velocity, command.torque, command.kp, command.kd)
            self.physics.command(law, expires)

    def _state(self, rng: np.random.Generator | None) -> RobotState:
        """Return what perfect sensors say, or with a source of noise the real ones."""
        physics = self.physics
        reading = physics.reading() if rng is None else physics.measure(rng)
        lost, tick = np.zeros(len(reading.motor_position)), physics.time()
        ready = math.nan if self._own is None else float(self._own.doing is CommandMode.WALK)
        return RobotState(seq=self._seq, time=self._origin + tick, tick=tick, lost=lost, ready=ready, **vars(reading))
