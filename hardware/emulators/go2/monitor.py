"""What the robot's end writes down: commands that no guard should have let through, and what happened."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.emulators.go2.body import Body
from hardware.emulators.go2.wire import Command
from hardware.robot import FloatArray
from hardware.rotation import roll_pitch_yaw
from hardware.unitree.layout import MOTORS
from sim.robots.go2 import RANGE, TORQUE

_SPEED = {"hip": 30.1, "thigh": 30.1, "calf": 15.7}
"""Largest joint speed [rad/s]: Unitree's robot description (unitree_ros, go2_description, BSD-3-Clause)."""
_SEEN = 8
"""States that a host may have in hand when it decides: a torque is judged by the kindest of them."""
_TOLERANCE = 0.01
"""Share of a limit that rounding and a state in between may cost."""
_EXAMPLES = 5
_FALLEN = 1.0
"""A body tilted by more than this has fallen [rad]."""
_EVERY = 0.1
"""Spacing of the recorded way [s]."""


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


class EventLog:
    """Filled cycle by cycle; times are those of the script [s]."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str]] = []
        self._path: list[tuple[float, ...]] = []
        self._acting: frozenset[str] = frozenset()
        self._tilt = self._hottest = 0.0
        self._fell = False
        self._charge = 1.0

    def note(self, time: float, event: str) -> None:
        """Write down an event."""
        self.events.append((round(time, 3), event))

    def follow(self, time: float, body: Body, faults: Sequence[str]) -> None:
        """Look at the robot once per cycle."""
        acting = frozenset(faults)
        for names, word in ((acting - self._acting, "begins"), (self._acting - acting, "ends")):
            for name in sorted(names):
                self.note(time, f"{name} {word}")
        self._acting = acting
        self._tilt = max(self._tilt, body.tilt)
        self._hottest = max(self._hottest, float(body.temperature.max()))
        self._charge = body.physics.charge
        if body.tilt > _FALLEN and not self._fell:
            self._fell = True
            self.note(time, "fell")
        if not self._path or time - self._path[-1][0] >= _EVERY - 1e-9:
            yaw = roll_pitch_yaw(body.physics.quaternion)[2]
            self._path.append(tuple(round(value, 4) for value in (time, *body.physics.position.tolist(), yaw)))

    def summary(self) -> dict[str, object]:
        """Return the entries of the report."""
        return {
            "fell": self._fell,
            "tilt_max_deg": round(math.degrees(self._tilt), 1),
            "motor_max_celsius": round(self._hottest, 1),
            "charge": round(self._charge, 4),
            "events": [{"time": time, "event": event} for time, event in self.events],
            "path": {"columns": ["time", "x", "y", "z", "yaw"], "rows": [list(row) for row in self._path]},
        }
