"""The robot's end keeps a record of commands that no guard should have let through."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np
from numpy.typing import NDArray

from hardware.emulators.go2.wire import Command
from hardware.robot import FloatArray
from hardware.unitree.layout import MOTORS
from sim.robots.go2 import RANGE, TORQUE

_SPEED = {"hip": 30.1, "thigh": 30.1, "calf": 15.7}
"""Largest joint speed [rad/s]: Unitree's robot description (unitree_ros, go2_description, BSD-3-Clause)."""
_SEEN = 8
"""States that a host may have in hand when it decides: a torque is judged by the kindest of them."""
_TOLERANCE = 0.01
"""Share of a limit that rounding and a state in between may cost."""
_EXAMPLES = 5


class Monitor:
    """Counts set-points outside the data sheet's ranges, with the first few of them."""

    def __init__(self) -> None:
        self.outside: Counter[str] = Counter()
        self.examples: list[str] = []
        parts = [(motor.split("_")[0], motor.split("_")[-1]) for motor in MOTORS]
        spans = [RANGE[f"{end}_thigh" if part == "thigh" else part] for end, part in parts]
        self._low, self._high = (np.array(ends) for ends in zip(*spans, strict=True))
        self._torque = np.array([TORQUE[part] for _, part in parts])
        self._speed = np.array([_SPEED[part] for _, part in parts])
        self._states: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=_SEEN)

    def publish(self, q: FloatArray, dq: FloatArray) -> None:
        """Remember what the host is told: joint angles [rad] and speeds [rad/s], each (12,)."""
        self._states.append((q, dq))

    def judge(self, command: Command) -> None:
        """Look at one command that is obeyed."""
        servoed = command.on & (command.kp > 0.0)
        margin = _TOLERANCE * (self._high - self._low)
        beyond = servoed & ((command.q < self._low - margin) | (command.q > self._high + margin))
        self._note("position", beyond, command.q)
        self._note("velocity", command.on & (np.abs(command.dq) > (1.0 + _TOLERANCE) * self._speed), command.dq)
        if self._states:
            implied = np.array(
                [command.tau + command.kp * (command.q - q) + command.kd * (command.dq - dq) for q, dq in self._states]
            )
            kindest = np.abs(implied).min(axis=0)
            # Damping may ask for more than a motor gives, and only gets that.
            self._note("torque", servoed & (kindest > (1.0 + _TOLERANCE) * self._torque), kindest)

    def _note(self, kind: str, beyond: NDArray[np.bool_], values: FloatArray) -> None:
        if not beyond.any():
            return
        self.outside[kind] += 1
        for motor in np.flatnonzero(beyond)[: max(0, _EXAMPLES - len(self.examples))]:
            self.examples.append(f"{kind} of {MOTORS[motor]}: {values[motor]:.3f}")
