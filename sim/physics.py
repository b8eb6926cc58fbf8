"""The crawler in motion: dm_control's Physics with a battery, motor set-points and perturbations on a time line.

Between two events a whole stretch of time is one call into MuJoCo: the velocity loop, back-EMF and the torque limit are
parts of the model. A slope tilts gravity: axes x, y, z are those of the *ground*, as if the capture system were
calibrated by a square laid on the floor, so courses stay in the plane z = 0 whatever the slope. The IMU feels true
vertical, so `level_quaternion` gives the attitude relative to that.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import math
import warnings
from collections.abc import Iterator, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.condition import Condition
from sim.effects import ConditionWriter, ground_to_level
from sim.perturbations import Ground, Perturbation, active, compose, last
from sim.robots import roach
from sim.robots.roach import BATTERY, MOTOR, SIDES
from sim.terrain import SPREAD, TERRAINS, Terrain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its renderer looks for a display that a headless machine does not have
    from dm_control import mujoco as control_mujoco
    from dm_control.mujoco import wrapper
    from dm_control.rl import control

FloatArray = NDArray[np.float64]

_FEEDFORWARD = 1.0 + MOTOR.damping / MOTOR.loop_gain
"""Set-point over desired speed that makes up for back-EMF in the proportional loop."""
_SLACK = 1e-6
"""Rounding that is forgiven when a time is put on the grid, in steps."""


class SimulationError(RuntimeError):
    """The physics left the range in which it means anything."""


class RoachPhysics:
    """One simulated crawler.

    Offers what dm_control's `rl.control.Environment` asks of a physics (`timestep`, `time`, `reset_context`, `step`)
    and named accessors. Times count from the last reset.
    """

    def __init__(self, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> None:
        """Put an intact crawler on `terrain`; `perturbations` act at their own times."""
        rough = any(ground.roughness > 0.0 for ground in (terrain, *_grounds(perturbations)))
        self.model: mujoco.MjModel = copy.copy(_compiled(terrain, rough))
        self.physics = control_mujoco.Physics.from_model(wrapper.MjModel(self.model))
        self.data: mujoco.MjData = self.physics.data.ptr
        self.legacy_step = True
        self.condition = self._intact = Condition(terrain=terrain)
        self._perturbations = tuple(perturbations)
        self._writer = ConditionWriter(self.model)
        self._timestep = float(self.model.opt.timestep)
        self._changes = self._change_steps()
        self.cranks = [self.model.joint(side).qposadr[0] for side in SIDES]
        self.crank_dofs = [self.model.joint(side).dofadr[0] for side in SIDES]
        self._pending: list[tuple[int, FloatArray | None]] = []
        self._start()

    def timestep(self) -> float:
        """Return the physics step [s]."""
        return self._timestep

    def time(self) -> float:
        """Return the time since the last reset [s]."""
        return self.steps * self._timestep

    @contextlib.contextmanager
    def reset_context(self) -> Iterator[RoachPhysics]:
        """Go back to time zero; place the robot inside the context."""
        with self.physics.reset_context():
            self._start()
            yield self

    def reset(self, rng: np.random.Generator) -> None:
        """Go back to time zero, standing still with cranks at random angles."""
        with self.reset_context():
            self.place(rng.uniform(-math.pi, math.pi, len(SIDES)))

    def place(self, phases: FloatArray) -> None:
        """Stand at the origin, heading along x, with the cranks at `phases` (2,) [rad] and no foot below the ground."""
        qpos = self.data.qpos
        qpos[2] = roach.STANDING_HEIGHT + roach.CRANK_RADIUS + 0.5 * SPREAD * self.condition.terrain.roughness
        for side, phase in zip(SIDES, phases, strict=True):
            qpos[self.model.joint(side).qposadr[0]] = phase
            for link in ("outer", "middle"):
                qpos[self.model.joint(f"{side}_{link}_link").qposadr[0]] = -phase

    def command(self, velocity: FloatArray | None, expires: float = math.inf) -> None:
        """Let the motors follow set-points (2,) [rad/s] until a time [s], then brake; None brakes at once.

        The condition's delay applies, to the end of the command as well.
        """
        delay = self.condition.delay
        due = self._grid(self.time() + delay)
        self._pending = [item for item in self._pending if item[0] < due]
        self._pending.append((due, None if velocity is None else np.array(velocity, dtype=np.float64)))
        if velocity is not None and math.isfinite(expires):
            self._pending.append((max(due, self._grid(expires + delay)), None))
        if due <= self.steps:
            self._meet_events()

    def step(self, count: int = 1) -> None:
        """Advance by `count` physics steps.

        Raises:
            SimulationError: the state became non-finite or MuJoCo reported a bad state.
        """
        target = self.steps + count
        while self.steps < target:
            stretch = self._next_event(target) - self.steps
            self._charge(stretch)
            try:
                self.physics.step(stretch)
            except control.PhysicsError as error:
                raise SimulationError(f"physics at {self.time():.3f} s: {error}") from error
            self.steps += stretch
            self._meet_events()

    @property
    def committed(self) -> FloatArray:
        """Set-points of the coming steps that no further command can change (steps, 2) [rad/s]; NaN brakes."""
        count = self._grid(self.time() + self.condition.delay) - self.steps
        setpoints, current = np.full((count, len(SIDES)), np.nan), self._setpoint
        due = {step - self.steps: setpoint for step, setpoint in self._pending}
        for step in range(count):
            current = due.get(step, current)
            if current is not None:
                setpoints[step] = current
        return setpoints

    @property
    def qpos(self) -> FloatArray:
        """Generalised positions (nq,), a copy: what a renderer needs."""
        return np.array(self.data.qpos)

    @property
    def position(self) -> FloatArray:
        """Trunk origin in ground axes (3,) [m]."""
        return np.array(self.data.qpos[:3])

    @property
    def quaternion(self) -> FloatArray:
        """Trunk attitude relative to the ground, wxyz (4,)."""
        return np.array(self.data.qpos[3:7])

    @property
    def level_quaternion(self) -> FloatArray:
        """Trunk attitude relative to true vertical, wxyz (4,): what an IMU can know."""
        if self.condition.slope == 0.0:
            return self.quaternion
        turned = np.empty(4)
        mujoco.mju_mulQuat(turned, ground_to_level(self.condition), self.data.qpos[3:7])
        return turned

    @property
    def velocity(self) -> FloatArray:
        """Velocity of the trunk origin in ground axes (3,) [m/s]."""
        return np.array(self.data.qvel[:3])

    @property
    def gyro(self) -> FloatArray:
        """Angular velocity in body axes (3,) [rad/s]."""
        return np.array(self.data.qvel[3:6])

    @property
    def motor_position(self) -> FloatArray:
        """Unwrapped crank angles (2,) [rad]."""
        return np.array(self.data.qpos[self.cranks])

    @property
    def motor_velocity(self) -> FloatArray:
        """Crank speeds (2,) [rad/s]."""
        return np.array(self.data.qvel[self.crank_dofs])

    def _start(self) -> None:
        self.steps = 0
        self.battery = BATTERY.voltage
        self._setpoint: FloatArray | None = None
        self._pending.clear()
        self._meet_events()

    def _grid(self, time: float) -> int:
        """Return the first physics step at or after a time."""
        return math.ceil(time / self._timestep - _SLACK)

    def _change_steps(self) -> tuple[int, ...]:
        times = {time for item in self._perturbations for time in (item.onset, last(item)) if math.isfinite(time)}
        return tuple(sorted(self._grid(time) for time in times))

    def _next_event(self, target: int) -> int:
        """Return the step of the next change of condition or command, or `target` when that comes first."""
        change = next((step for step in self._changes if step > self.steps), target)
        return min(target, change, self._pending[0][0] if self._pending else target)

    def _meet_events(self) -> None:
        """Make the condition and the set-points those of the present step."""
        if self.steps == 0 or self.steps in self._changes:
            acting = active(self._perturbations, self.time(), _SLACK * self._timestep)
            self.condition = compose(self._intact, acting)
            self._writer.write(self.condition, self.data)
        while self._pending and self._pending[0][0] <= self.steps:
            self._setpoint = self._pending.pop(0)[1]
        setpoint = np.full(len(SIDES), np.nan) if self._setpoint is None else self._setpoint
        self.data.ctrl[:] = motor_signal(self.condition, setpoint)

    def _charge(self, count: int) -> None:
        """Let the battery voltage follow the motors' draw and limit their torque by it."""
        torque, speed = self.data.actuator_force, self.data.qvel[self.crank_dofs]
        self.battery = float(sagged(self.battery, torque, speed, count * self._timestep))
        stall = MOTOR.constant * self.battery / MOTOR.resistance
        self.model.actuator_forcerange[:, 0] = -stall
        self.model.actuator_forcerange[:, 1] = stall


