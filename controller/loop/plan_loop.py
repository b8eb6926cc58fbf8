"""The plan loop: at every tick boundary from an observation to the schedule that is played next, and its timing.

The servo that plays schedules is in this process or in one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from controller.loop.advance import Advance
from controller.loop.servo_cycles import Boundary
from controller.loop.timing import Journal
from controller.tick import Observation, TickResult
from hardware import embodiment
from hardware.clock import Beat
from hardware.servo.process import ServoProcess
from hardware.servo.servo import Servo, ServoReport
from planners.pace import LEAST

REHEARSAL_MARGIN = 1.3
"""How much earlier than the longest recent rehearsal took the next one begins."""


class Planning(Protocol):
    """The controller, as far as the loops need it."""

    def tick(self, observation: Observation) -> TickResult:
        """Decide what to do from an observation."""

    def reset(self) -> None:
        """Forget everything that was observed."""

    def rehearse(self, observation: Observation) -> None:
        """Do a tick for nothing and forget it."""


@dataclass(frozen=True)
class LoopTick:
    """One tick as the plan loop saw it, for panels and logs."""

    tick: int
    time: float
    """Time since tick 0 [s]."""
    observation: Observation
    result: TickResult
    report: ServoReport | None
    """The last servo cycle before this tick; None at the first."""
    tick_ms: float
    """Time from the observation to the published plan [ms]."""
    missed: bool
    boundary: Boundary | None = None
    """What the servo handed over."""


OnTick = Callable[[LoopTick], None]


class PlanLoop:
    """Turns boundaries into schedules and notes how long that took."""

    def __init__(
        self, controller: Planning, servo: Servo | ServoProcess, journal: Journal, beat: Beat, on_tick: OnTick
    ) -> None:
        self._controller, self._servo, self._journal, self._on_tick = controller, servo, journal, on_tick
        self._clock, self._start = beat.clock, beat.start
        self._advance = Advance(journal.settings.stuck, servo.spec.course)
        self._next = 0
        self._rehearsal = 0.0

    def run(self, take: Callable[[], Boundary | None]) -> None:
        """Tick until the time is up or there are no more boundaries to wait for."""
        ticks = self._journal.settings.ticks
        while (boundary := take()) is not None:
            if boundary.tick >= ticks:
                self._journal.misses += ticks - self._next
                return
            self._rehearse(boundary, self.tick(boundary))

    def _rehearse(self, boundary: Boundary, observation: Observation) -> None:
        """Keep the caches warm: end a tick for nothing just before the next one is due, where there is time for it."""
        begin = boundary.time + self._journal.settings.period - REHEARSAL_MARGIN * self._rehearsal
        if self._clock.now() > begin:
            self._rehearsal *= 0.9  # one slow rehearsal must not end them for good
            return
        self._clock.sleep_until(begin)
        begun = time.perf_counter()
        self._controller.rehearse(observation)
        self._rehearsal = max(0.9 * self._rehearsal, time.perf_counter() - begun)

    def tick(self, boundary: Boundary) -> Observation:
        """Observe, decide, publish; returns what was observed. Raises GivenUp where the robot does not get on."""
        begun = time.perf_counter()
        skipped, self._next = boundary.tick - self._next, boundary.tick + 1
        observation = Observation(
            time=boundary.time,
            state=embodiment.observe(self._servo.spec, boundary.state),
            applied=None if skipped else boundary.applied,
        )
        result = self._controller.tick(observation)
        self._servo.publish(result.schedule)
        seconds = time.perf_counter() - begun
        self._journal.misses += skipped
        self._journal.smallest += result.plan.size <= LEAST
        missed = self._journal.add_tick(seconds, response=self._clock.now() - boundary.time)
        elapsed = boundary.time - self._start
        told = (observation, result, boundary.report, 1e3 * seconds, missed, boundary)
        self._on_tick(LoopTick(boundary.tick, elapsed, *told))
        self._advance.look(elapsed, result.progress)
        return observation
