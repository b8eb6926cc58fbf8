"""A page beside a robot that is real: it shows what the robot does, and takes remarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from controller.loop.plan_loop import LoopTick
from controller.telemetry.run_log import FloatArray, RunHeader, TickRecord
from controller.view.frame import Frame, places
from controller.view.orders import Remark
from controller.view.window import Window
from planners.plan import Plan

FAN = 8
"""Candidates that are shown beside the plan."""
Fan = Callable[[Plan, int], FloatArray]
"""The states (K, H + 1, S) that the best candidates behind a plan would lead to, see `Controller.fan`."""


class Onlooker:
    """Shows ticks of a robot, and passes on what is remarked about it."""

    def __init__(self, window: Window, header: RunHeader, fan: Fan) -> None:
        self._window, self._header, self._fan = window, header, fan

    def noted(self, record: TickRecord) -> TickRecord:
        """Return the record of a tick with what was remarked since the one before."""
        remarks = [order.text for order in self._window.orders() if isinstance(order, Remark)]
        return replace(record, notes=(*record.notes, *remarks))

    def show(self, tick: LoopTick, record: TickRecord) -> None:
        """Show a tick."""
        header = self._header
        adapter, course = header.adapter, header.course
        self._window.show(frame_of(tick, record, header, self._fan, adapter=adapter, course=course, speed=1.0))


def frame_of(
    tick: LoopTick, record: TickRecord, header: RunHeader, fan: Fan, *, adapter: str, course: str, speed: float | None
) -> Frame:
    """Return what is shown of a tick."""
    xy = [header.channels.index(name) for name in ("x", "y")]
    candidates = [places(states) for states in fan(tick.result.plan, FAN)[..., xy]]
    return Frame(record, candidates, adapter, course, speed)
