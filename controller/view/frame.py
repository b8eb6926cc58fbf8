"""What a page is shown of one tick, as a line of JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from controller.telemetry.run_log import FloatArray, Number, TickRecord

Places = list[list[Number]]
_DIGITS = 4
"""Of a position [m] that is drawn."""


@dataclass(frozen=True)
class Frame:
    """One tick.

    Attributes:
        record: the same, as logged.
        fan: positions that the best candidates behind the plan lead to (K, H + 1) [m].
        adapter: what adapts.
        course: what is driven.
        speed: share of real time at which the robot's time passes; 0 is paused, None as fast as it goes.
        perturbations: those that act or will, with their times.
        notice: why something that was asked for was not done.
        over: why the run is over; empty while it is not.
        run: which of two that are shown side by side.
    """

    record: TickRecord
    fan: list[Places]
    adapter: str
    course: str
    speed: float | None
    perturbations: tuple[str, ...] = ()
    notice: str = ""
    over: str = ""
    run: int = 0


FRAMES: TypeAdapter[Frame] = TypeAdapter(Frame)


def places(states: FloatArray) -> Places:
    """Return positions (..., 2) [m] as short numbers."""
    return np.round(states, _DIGITS).tolist()  # type: ignore[no-any-return]
