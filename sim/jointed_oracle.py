"""The true perturbed simulator as the planners' model, for robots whose actions are the set-points of joints.

Copies of the simulation start from the present physics state and are stepped as a batch, under the present condition.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import mujoco
import mujoco.batch
import numpy as np

from sim.bodies.base import Setpoints
from sim.bodies.jointed import JointedPhysics
from sim.conditions.condition import Condition
from sim.oracle import Motion, advanced, known, perceived, whole_ratio
from sim.terrain import FloatArray


class JointedOracle:
    """Predicts one simulated robot without a battery or a delay by simulating it. Not thread-safe.

    Call `ahead` once a tick; `rollout` then starts where it ended.

    Args:
        physics: the simulation to predict; it is only read.
        observe: maps a motion to state vectors (N, T, S), in the order that the planner's cost expects.
        setpoints: what motors follow under actions (N, A), with the same gains always.
        period: how long an action is held [s].

    Raises:
        ValueError: the physics step does not divide the period.
    """

    def __init__(
        self,
        physics: JointedPhysics,
        observe: Callable[[Motion], FloatArray],
        setpoints: Callable[[FloatArray], Setpoints],
        period: float,
    ) -> None:
        self._physics, self._observe, self._setpoints = physics, observe, setpoints
        self._steps = whole_ratio("period", period / physics.timestep())
        self._condition: Condition | None = None
        self._batch = self._simulations(1)
        self._start: FloatArray = np.empty(0)
        self._state: FloatArray = np.empty(0)

    def ahead(self, under_way: FloatArray) -> FloatArray:
        """Let the actions under way (D, A) happen from now on; return the state (S,) behind them."""
        physics = self._physics
        if physics.condition is not self._condition:
            self._batch = self._simulations(self._batch.nsim)
        self._start = np.empty(self._batch.nstate)
        mujoco.mj_getState(physics.model, physics.data, self._start, mujoco.mjtState.mjSTATE_INTEGRATION)
        rows = self._simulate(under_way[None])[0]
        self._start = rows[-1]
        self._state = self._observe(self._motion(rows[None]))[0, -1]
        return self._state

    def rollout(self, state: FloatArray, actions: FloatArray) -> FloatArray:
        """Predict states (1, N, H + 1, S) under actions (N, H, A); what the physics cannot go through is NaN.

        Raises:
            ValueError: `state` is not what `ahead` returned last: a state vector alone is no physics state.
        """
        known(state, self._state)
        return self._observe(self._motion(self._simulate(actions)))[None]

    def _simulations(self, count: int) -> mujoco.batch.Batch:
        """Return simulations under the present condition, with the gains that actions are followed with."""
        self._condition = self._physics.condition
        model = copy.copy(self._physics.model)
        _, kp, kd = self._physics.law(self._setpoints(np.zeros((1, model.nu))))
        model.actuator_biasprm[:, 1], model.actuator_biasprm[:, 2] = -kp, -kd
        return mujoco.batch.Batch(model, count, 1)

    def _simulate(self, actions: FloatArray) -> FloatArray:
        """Carry out actions (N, H, A); return the integration states (N, H + 1, n) at the ends of ticks."""
        count = len(actions)
        if count > self._batch.nsim:
            self._batch = self._simulations(count)
        batch = self._batch
        batch.state[:count] = self._start
        warnings, rows = batch.warning[:count].copy(), [batch.state[:count].copy()]
        for tick in range(actions.shape[1]):
            batch.bind("ctrl")[:count] = self._physics.law(self._setpoints(actions[:, tick]))[0]
            advanced(batch, count, self._steps)
            broken = (batch.warning[:count] != warnings).any(axis=(1, 2))
            rows.append(np.where(broken[:, None], np.nan, batch.state[:count]))
        return np.stack(rows, axis=1)

    def _motion(self, rows: FloatArray) -> Motion:
        """Read perfect sensors off integration states (N, T, n)."""
        physics, model = self._physics, self._physics.model
        qpos, qvel = rows[..., 1 : 1 + model.nq], rows[..., 1 + model.nq : 1 + model.nq + model.nv]
        position, quaternion, velocity, gyro, pitch = physics.root.motion(qpos, qvel)
        seen = perceived(position, quaternion, physics.condition)
        angle, speed, unknown = qpos[..., physics.angles], qvel[..., physics.speeds], np.full_like(pitch, np.nan)
        return Motion(*seen, velocity, gyro, angle, speed, np.full_like(speed, np.nan), unknown, pitch)
