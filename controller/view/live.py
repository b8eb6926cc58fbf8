"""What is clicked on a page and happens at the next tick, and becomes a part of the settings that repeat the run."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

from controller.build import Rig
from controller.changes import Change
from controller.config import RunSettings
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import Finished
from controller.loop.timing import LoopResult
from controller.telemetry.run_log import TickRecord
from controller.view.frame import Frame
from controller.view.onlooker import frame_of
from controller.view.orders import Begin, End, Order, Pace, Pages, Remark, Reset, Step, Switch
from controller.view.window import Window
from hardware.clock import Tempo
from sim.perturbations import Perturbation, parse

_DIGITS = 6
"""Of the time of something that was clicked [s]: enough to name a tick."""
_LOOK = 0.02
"""How often a run that waits looks at what is clicked [s]."""


class Live:
    """Shows a run on a page and does what is asked there."""

    def __init__(self, rig: Rig, settings: RunSettings, window: Window, pages: int = 0) -> None:
        """Begin a run before so many pages."""
        assert rig.switching is not None
        self._rig, self._settings, self._window, self._switching = rig, settings, window, rig.switching
        self.perturbations, self._changes = settings.perturbations, settings.changes
        self.seed: int | None = None
        """That it is to begin again with; None while nobody asks for it."""
        self.pages, self._steps = pages, False
        self._speed: float | None = 1.0
        self._now = self._elapsed = 0.0
        self._last: Frame | None = None
        self._remarks, self._notice = list[str](), ""
        self._anchor = (0.0, time.monotonic())

    @property
    def settings(self) -> RunSettings:
        """Those that repeat all of it."""
        return replace(self._settings, perturbations=self.perturbations, changes=self._changes)

    def noted(self, record: TickRecord) -> TickRecord:
        """Return the record of a tick with what was remarked since the one before."""
        remarks, self._remarks = self._remarks, []
        return replace(record, notes=(*record.notes, *remarks))

    def show(self, tick: LoopTick, record: TickRecord) -> None:
        """Show a tick, do what was clicked, and wait where the robot's time is to stand still or to pass slowly.

        Raises Finished where it is to begin again.
        """
        assert tick.boundary is not None
        self._now, self._elapsed = tick.boundary.state.tick, tick.time
        frame = self._last = self._frame(tick, record)
        self._window.show(frame)
        try:
            self._obey()
            if self._steps:
                self._steps = False
                self._pace(0.0)
            while self._waits(tick.time):
                now = replace(frame, speed=self._speed, perturbations=self._happening(), notice=self._notice)
                if now != frame:
                    frame = now
                    self._window.show(frame)
                time.sleep(_LOOK)
                self._obey()
        except BaseException:  # the servo must not wait for ever for a time that stands still
            self._pace(1.0)
            raise

    def linger(self, loop: LoopResult) -> None:
        """Wait, after the end, for as long as a page is open and nobody has asked to begin again."""
        if self._last is None or loop.interrupted:
            return
        over = "time is up" if loop.fault is None else "the robot fell" if loop.fell else str(loop.fault)
        self._window.show(replace(self._last, speed=0.0, over=over))
        with contextlib.suppress(Finished):
            while self.pages and self.seed is None:
                time.sleep(_LOOK)
                self._obey()

    def _frame(self, tick: LoopTick, record: TickRecord) -> Frame:
        notice, self._notice = self._notice, ""
        now, header = self._switching, self._rig.header
        frame = frame_of(tick, record, header, now.fan, adapter=now.adapter, course=now.course, speed=self._speed)
        return replace(frame, perturbations=self._happening(), notice=notice)

    def _happening(self) -> tuple[str, ...]:
        """Return what acts or will, with its times, each of them once."""
        return tuple(dict.fromkeys(str(each) for each in self.perturbations if each.last > self._now))

    def _obey(self) -> None:
        for order in self._window.orders():
            try:
                self._do(order)
            except ValueError as error:
                self._notice = str(error)

    def _do(self, order: Order) -> None:
        onset = round(self._now + self._rig.loop.period, _DIGITS)
        match order:
            case Begin(text):
                self._happens((*self.perturbations, replace(parse(text), onset=onset)), onset)
            case End(text):
                ended = (_over(each, onset) if text in (None, str(each)) else each for each in self.perturbations)
                self._happens(tuple(each for each in ended if each is not None), onset)
            case Switch(what, name):
                change = Change(what, name, round(self._elapsed + self._rig.loop.period, _DIGITS))
                self._allow(change.onset)
                replace(self._settings, changes=(*self._changes, change))  # refuses a name that there is not
                self._switching.expect(change)
                self._changes = (*self._changes, change)
            case Pace(speed):
                self._pace(None if speed is None else min(speed, 1.0))
            case Step():
                self._steps = True
                self._pace(1.0)
            case Reset(seed):
                self.seed = seed
                raise Finished
            case Remark(text):
                self._remarks.append(text)
            case Pages(count):
                self.pages = count

    def _happens(self, perturbations: tuple[Perturbation, ...], onset: float) -> None:
        self._allow(onset)
        self._rig.robot.expect(perturbations)
        self.perturbations = perturbations

    def _allow(self, onset: float) -> None:
        if onset >= self._settings.seconds:
            raise ValueError("the run is over before that")

    def _pace(self, speed: float | None) -> None:
        """Let time pass at a share of real time."""
        clock = self._rig.clock
        if isinstance(clock, Tempo):
            clock.speed = 1.0 if speed is None else speed
        self._speed, self._anchor = speed, (self._now, time.monotonic())

    def _waits(self, now: float) -> bool:
        """Tell whether the plan loop is to wait at this tick."""
        if self._speed == 0.0:
            return True
        if self._speed is None or isinstance(self._rig.clock, Tempo):
            return False
        then, begun = self._anchor
        return now - then > self._speed * (time.monotonic() - begun)


def _over(perturbation: Perturbation, time: float) -> Perturbation | None:
    """Return a perturbation that ends at a time [s], None where it has not begun by then."""
    if perturbation.last <= time:
        return perturbation
    return replace(perturbation, end=time) if perturbation.onset < time else None
