"""What happened to the emulated robot: events with their time, the way it went, how it fared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.emulators.go2.body import Body
from hardware.rotation import roll_pitch_yaw

_FALLEN = 1.0
"""A body tilted by more than this has fallen [rad]."""
_EVERY = 0.1
"""Spacing of the recorded way [s]."""


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
