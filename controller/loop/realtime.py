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

import numpy as np

from controller.jobs.interrupts import interruptible
from controller.loop.advance import GivenUp
from controller.loop.plan_loop import OnTick, PlanLoop, Planning
from controller.loop.servo_cycles import LONGEST_SINKING, Mailbox, arm, drive
from controller.loop.timing import Journal, LoopResult, LoopSettings, percentiles
from controller.tick import Observation
from hardware import embodiment
from hardware.clock import Clock
from hardware.guard.checks import Trip
from hardware.guard.state_machine import UPRIGHT, Mode
from hardware.limits import Severity
from hardware.robot import RobotError
from hardware.servo.process import ServoProcess
from hardware.servo.servo import Servo
from hardware.spec import RobotSpec
from planners.pace import LEAST

_log = logging.getLogger(__name__)

SWITCH_INTERVAL = 0.0005
"""How long one thread may keep the interpreter while the other waits [s]; Python's default is 5 ms."""
_FEW = 0.05
"""Share of ticks whose searches may be the smallest without a word about it."""
CURE = "a lower --rate, a shorter control.horizon, another --planner or a faster machine would do"


class Finished(Exception):
    """Raised from `on_tick` to end a run before its time, as its time would."""


def run_lockstep(
    controller: Planning, servo: Servo, clock: Clock, settings: LoopSettings, on_tick: OnTick
) -> LoopResult:
    """Run servo and plan loop in turns; on a virtual clock, which the robot uses too, fast and bit-reproducible.

    The servo is not entered yet, and left damped and released. `on_tick` is told each tick before the servo acts on it.
    Raises ValueError where the rates do not fit.
    """
    cycles, journal = settings.ticks * settings.cycles_per_tick(servo.spec), Journal(settings)
    with ending(journal), servo:
        metronome = arm(servo, clock, journal)
        loop = PlanLoop(controller, servo, journal, metronome.beat, on_tick)
        with interruptible():
            try:
                for cycle in range(cycles):
                    metronome.beat.sleep_until(cycle)
                    boundary = metronome.observe(cycle)
                    if boundary is not None:
                        loop.tick(boundary)
                    if metronome.act().fault is not None:
                        break
            except GivenUp as given_up:
                if given_up.falling:
                    metronome.sink()
                raise
    return journal.result()


def run_realtime(
    controller: Planning, servo: Servo, clock: Clock, settings: LoopSettings, on_tick: OnTick
) -> LoopResult:
    """Run the servo in its own thread and the plan loop here, on the wall clock; as `run_lockstep` otherwise.

    Ctrl-C ends a run as its time does: the robot is damped and the result returned.
    """
    journal, mailbox, stop = Journal(settings), Mailbox(), threading.Event()

    def both() -> None:
        with servo:
            metronome = arm(servo, clock, journal)
            loop = PlanLoop(controller, servo, journal, metronome.beat, on_tick)
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="servo") as executor:
                try:
                    driving = executor.submit(drive, metronome, mailbox, stop)
                    with interruptible(), sinking(servo):
                        loop.run(mailbox.take)
                finally:
                    stop.set()
            driving.result()

    return in_real_time(controller, servo.spec, journal, both)


def in_real_time(controller: Planning, spec: RobotSpec, journal: Journal, run: Callable[[], None]) -> LoopResult:
    """Check, warm up, run on the wall clock, say where plans came too late. Raises ValueError for unfit settings."""
    settings = journal.settings
    settings.cycles_per_tick(spec)
    if settings.delay_ticks <= 0:
        raise ValueError("delay_ticks: real time needs more than 0 because planning takes time, got 0")
    with ending(journal), quiet_interpreter():
        journal.warm_up = warm_up(controller, spec, settings)
        run()
    p95, covered = percentiles(journal.response_ms).p95, 1e3 * settings.delay_ticks * settings.period
    if p95 > covered:
        told = "planning took %.1f ms (p95), more than the %.1f ms that delay_ticks=%g covers"
        _log.warning(told, p95, covered, settings.delay_ticks)
    if journal.smallest > _FEW * len(journal.tick_ms):
        told = "%d of %d searches had time for no more than the least of them, %g of their candidates; %s"
        _log.warning(told, journal.smallest, len(journal.tick_ms), LEAST, CURE)
    return journal.result()


def warm_up(controller: Planning, spec: RobotSpec, settings: LoopSettings) -> list[float]:
    """Plan a few ticks for nothing, so that first calls, caches and allocations do not fall into the run.

    Returns how long each took [s].

    The robot is not connected yet and the states are made up: a simulated robot's time starts with the run.
    """
    state, rest, ends = np.zeros(len(spec.channels)), embodiment.rest_action(spec), [time.perf_counter()]
    with interruptible():
        for tick in range(settings.warmup_ticks):
            controller.tick(Observation(time=tick * settings.period, state=state, applied=rest))
            ends.append(time.perf_counter())
    controller.reset()
    return np.diff(ends).tolist()


@contextmanager
def sinking(servo: Servo | ServoProcess) -> Iterator[None]:
    """Let a robot that is given up because it will fall sit down at once, while somebody else runs its cycles."""
    try:
        yield
    except GivenUp as given_up:
        if given_up.falling:
            servo.request(Mode.SIT_DOWN)
            end = time.monotonic() + LONGEST_SINKING
            while time.monotonic() < end and servo.mode in UPRIGHT:
                time.sleep(1.0 / servo.spec.servo_hz)
        raise


@contextmanager
def ending(journal: Journal) -> Iterator[None]:
    """Note an interrupt, a robot that is given up or fails as the end; all else is a mistake and goes on up."""
    try:
        yield
    except Finished:
        return
    except KeyboardInterrupt:
        journal.interrupted = True
    except GivenUp as given_up:
        journal.fault = journal.fault or Trip(given_up.check, Severity.SOFT, str(given_up))
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