def motor_signal(condition: Condition, setpoints: FloatArray) -> FloatArray:
    """Return what the velocity loops are given (..., 2) for set-points (..., 2), both [rad/s]; NaN brakes."""
    signal = _FEEDFORWARD * (setpoints * condition.gain + condition.bias)
    return np.where(np.isnan(setpoints), 0.0, signal)


def sagged(voltage: FloatArray | float, torque: FloatArray, speed: FloatArray, seconds: float) -> FloatArray:
    """Return the battery voltage (...) [V] after motors gave torques (..., 2) [N m] at speeds (..., 2) [rad/s]."""
    current = (torque - MOTOR.damping * speed) / MOTOR.constant
    share = torque * MOTOR.resistance / (MOTOR.constant * BATTERY.voltage)
    loaded = BATTERY.voltage - BATTERY.resistance * np.maximum(current * share, 0.0).sum(axis=-1)
    return np.asarray(voltage + (1.0 - math.exp(-seconds / BATTERY.settling)) * (loaded - voltage))


def _grounds(perturbations: Sequence[Perturbation]) -> list[Terrain]:
    return [TERRAINS[item.kind] for item in perturbations if isinstance(item, Ground)]


@functools.lru_cache(maxsize=8)
def _compiled(terrain: Terrain, rough: bool) -> mujoco.MjModel:
    return roach.build(terrain, rough).compile()
