"""The embodiment of a robot whose own controller walks it: an action is the velocity that it is told, smoothed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hardware.contract import spread
from hardware.drives import Walking
from hardware.robot import CommandMode, FloatArray, RobotCommand, RobotState
from hardware.spec import RobotSpec
from hardware.walkers.averages import Averages


class OwnDrive:
    """Stateful in what the robot was told, and when: that changes no faster than its contract allows."""

    steady = False

    def __init__(self, spec: RobotSpec) -> None:
        assert isinstance(spec.drive, Walking)
        told, count = spec.drive.contract.command, len(spec.actions)
        self._name, self._motors = spec.name, len(spec.motors)
        self._rest = np.array(spread(told.rest, count))
        self._low, self._high = (np.array([getattr(a, end) for a in spec.actions]) for end in ("low", "high"))
        slew = np.array(spread(told.slew, count)) if told.slew else np.full(count, math.inf)
        self._rates = slew * spec.drive.contract.rate_hz
        self._averages = Averages(spec)
        self.reset()

    def reset(self) -> None:
        self._told, self._time = self._rest, math.nan
        self._action: FloatArray | None = None

    def command(self, action: FloatArray, state: RobotState, now: float, expires: float) -> RobotCommand:
        if action.shape != self._rest.shape:
            raise ValueError(f"robot {self._name}: expected an action of shape {self._rest.shape}, got {action.shape}")
        passed = 0.0 if math.isnan(self._time) else max(0.0, now - self._time)
        self._time, self._action = now, action
        if np.isfinite(action).all():
            most, way = self._rates * passed, np.clip(action, self._low, self._high) - self._told
            self._told = self._told + np.clip(way, -most, most)
        return replace(RobotCommand.passive(CommandMode.WALK, self._motors, expires), walk=self._told)

    def played(self, sent: RobotCommand) -> FloatArray | None:
        return self._action if sent.mode is CommandMode.WALK else None

    def annotate(self, state: RobotState) -> RobotState:
        return replace(state, stride=self._told, averaged=self._averages.add(state))
