"""What the robot's own controller says of itself, and what of that speaks against going on."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hardware.clock import Clock
from hardware.robot import UNKNOWN, FloatArray
from hardware.unitree.bus import Bus
from hardware.unitree.codec import WireError, decode_sport_state
from hardware.unitree.layout import SPORT_STATE
from hardware.unitree.sport_service import CODES

SILENT = 0.5
"""Without news of it for this long its controller is not there any more [s]."""
_CHANGES = 0.5
"""How long it may be in a mode that is not meant, for example on its way from one to another [s]."""
_DEPTH = 4
MODES = MappingProxyType(
    {
        0: "idle",
        1: "balance stand",
        2: "pose",
        3: "walking",
        5: "lying down",
        6: "joints locked",
        7: "damping",
        8: "recovery stand",
    }
)
"""As published examples read them; firmware may know more."""
CARRIES = frozenset({0, 1, 3})
"""Modes of one that stands and can be told to walk; newer firmware says 0 all the time."""


class SportStates:
    """Follows the controller's own state; its `stamp` is what tells news from repetition."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._reader, self._clock = bus.reader(SPORT_STATE.topic, SPORT_STATE.struct, _DEPTH), clock
        self._record: NDArray[np.void] | None = None
        self._heard = self._changed = self._meant = clock.now()

    def receive(self) -> None:
        """Take what arrived. Raises BusError."""
        for wire in self._reader.take():
            try:
                record = decode_sport_state(wire)
            except WireError:  # as if it had not come: silence is what counts
                continue
            now = self._clock.now()
            if self._record is None or record["stamp"].tobytes() != self._record["stamp"].tobytes():
                self._changed = now
            self._record, self._heard = record, now

    def wait(self, seconds: float) -> bool:
        """Wait for news, at most some time [s]; tell whether they came. Raises BusError."""
        begun = self._clock.now()
        while self._clock.now() - begun < seconds:
            self._reader.wait(begun + seconds - self._clock.now())
            self.receive()
            if self._record is not None and self._changed > begun:
                return True
        return False

    @property
    def velocity(self) -> FloatArray:
        """Its own estimate of how fast it goes (3,) [m/s], in axes that are not published; NaN without news."""
        known = self._record is not None and self._clock.now() - self._changed <= SILENT
        return self._record["velocity"].astype(np.float64) if known and self._record is not None else UNKNOWN.repeat(3)

    def faults(self, *, walks: bool, carries: bool) -> tuple[str, ...]:
        """Return what speaks against going on.

        Args:
            walks: it is told velocities, so its state has to change.
            carries: it is meant to stand or walk.
        """
        now, record, found = self._clock.now(), self._record, list[str]()
        silent = math.inf if record is None else now - self._heard
        if record is None or silent > SILENT:
            return (f"its own controller says nothing on {SPORT_STATE.topic} for {silent:.2f} s, limit {SILENT:g} s",)
        if walks and now - self._changed > SILENT:
            found.append(f"its own controller's state has stood still for {now - self._changed:.2f} s")
        code, mode = int(record["error_code"]), int(record["mode"])
        if code in CODES:
            found.append(f"its own controller reports error {code} ({CODES[code]})")
        if not carries or mode in CARRIES:
            self._meant = now
        elif now - self._meant > _CHANGES:
            said = f"{MODES.get(mode, 'not known')} (mode {mode})"
            found.append(f"its own controller was to carry it, and is {said}: somebody else commands it, or it gave up")
        return tuple(found)
