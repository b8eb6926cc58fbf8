"""From what a source says to what a robot is told: within its limits, and nothing where commands fail to come."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

from controller.steering.source import Command, Source
from hardware.steering import STILL, Steering, Velocity

TIMEOUT = 0.5
"""The dead man's switch: without a command for this long a robot stands [s]."""
_log = logging.getLogger(__name__)


class Helm:
    """Asks a source once a tick; stateful in the newest command, and in what it counts."""

    def __init__(self, source: Source, limits: Steering) -> None:
        self._source, self._limits = source, limits
        self._counts = Counter[str]()
        self._newest: Command | None = None

    def reset(self) -> None:
        """Forget the newest command: time begins anew."""
        self._newest = None

    def wanted(self, now: float) -> Velocity:
        """Return how the robot should move from now [s] on."""
        self._newest = self._source.poll(now) or self._newest
        if self._newest is None or now - self._newest.time > TIMEOUT:
            self._counts["ticks without a command"] += 1
            return STILL
        asked = self._newest.velocity
        limited = self._limits.limited(asked)
        if asked.lateral and self._limits.lateral is None and not self._counts["sideways"]:
            _log.warning("steering: v_y of %.3g m/s is ignored: this robot cannot move sideways", asked.lateral)
        self._counts["sideways"] += bool(asked.lateral and self._limits.lateral is None)
        self._counts["limited"] += limited != asked
        return limited

    def counts(self) -> Mapping[str, int]:
        """Return what the source counted, and ticks at which something else was told than was asked."""
        own = ("ticks without a command", "limited", "sideways")
        return {**self._source.counts(), **{name: self._counts[name] for name in own}}
