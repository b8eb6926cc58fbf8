"""Two loops over one robot: the servo keeps the time, the plan loop thinks.

At each tick boundary the servo reads the state and plays the newest schedule; the plan loop turns that state into
the next schedule. In lock-step both take turns on a virtual clock; in real time the servo has its own thread and
hands the newest state over through a mailbox. A late plan is never waited for: the previous one is played further
along, then held, faded to rest, and damped.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from controller.controller import Observation
from controller.metronome import Boundary, Mailbox, arm, drive
from controller.timing import Journal, LoopResult, LoopSettings
from hardware import embodiment
from hardware.clock import Clock
from hardware.limits import Severity
from hardware.robot import RobotError, RobotSpec
from hardware.schedule import ActionSchedule
from hardware.servo import Servo, ServoReport
from hardware.watch import Trip

_log = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0005
"""How long one thread may keep the interpreter while the other waits [s]; Python's default is 5 ms."""
REHEARSAL_MARGIN = 1.3
"""How much earlier than the longest recent rehearsal took the next one begins."""


class Finished(Exception):
    """Raised from `on_tick` to end a run before its time, as its time would."""


class Decision(Protocol):
    """What a controller returns from a tick, as far as the loops need it."""

    @property
    def schedule(self) -> ActionSchedule:
        """What the servo plays from now on."""
        ...


ResultT = TypeVar("ResultT", bound=Decision)
ResultT_co = TypeVar("ResultT_co", bound=Decision, covariant=True)


class Planning(Protocol[ResultT_co]):
    """The controller, as far as the loops need it."""

    def tick(self, observation: Observation) -> ResultT_co:
        """Decide what to do from an observation."""
        ...

    def reset(self) -> None:
        """Forget everything that was observed."""
        ...

    def rehearse(self, observation: Observation) -> None:
        """Do a tick for nothing and forget it."""
        ...


class Actor(Protocol):
    """Who plays schedules, as far as the plan loop needs it: a servo, or a servo process."""

    @property
    def spec(self) -> RobotSpec:
        """The constant facts about the robot."""
        ...

    def publish(self, schedule: ActionSchedule) -> None:
        """Make `schedule` the one that is played."""
        ...


class Boundaries(Protocol):
    """Where tick boundaries come from."""

    def take(self) -> Boundary | None:
        """Wait for a boundary that was not taken yet; None when there will be no more."""
        ...


@dataclass(frozen=True)
class LoopTick(Generic[ResultT]):
    """One tick as the plan loop saw it, for panels and logs."""

    tick: int
    time: float
    """Time since tick 0 [s]."""
    observation: Observation
    result: ResultT
    report: ServoReport | None
    """The last servo cycle before this tick; None at the first."""
    tick_ms: float
    """Time from the observation to the published plan [ms]."""
    missed: bool


OnTick = Callable[[LoopTick[ResultT]], None]


def run_lockstep(
    controller: Planning[ResultT], servo: Servo, clock: Clock, settings: LoopSettings, on_tick: OnTick[ResultT]
) -> LoopResult:
    """Run servo and plan loop in turns; on a virtual clock fast and bit-reproducible.

    Args:
        controller: decides once a tick.
        servo: a servo that is not entered yet; it is left damped and released.
        clock: the virtual clock that the robot uses too.
        settings: rhythm and length of the run.
        on_tick: called after each tick, before the servo acts on it.

    Raises:
        ValueError: the rates do not fit.
    """
    cycles_per_tick = settings.cycles_per_tick(servo.spec)
    journal = Journal(settings)
    with ending(journal), servo:
        metronome = arm(servo, clock, journal)
        loop = PlanLoop(controller, servo, clock, journal, metronome.start, on_tick)
        for cycle in range(settings.ticks * cycles_per_tick):
            metronome.sleep_until(cycle)
            boundary = metronome.observe(cycle)
            if boundary is not None:
                loop.tick(boundary)
            if metronome.act().fault is not None:
                break
    return journal.result()


