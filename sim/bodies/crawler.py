"""The crawler in motion: dm_control's Physics with a battery, motor set-points and perturbations on a time line.

Between two events a whole stretch of time is one call into MuJoCo: the velocity loop, back-EMF and the torque limit are
parts of the model.
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

from sim.bodies.floating_base import FloatingBase, SimulationError, is_rough
from sim.conditions.condition import Condition
from sim.perturbations import Perturbation
from sim.robots import roach
from sim.robots.roach import BATTERY, MOTOR, SIDES
from sim.terrain import SPREAD, Terrain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its renderer looks for a display that a headless machine does not have
    from dm_control import mujoco as control_mujoco
    from dm_control.mujoco import wrapper
    from dm_control.rl import control

FloatArray = NDArray[np.float64]

_FEEDFORWARD = 1.0 + MOTOR.damping / MOTOR.loop_gain
"""Set-point over desired speed that makes up for back-EMF in the proportional loop."""


class RoachPhysics(FloatingBase[FloatArray]):
    """One simulated crawler.

    Offers what dm_control's `rl.control.Environment` asks of a physics (`timestep`, `time`, `reset_context`, `step`)
    and named accessors.
    """

    def __init__(self, terrain: Terrain, perturbations: Sequence[Perturbation] = ()) -> None:
        """Put an intact crawler on `terrain`; `perturbations` act at their own times."""
        model = copy.copy(_compiled(terrain, is_rough(terrain, perturbations)))
        self.physics = control_mujoco.Physics.from_model(wrapper.MjModel(model))
        super().__init__(roach.ANATOMY, model, self.physics.data.ptr, terrain, perturbations)
        self.legacy_step = True
        self.cranks = [self.model.joint(side).qposadr[0] for side in SIDES]
        self.crank_dofs = [self.model.joint(side).dofadr[0] for side in SIDES]
        self._start()

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
        if self._timeline.send(None if velocity is None else np.array(velocity, dtype=np.float64), expires):
            self._follow()

    def step(self, count: int = 1) -> None:
        """Advance by `count` physics steps.

        Raises:
            SimulationError: the state became non-finite or MuJoCo reported a bad state.
        """
        timeline = self._timeline
        target = timeline.steps + count
        while timeline.steps < target:
            stretch = timeline.next_event(target) - timeline.steps
            self._charge(stretch)
            try:
                self.physics.step(stretch)
            except control.PhysicsError as error:
                raise SimulationError(f"physics at {self.time():.3f} s: {error}") from error
            timeline.steps += stretch
            self._meet_events()

    @property
    def committed(self) -> FloatArray:
        """Set-points of the coming steps that no further command can change (steps, 2) [rad/s]; NaN brakes."""
        timeline = self._timeline
        count = timeline.grid(timeline.time + timeline.condition.delay) - timeline.steps
        setpoints, current = np.full((count, len(SIDES)), np.nan), timeline.command
        due = {step - timeline.steps: setpoint for step, setpoint in timeline.pending}
        for step in range(count):
            current = due.get(step, current)
            if current is not None:
                setpoints[step] = current
        return setpoints

    @property
    def motor_position(self) -> FloatArray:
        """Unwrapped crank angles (2,) [rad]."""
        return np.array(self.data.qpos[self.cranks])

    @property
    def motor_velocity(self) -> FloatArray:
        """Crank speeds (2,) [rad/s]."""
        return np.array(self.data.qvel[self.crank_dofs])

    def _start(self) -> None:
        self.battery = BATTERY.voltage
        self._timeline.restart()
        self._writer.write(self.condition, self.data)
        self._follow()

    def _meet_events(self) -> None:
        """Make the condition and the set-points those of the present step."""
        if self._timeline.meet():
            self._writer.write(self.condition, self.data)
        self._follow()

    def _follow(self) -> None:
        setpoint = self._timeline.command
        self.data.ctrl[:] = motor_signal(self.condition, np.full(len(SIDES), np.nan) if setpoint is None else setpoint)

    def _charge(self, count: int) -> None:
        """Let the battery voltage follow the motors' draw and limit their torque by it."""
        torque, speed = self.data.actuator_force, self.data.qvel[self.crank_dofs]
        self.battery = float(sagged(self.battery, torque, speed, count * self.timestep()))
        stall = MOTOR.constant * self.battery / MOTOR.resistance
        self.model.actuator_forcerange[:, 0] = -stall
        self.model.actuator_forcerange[:, 1] = stall


def motor_signal(condition: Condition, setpoints: FloatArray) -> FloatArray:
    """Return what the velocity loops are given (..., 2) for set-points (..., 2), both [rad/s]; NaN brakes."""
    gain = np.array([condition.gain.get(side, 1.0) for side in SIDES])
    bias = np.array([condition.bias.get(side, 0.0) for side in SIDES])
    return np.where(np.isnan(setpoints), 0.0, _FEEDFORWARD * (setpoints * gain + bias))


def sagged(voltage: FloatArray | float, torque: FloatArray, speed: FloatArray, seconds: float) -> FloatArray:
    """Return the battery voltage (...) [V] after motors gave torques (..., 2) [N m] at speeds (..., 2) [rad/s]."""
    current = (torque - MOTOR.damping * speed) / MOTOR.constant
    share = torque * MOTOR.resistance / (MOTOR.constant * BATTERY.voltage)
    loaded = BATTERY.voltage - BATTERY.resistance * np.maximum(current * share, 0.0).sum(axis=-1)
    return np.asarray(voltage + (1.0 - math.exp(-seconds / BATTERY.settling)) * (loaded - voltage))


@functools.lru_cache(maxsize=8)
def _compiled(terrain: Terrain, rough: bool) -> mujoco.MjModel:
    return roach.build(terrain, rough).compile()
