"""The embodiment of a robot that a policy walks: an action is what the policy is told, such as a velocity.

The policy takes its steps at a rate of its own; set-points are held in between. A policy that gives rubbish is asked no
more: the robot then has a fault that says so, and the guard latches it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import replace

import numpy as np

from hardware.contract import spread
from hardware.drives import Walking
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec
from hardware.walkers.averages import Averages
from hardware.walkers.observation import Observer, Seen
from hardware.walkers.policy import PolicyError, PolicyFailed, load

_RUBBISH = 2.0 * math.pi
"""No answer moves a joint further from its usual angle [rad]."""
_WILDEST = 1e4
"""No answer is larger, before it is brought within its bound."""
_SLOW = 5
"""Steps in a row that take longer than there is time are too many."""
_ROUNDING = 1e-6
"""Share of a policy's period by which a step may be early."""
_OLDEST = 10
"""Answers that are remembered."""


class WalkerDrive:
    """Walks; stateful in the policy, in what it was told, and in the time of its last step."""

    steady = False

    def __init__(self, spec: RobotSpec) -> None:
        """Load and warm the policy of the spec's contract. Raises PolicyError."""
        assert isinstance(spec.drive, Walking)
        contract = self._contract = spec.drive.contract
        self._name, self._period = spec.name, 1.0 / contract.rate_hz
        motors, command = spec.motors, contract.command
        self._order = np.array(contract.order(motors))
        numbers = (contract.sign, contract.offset, contract.pose, contract.action.scale, *vars(contract.gains).values())
        each = [np.array(contract.each(values, motors)) for values in numbers]
        self._sign, self._offset, self._pose, self._scale, kp, kd = each
        self._kp, self._kd = np.empty_like(kp), np.empty_like(kd)
        self._kp[self._order], self._kd[self._order] = kp, kd
        count = len(command.names)
        self._rest = np.array(spread(command.rest, count))
        self._low, self._high = (np.array([getattr(a, end) for a in spec.actions]) for end in ("low", "high"))
        margin = spec.checks.range.limit
        self._ends = np.array(spec.limits.position_low) + margin, np.array(spec.limits.position_high) - margin
        self._slew = np.array(spread(command.slew, count)) if command.slew else np.full(count, math.inf)
        self._averages = Averages(spec)
        try:
            self._observer = Observer(contract, self._pose, len(spec.feet))
        except ValueError as error:
            raise PolicyError(f"{spec.source}: drive.contract.{error}") from error
        self._policy = load(contract, self._observer.size, self._observer.parts, len(motors))
        self.reset()

    def reset(self) -> None:
        self._policy.reset()
        self._observer.reset()
        self._told = self._rest
        self._action: FloatArray | None = None
        none = np.zeros(len(self._order))
        self._answers = deque([none] * _OLDEST, maxlen=_OLDEST)
        self._used, self._target = none, none
        self._due: float | None = None
        self._slow = 0
        self._fault = ""

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        if action.shape != self._rest.shape:
            raise ValueError(f"robot {self._name}: expected an action of shape {self._rest.shape}, got {action.shape}")
        if self._due is None or now >= self._due - _ROUNDING * self._period:
            late = 0.0 if self._due is None else (now - self._due) // self._period
            self._due = (now if self._due is None else self._due) + (1.0 + max(late, 0.0)) * self._period
            self._step(action, state)
        if self._fault:
            return RobotCommand.passive(CommandMode.DAMP, len(self._order), expires, self._kd)
        self._action = action
        none = np.zeros(len(self._order))
        return RobotCommand(CommandMode.SERVO, self._target, none, none, self._kp, self._kd, expires)

    def played(self, sent: RobotCommand) -> FloatArray | None:
        return self._action if sent.mode is CommandMode.SERVO else None

    def annotate(self, state: RobotState) -> RobotState:
        faults = (*state.faults, self._fault) if self._fault and self._fault not in state.faults else state.faults
        return replace(state, stride=self._told, averaged=self._averages.add(state), faults=faults)

    def _step(self, action: FloatArray, state: RobotState) -> None:
        """Let the policy take a step; what goes wrong becomes a fault."""
        if self._fault:
            return
        if np.isfinite(action).all():
            wish = np.clip(action, self._low, self._high)
            self._told = self._told + np.clip(wish - self._told, -self._slew, self._slew)
        position = self._sign * state.motor_position[self._order] + self._offset
        velocity = self._sign * state.motor_velocity[self._order]
        begun = time.thread_time()
        try:
            seen = self._observer.observe(Seen(state, position, velocity, self._told, self._answers))
            answer = self._policy.step(seen)
            target = self._setpoints(answer, position)
        except (PolicyFailed, ValueError) as error:
            self._fault = f"policy: {error}"
            return
        joints = np.empty_like(target)
        joints[self._order] = self._sign * (target - self._offset)
        self._target = np.clip(joints, *self._ends)
        took = time.thread_time() - begun
        self._slow = self._slow + 1 if took > self._period else 0
        if self._slow >= _SLOW:
            self._fault = f"policy: {_SLOW} steps in a row took longer than its period, the last {took:.3f} s"

    def _setpoints(self, answer: FloatArray, position: FloatArray) -> FloatArray:
        """Return the angles (n_joints,) that an answer asks for. Raises PolicyFailed where it is rubbish."""
        does = self._contract.action
        if not np.isfinite(answer).all():
            raise PolicyFailed("its answer is not finite")
        used = np.clip(answer, -does.bound, does.bound)
        self._answers.appendleft(used)
        self._used = used if not does.filter else does.filter * self._used + (1.0 - does.filter) * used
        moves = self._scale * self._used
        if max(np.abs(answer).max() / _WILDEST, np.abs(moves).max() / _RUBBISH) > 1.0:
            said = f"{np.abs(answer).max():.3g} asks for {np.abs(moves).max():.3g} rad"
            raise PolicyFailed(f"its answer is rubbish: {said}")
        about = {"pose": self._pose, "angle": position}.get(does.about)
        return moves if about is None else about + moves
