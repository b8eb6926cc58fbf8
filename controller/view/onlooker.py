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
        frame = frame_of(tick, record, header, self._fan, adapter=header.adapter, course=header.course, speed=1.0)
        assert tick.boundary is not None
        state = tick.boundary.state
        pose = (*state.position.tolist(), *state.quaternion.tolist(), *state.motor_position.tolist())
        self._window.show(replace(frame, pose=pose))


def frame_of(
    tick: LoopTick, record: TickRecord, header: RunHeader, fan: Fan, *, adapter: str, course: str, speed: float | None
) -> Frame:
    """Return what is shown of a tick."""
    xy = [header.channels.index(name) for name in ("x", "y")]
    candidates = [places(states) for states in fan(tick.result.plan, FAN)[..., xy]]
    return Frame(record, candidates, adapter, course, speed)