def run_realtime(
    controller: Planning[ResultT], servo: Servo, clock: Clock, settings: LoopSettings, on_tick: OnTick[ResultT]
) -> LoopResult:
    """Run the servo in its own thread and the plan loop here, on the wall clock.

    Ctrl-C ends a run as its time does: the robot is damped and the result returned.

    Args:
        controller: decides once a tick; it is warmed up and reset before the robot is connected.
        servo: a servo that is not entered yet; it is left damped and released.
        clock: the wall clock that the robot uses too.
        settings: rhythm and length of the run.
        on_tick: called after each tick; its time is missing from the next one.

    Raises:
        ValueError: the rates do not fit, or there is no tick of delay for the plan to be made in.
    """
    settings.cycles_per_tick(servo.spec)
    if settings.delay_ticks < 1:
        raise ValueError("delay_ticks: real time needs at least 1 because planning takes time, got 0")
    journal = Journal(settings)
    with ending(journal), quiet_interpreter():
        warm_up(controller, servo.spec, settings)
        _run_threads(controller, servo, clock, journal, on_tick)
    result = journal.result()
    warn_when_slow(result, settings)
    return result


def _run_threads(
    controller: Planning[ResultT], servo: Servo, clock: Clock, journal: Journal, on_tick: OnTick[ResultT]
) -> None:
    """Drive the servo in a thread and the plan loop here, until either ends."""
    mailbox, stop = Mailbox(), threading.Event()
    with servo:
        metronome = arm(servo, clock, journal)
        loop = PlanLoop(controller, servo, clock, journal, metronome.start, on_tick)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="servo") as executor:
            try:
                driving = executor.submit(drive, metronome, mailbox, stop)
                loop.run(mailbox)
            finally:
                stop.set()
        driving.result()


class PlanLoop(Generic[ResultT]):
    """Turns boundaries into schedules and notes how long that took."""

    def __init__(
        self,
        controller: Planning[ResultT],
        servo: Actor,
        clock: Clock,
        journal: Journal,
        start: float,
        on_tick: OnTick[ResultT],
    ) -> None:
        self._controller, self._servo, self._clock, self._journal = controller, servo, clock, journal
        self._start, self._on_tick = start, on_tick
        self._next = 0
        self._rehearsal = 0.0

    def run(self, mailbox: Boundaries) -> None:
        """Tick until the time is up or the servo has ended."""
        ticks = self._journal.settings.ticks
        while (boundary := mailbox.take()) is not None:
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
        """Observe, decide, publish; returns what was observed."""
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
        missed = self._journal.add_tick(seconds, response=self._clock.now() - boundary.time)
        elapsed = boundary.time - self._start
        self._on_tick(LoopTick(boundary.tick, elapsed, observation, result, boundary.report, 1e3 * seconds, missed))
        return observation


def warm_up(controller: Planning[ResultT], spec: RobotSpec, settings: LoopSettings) -> None:
    """Plan a few ticks for nothing, so that first calls, caches and allocations do not fall into the run.

    The robot is not connected yet and the states are made up: a simulated robot's time starts with the run.
    """
    state, rest = np.zeros(len(spec.channels)), embodiment.rest_action(spec)
    for tick in range(settings.warmup_ticks):
        controller.tick(Observation(time=tick * settings.period, state=state, applied=rest))
    controller.reset()


@contextmanager
def ending(journal: Journal) -> Iterator[None]:
    """Note an interrupt or the robot's failure as the end of the run; anything else is a mistake and goes on up."""
    try:
        yield
    except Finished:
        return
    except KeyboardInterrupt:
        journal.interrupted = True
    except RobotError as error:
        journal.fault = journal.fault or Trip("robot", Severity.HARD, str(error))


@contextmanager
def quiet_interpreter() -> Iterator[None]:
    """Keep garbage collection out of the loops and let the threads alternate quickly; undone afterwards."""
    interval, collecting = sys.getswitchinterval(), gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        if collecting:
            gc.enable()


def warn_when_slow(result: LoopResult, settings: LoopSettings) -> None:
    """Say so when plans take longer than the delay that they are made for."""
    covered = 1e3 * settings.delay_ticks * settings.period
    if result.statistics.response_ms.p95 > covered:
        _log.warning(
            "planning took %.1f ms (p95), more than the %.1f ms that delay_ticks=%d covers",
            result.statistics.response_ms.p95,
            covered,
            settings.delay_ticks,
        )
