"""The true perturbed simulator behind the planner's model protocol: the upper bound for any learned model.

It starts from the full physics state, which holds more than the state vector (leg springs, couplers, commands that a
delay keeps back), and predicts what perfect sensors would read if the present condition lasted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import mujoco
import mujoco.batch
import numpy as np

from sim.bodies.crawler import CrawlerPhysics
from sim.conditions.condition import Condition
from sim.conditions.writer import ground_to_level
from sim.terrain import FloatArray


class Motion(NamedTuple):
    """What noiseless sensors read at many instants: a `sim.bodies.sensors.Reading` with axes (N, T)."""

    position: FloatArray
    quaternion: FloatArray
    velocity: FloatArray
    gyro: FloatArray
    motor_position: FloatArray
    motor_velocity: FloatArray
    back_emf: FloatArray
    battery: FloatArray
    pitch: FloatArray
    """Of a robot in a plane, full turns and all [rad]."""


@dataclass(frozen=True)
class _Moment:
    """All that the future of N simulations depends on, beside their condition."""

    rows: FloatArray
    """MuJoCo's integration states (N, n)."""
    torque: FloatArray
    """Of the motors in the last step (N, 2) [N m]."""
    battery: FloatArray
    """(N,) [V]"""
    committed: FloatArray
    """Set-points that a delay still keeps back (steps, 2) [rad/s]; NaN brakes."""


class Oracle:
    """Predicts one simulated crawler by simulating it. Not thread-safe.

    Call `ahead` once a tick; `rollout` then starts where it ended.

    Args:
        physics: the simulation to predict; it is only read.
        observe: maps a motion to state vectors (N, T, S), in the order that the planner's cost expects.
        period: how long an action is held [s].
        cycle: how often the servo renews a command [s]; the battery model follows this rhythm.

    Raises:
        ValueError: the physics step, the cycle and the period do not divide each other.
    """

    def __init__(
        self, physics: CrawlerPhysics, observe: Callable[[Motion], FloatArray], period: float, cycle: float
    ) -> None:
        self._physics, self._observe = physics, observe
        self._per_cycle = whole_ratio("cycle", cycle / physics.timestep())
        self._per_tick = self._per_cycle * whole_ratio("period", period / cycle)
        self._condition: Condition | None = None
        self._batch = self._simulations(1)
        self._start = self._present()
        self._state: FloatArray = np.empty(0)

    def ahead(self, under_way: FloatArray) -> FloatArray:
        """Let the actions under way (D, A) happen from now on; return the state (S,) behind them."""
        motion, self._start = self._simulate(self._present(), under_way[None])
        self._state = self._observe(motion)[0, -1]
        return self._state

    def rollout(self, state: FloatArray, actions: FloatArray) -> FloatArray:
        """Predict states (1, N, H + 1, S) under actions (N, H, A); what the physics cannot go through is NaN.

        Raises:
            ValueError: `state` is not what `ahead` returned last: a state vector alone is no physics state.
        """
        known(state, self._state)
        motion, _ = self._simulate(self._start, actions)
        return self._observe(motion)[None]

    def _present(self) -> _Moment:
        """Take the state of the physics, and its condition where that has changed."""
        physics = self._physics
        if physics.condition is not self._condition:
            self._batch = self._simulations(self._batch.nsim)
        row = np.empty((1, self._batch.nstate))
        mujoco.mj_getState(physics.model, physics.data, row[0], mujoco.mjtState.mjSTATE_INTEGRATION)
        torque = np.array(physics.data.actuator_force)[None]
        return _Moment(row, torque, np.array([physics.battery]), physics.committed)

    def _simulations(self, count: int) -> mujoco.batch.Batch:
        """Return simulations under the present condition, each with a battery of its own."""
        self._condition = self._physics.condition
        batch = mujoco.batch.Batch(self._physics.model, count, 1)
        batch.expand("actuator_forcerange")
        batch.bind("actuator_force")
        return batch

    def _simulate(self, start: _Moment, actions: FloatArray) -> tuple[Motion, _Moment]:
        """Carry out actions (N, H, A); return the motion at the H + 1 ends of ticks, and the moment at the end.

        The set-points of the moment are those of the first sequence.
        """
        count, horizon, _ = actions.shape
        if count > self._batch.nsim:
            self._batch = self._simulations(count)
        batch = self._batch
        rows, force = batch.state[:count], batch.bind("actuator_force")[:count]
        rows[:] = start.rows
        warnings = batch.warning[:count].copy()
        battery = np.broadcast_to(start.battery, count)
        torque = np.broadcast_to(start.torque, (count, *start.torque.shape[1:]))
        motion = [(rows.copy(), battery)]
        for tick in range(horizon):
            for begin, end in self._stretches(tick, len(start.committed)):
                battery = self._charge(battery, torque, end - begin)
                setpoints = _setpoints(start.committed, actions, begin, self._per_tick)
                batch.bind("ctrl")[:count] = self._physics.train.signal(self._physics.condition, setpoints)
                advanced(batch, count, end - begin)
                torque = force.copy()
            broken = (batch.warning[:count] != warnings).any(axis=(1, 2))
            motion.append((np.where(broken[:, None], np.nan, rows), battery))
        last = horizon * self._per_tick + np.arange(len(start.committed))
        committed = [_setpoints(start.committed, actions, int(step), self._per_tick)[0] for step in last]
        states, batteries = (np.stack(part, axis=1) for part in zip(*motion, strict=True))
        moment = _Moment(states[:, -1], torque, battery, np.reshape(committed, start.committed.shape))
        return self._motion(states, batteries), moment

    def _stretches(self, tick: int, delay: int) -> Iterator[tuple[int, int]]:
        """Yield the first step of each stretch of a tick without an event, and the step after it."""
        begin = tick * self._per_tick
        for cycle in range(begin, begin + self._per_tick, self._per_cycle):
            inside = cycle + delay % self._per_cycle
            if inside > cycle:
                yield cycle, inside
            yield inside, cycle + self._per_cycle

    def _charge(self, battery: FloatArray, torque: FloatArray, steps: int) -> FloatArray:
        """Limit the motors' torque by the battery voltages (N,) that `steps` under load leave; return those."""
        speed = self._batch.bind("qvel")[: len(battery), self._physics.speeds]
        train = self._physics.train
        voltage = train.sagged(battery, torque, speed, steps * self._physics.timestep())
        limits = train.stall(voltage)[:, None, None] * np.array([-1.0, 1.0])
        self._batch.expand("actuator_forcerange")[: len(battery)] = limits
        return voltage

    def _motion(self, rows: FloatArray, battery: FloatArray) -> Motion:
        """Read perfect sensors off integration states (N, T, n) and battery voltages (N, T)."""
        model, condition = self._physics.model, self._physics.condition
        qpos, qvel = rows[..., 1 : 1 + model.nq], rows[..., 1 + model.nq : 1 + model.nq + model.nv]
        position, quaternion = perceived(qpos[..., :3], qpos[..., 3:7], condition)
        motor_velocity = qvel[..., self._physics.speeds]
        return Motion(
            position=position,
            quaternion=quaternion,
            velocity=qvel[..., :3],
            gyro=qvel[..., 3:6],
            motor_position=qpos[..., self._physics.angles],
            motor_velocity=motor_velocity,
            back_emf=self._physics.train.cranks.constant * motor_velocity,
            battery=battery,
            pitch=np.full_like(battery, math.nan),
        )


