"""When a state was true on the host's clock, told from the robot's own tick.

A message that was held up on the way is as old as its tick says, not as young as its arrival.
"""

from __future__ import annotations

from dataclasses import dataclass

_DRIFT = 2e-4
"""How fast two quartz clocks may part [s/s]."""
_PLAUSIBLE = (0.5, 2.0)
"""Ticks in milliseconds per millisecond on the host: outside of this the unit is another one, and no use."""
_OBSERVED = 0.1
"""Time over which the tick is compared with the host's clock before it is believed [s]."""


@dataclass
class RobotClock:
    """Lays the robot's clock onto the host's: the quickest message yet counts as one without delay.

    Attributes:
        ahead: how much less delay the newest message seemed to have than the quickest before [s].
    """

    ahead: float = 0.0
    _lag: float | None = None
    _first: tuple[float, float] | None = None
    _last: float = 0.0
    _believed: bool = False

    def host_time(self, tick: float, now: float) -> float:
        """Return when a state with `tick` [s], received `now` [s], was true on the host's clock [s].

        It is the time of arrival until the tick has proved to be a clock.
        """
        first_tick, first_now = self._first = self._first or (tick, now)
        lag = now - tick
        if self._lag is None:
            self._lag, self._last = lag, now
        self.ahead = self._lag - lag if self._believed else 0.0
        self._lag = min(lag, self._lag + _DRIFT * (now - self._last))
        self._last = now
        if not self._believed and now - first_now >= _OBSERVED:
            low, high = _PLAUSIBLE
            self._believed = low <= (tick - first_tick) / (now - first_now) <= high
            self._first = (tick, now)
        return min(now, tick + self._lag) if self._believed else now
