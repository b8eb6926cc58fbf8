"""The wire between robot and host with its faults: messages in, messages out, at their time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from hardware.emulators.go2.faults import BadCrc, Burst, Delay, Drop, Fault, Freeze, Reorder, acting


class Link:
    """One direction of the wire; what it loses, holds up or damages is decided message by message."""

    def __init__(self, faults: Sequence[Fault], rng: np.random.Generator, states: bool) -> None:
        """Make the link of states (True) or of commands, which are only lost or late."""
        self._faults, self._rng, self._states = tuple(faults), rng, states
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._overtaken: list[bytes] = []
        self._frozen: bytes | None = None

    def carry(self, messages: Sequence[bytes], script: float, now: float) -> list[bytes]:
        """Put messages on the link and return those that arrive.

        The time of the `script` says what is faulty [s]; `now` passes in any case [s].
        """
        late = sum(fault.ms for fault in acting(self._faults, Delay, script)) / 1000.0
        for burst in acting(self._faults, Burst, script) if self._states else ():
            late += max(0.0, burst.onset + burst.ms / 1000.0 - script)
        for message in messages:
            if not self._chance(Drop, script):
                self._under_way.append((now + late, self._spoilt(message, script) if self._states else message))
        arrived = [message for due, message in self._under_way if due <= now]
        self._under_way = deque(item for item in self._under_way if item[0] > now)
        return self._swapped(arrived, script) if self._states else arrived

    def _spoilt(self, message: bytes, script: float) -> bytes:
        self._frozen = (self._frozen or message) if acting(self._faults, Freeze, script) else None
        message = self._frozen or message
        if not self._chance(BadCrc, script):
            return message
        damaged = bytearray(message)
        damaged[int(self._rng.integers(4, len(message)))] ^= 1 << int(self._rng.integers(8))
        return bytes(damaged)

    def _swapped(self, arrived: list[bytes], script: float) -> list[bytes]:
        if not arrived:
            return []
        if self._overtaken:
            arrived, self._overtaken = [*arrived, *self._overtaken], []
        elif self._chance(Reorder, script):
            self._overtaken = [arrived.pop()]
        return arrived

    def _chance(self, kind: type[Drop] | type[Reorder] | type[BadCrc], script: float) -> bool:
        return any(self._rng.random() < fault.share for fault in acting(self._faults, kind, script))