def perceived(position: FloatArray, quaternion: FloatArray, condition: Condition) -> tuple[FloatArray, FloatArray]:
    """Return where sensors without noise see a trunk, given where it is above the ground (..., 3) and how (..., 4)."""
    level = _product(ground_to_level(condition), quaternion)
    x, y, heading = condition.pose_bias
    turned = _product(level, np.array([math.cos(heading / 2.0), 0.0, 0.0, math.sin(heading / 2.0)]))
    return position + _rotated(level, np.array([x, y, 0.0])), turned


def advanced(batch: mujoco.batch.Batch, count: int, steps: int) -> None:
    """Advance the first simulations; one that MuJoCo gives up stays where it is and counts a warning."""
    try:
        batch.step(np.arange(count), nstep=steps)
    except mujoco.batch.SimulationError as error:
        batch.warning[error.ids] += 1


def known(state: FloatArray, ahead: FloatArray) -> None:
    """Check that a state (S,) is the one that `ahead` returned last. Raises ValueError."""
    if not np.array_equal(state, ahead, equal_nan=True):
        raise ValueError(f"oracle: expected the state that ahead() returned last, {ahead}, got {state}")


def whole_ratio(what: str, ratio: float) -> int:
    """Return a ratio of two times that must be a whole number."""
    if ratio < 1.0 - 1e-6 or abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(f"oracle: {what}: expected a multiple of the time step below it, got {ratio:g} times that")
    return round(ratio)


def _setpoints(committed: FloatArray, actions: FloatArray, step: int, per_tick: int) -> FloatArray:
    """Return what the motors follow in a step (N, 2): what a delay kept back, then the actions (N, H, 2)."""
    if step < len(committed):
        return np.broadcast_to(committed[step], (len(actions), committed.shape[1]))
    chosen: FloatArray = actions[:, (step - len(committed)) // per_tick]
    return chosen


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Multiply quaternions wxyz (..., 4)."""
    a, b, c, d = np.moveaxis(left, -1, 0)
    w, x, y, z = np.moveaxis(right, -1, 0)
    terms = (
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    )
    return np.stack(terms, axis=-1)


def _rotated(quaternion: FloatArray, vector: FloatArray) -> FloatArray:
    """Rotate a vector (3,) by unit quaternions wxyz (..., 4)."""
    scalar, axis = quaternion[..., :1], quaternion[..., 1:]
    once = np.cross(axis, vector)
    turned: FloatArray = vector + 2.0 * (scalar * once + np.cross(axis, once))
    return turned
