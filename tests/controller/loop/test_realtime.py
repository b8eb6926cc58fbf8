"""Both loops: the same plan plays the same way, and every end leaves the robot damped and released."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from controller.loop.advance import GivenUp
from controller.loop.plan_loop import LoopTick
from controller.loop.realtime import Finished
from hardware.guard.state_machine import Mode
from hardware.robot import RobotState
from hardware.schedule import Rung
from hardware.servo.servo import Servo
from planners.pace import LEAST
from tests.controller.loops import MODES, Counter, Run
from tests.hardware.loopback import Stage

pytestmark = pytest.mark.alone


def raising(error: BaseException, at: int = 2) -> Callable[[int], None]:
    def hook(tick: int) -> None:
        if tick == at:
            raise error

    return hook


def test_lockstep_observes_on_the_grid_and_plays_each_plan_one_tick_later() -> None:
    run = Run(Counter())
    result = run()
    assert [seen.time for seen in run.controller.seen] == pytest.approx([0.05 * tick for tick in range(6)])
    assert run.applied == [None, 0.0, 20.0, 21.0, 22.0, 23.0]
    speeds = [float(command.velocity[0]) for _, command in run.robot.written]
    assert speeds == [speed for speed in (0.0, 20.0, 21.0, 22.0, 23.0, 24.0) for _ in range(5)]
    assert (result.ticks, result.interrupted, result.fault) == (6, False, None)
    assert result.misses == 0
    assert result.cycles == {Rung.PLAN: 30}


def test_lockstep_without_delay_plays_a_plan_in_its_own_tick() -> None:
    run = Run(Counter(delay=0))
    run()
    assert run.applied == [None, 20.0, 21.0, 22.0, 23.0, 24.0]


def test_lockstep_repeats_exactly() -> None:
    runs = [Run(Counter(), rate=50.0), Run(Counter(), rate=50.0)]
    for run in runs:
        run()
    first, second = ([(at, *command.velocity, command.expires) for at, command in run.robot.written] for run in runs)
    assert first == second
    states = [np.array([seen.state for seen in run.controller.seen]) for run in runs]
    assert np.array_equal(states[0], states[1])


def test_ticks_are_told_in_order_with_times_since_the_first() -> None:
    run = Run(Counter())
    run()
    assert [tick.tick for tick in run.ticks] == list(range(6))
    assert [tick.time for tick in run.ticks] == pytest.approx([0.05 * tick for tick in range(6)])
    assert run.ticks[0].report is None
    assert all(tick.report is not None and tick.report.rung is Rung.PLAN for tick in run.ticks[1:])
    assert [tick.observation for tick in run.ticks] == run.controller.seen


@pytest.mark.parametrize("thinking", [0.0, 0.02])
def test_real_time_plays_what_lockstep_plays_however_long_planning_takes(thinking: float) -> None:
    """A busy machine may leave ticks out or spoil them; what was played on time must be the plan of the tick before."""
    run = Run(Counter(hook=lambda tick: time.sleep(thinking)), mode="real time", seconds=0.6, warmup=2)
    result = run()
    assert run.safe
    assert result.fault is None
    assert result.ticks + result.misses >= 12
    numbers = {tick.tick: index for index, tick in enumerate(run.ticks)}
    clean = [tick for tick in run.ticks if tick.observation.applied is not None and tick.tick >= 2]
    assert clean
    for tick in clean:
        assert tick.observation.applied is not None
        if tick.tick - 2 in numbers:
            assert tick.observation.applied[0] == 20.0 + numbers[tick.tick - 2]


def test_real_time_ticks_lie_on_the_grid_of_absolute_deadlines() -> None:
    run = Run(Counter(), mode="real time")
    run()
    start = run.controller.seen[0].time - run.ticks[0].time
    due = [start + 0.05 * tick.tick for tick in run.ticks]
    assert [seen.time for seen in run.controller.seen] == pytest.approx(due, abs=1e-9)
    assert [tick.time for tick in run.ticks] == pytest.approx([0.05 * tick.tick for tick in run.ticks], abs=1e-9)


def test_overrun_plays_the_same_plan_further_along_and_counts_the_miss() -> None:
    def hook(tick: int) -> None:
        if tick == 2:
            time.sleep(0.17)

    run = Run(Counter(hook=hook), mode="real time", seconds=0.6)
    result = run()
    assert result.misses >= 3
    assert result.late_plans > 0
    after = next(tick for tick in run.ticks if tick.tick > run.ticks[2].tick)
    assert after.tick - run.ticks[2].tick >= 3
    assert run.ticks[2].missed
    assert after.observation.applied is None


def test_planner_that_stops_answering_lets_the_robot_fade_and_damp() -> None:
    def hook(tick: int) -> None:
        if tick == 2:
            time.sleep(0.4)
            assert not run.robot.driven

    run = Run(Counter(hook=hook, knots=1, grace=0.1), mode="real time", seconds=0.3)
    result = run()
    assert set(result.cycles) >= {Rung.PLAN, Rung.DAMP}
    assert {Rung.HOLD, Rung.FADE} & set(result.cycles)
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
def test_fall_ends_the_run_as_a_result(mode: str) -> None:
    run = Run(Counter(), mode=mode, seconds=5.0)

    def fall(tick: LoopTick) -> None:
        run.robot.tilt = 2.0 if tick.tick >= 2 else 0.0

    run.on_tick = fall
    result = run()
    assert result.fell
    assert result.fault is not None
    assert result.fault.check == "tilt"
    assert 3 <= result.ticks < 100
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("failure, message", [("lost", "loopback: no state"), ("refuses", "too hot")])
def test_robot_that_fails_ends_the_run_with_its_fault(mode: str, failure: str, message: str) -> None:
    run = Run(Counter(), mode=mode, seconds=5.0)
    run.on_tick = lambda tick: setattr(run.robot, failure, tick.tick >= 2)
    result = run()
    assert result.fault is not None
    assert result.fault.check == "robot"
    assert message in str(result.fault)
    assert not result.fell
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
def test_robot_that_does_not_answer_is_a_fault_before_the_first_tick(mode: str) -> None:
    run = Run(Counter(), mode=mode)
    run.robot.lost = True
    result = run()
    assert result.ticks == 0
    assert result.fault is not None
    assert "nobody answers" in str(result.fault)


@pytest.mark.parametrize("mode", MODES)
def test_mistake_in_the_controller_goes_up_and_leaves_the_robot_damped(mode: str) -> None:
    run = Run(Counter(hook=raising(ZeroDivisionError("bug"))), mode=mode)
    with pytest.raises(ZeroDivisionError, match="bug"):
        run()
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
def test_mistake_in_a_driver_goes_up_and_leaves_the_robot_damped(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(Counter(), mode=mode, seconds=5.0)
    read = run.robot.read

    def broken() -> RobotState:
        if len(run.controller.seen) > 2:
            raise IndexError("driver bug")
        return read()

    monkeypatch.setattr(run.robot, "read", broken)
    with pytest.raises(IndexError, match="driver bug"):
        run()
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
def test_interrupt_is_an_ordinary_end(mode: str) -> None:
    run = Run(Counter(hook=raising(KeyboardInterrupt())), mode=mode, seconds=5.0)
    result = run()
    assert (result.interrupted, result.ticks, result.fault) == (True, 2, None)
    assert run.safe


def test_interrupt_reaches_a_plan_loop_that_is_waiting() -> None:
    killer = threading.Timer(0.02, lambda: os.kill(os.getpid(), signal.SIGINT))
    run = Run(Counter(hook=lambda tick: killer.start() if tick == 2 else None), mode="real time", seconds=10.0)
    result = run()
    killer.join()
    assert result.interrupted
    assert result.ticks < 150
    assert run.safe


def test_interrupt_while_warming_up_is_an_ordinary_end() -> None:
    run = Run(Counter(hook=raising(KeyboardInterrupt(), at=1)), mode="real time", warmup=3)
    result = run()
    assert (result.interrupted, result.ticks) == (True, 0)
    assert run.robot.calls == []


def test_warm_up_ends_before_the_robot_is_connected_and_leaves_no_trace() -> None:
    stages: list[Stage] = []
    run = Run(Counter(hook=lambda tick: stages.append(run.robot.stage)), mode="real time", warmup=4)
    result = run()
    assert run.controller.resets == [4]
    assert stages[:4] == [Stage.CLOSED] * 4
    assert set(stages[4:]) == {Stage.ACTIVE}
    assert result.ticks == len(run.ticks) == len(run.controller.seen)
    assert run.applied[0] is None


def test_real_time_rehearses_where_there_is_time_and_lockstep_never() -> None:
    patient, busy, lockstep = (
        Run(Counter(), "real time"),
        Run(Counter(hook=lambda tick: time.sleep(0.06)), "real time"),
        Run(Counter()),
    )
    for run in (patient, busy, lockstep):
        run()
    assert patient.controller.rehearsals > 0
    assert busy.controller.rehearsals == 0
    assert lockstep.controller.rehearsals == 0


def test_lockstep_does_not_warm_up() -> None:
    run = Run(Counter(), warmup=4)
    run()
    assert run.controller.resets == []


@pytest.mark.parametrize("error", [None, ZeroDivisionError("bug"), KeyboardInterrupt()])
def test_interpreter_settings_are_changed_for_the_run_and_restored(error: BaseException | None) -> None:
    during: list[tuple[bool, float]] = []

    def hook(tick: int) -> None:
        during.append((gc.isenabled(), sys.getswitchinterval()))
        if error is not None and tick == 1:
            raise error

    before = (gc.isenabled(), sys.getswitchinterval(), gc.get_freeze_count())
    run = Run(Counter(hook=hook), mode="real time", seconds=0.1)
    if isinstance(error, ZeroDivisionError):
        with pytest.raises(ZeroDivisionError):
            run()
    else:
        run()
    assert (gc.isenabled(), sys.getswitchinterval(), gc.get_freeze_count()) == before
    assert during[0][0] is False
    assert during[0][1] < before[1]


def test_planning_that_takes_longer_than_the_delay_is_said(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(Counter(hook=lambda tick: time.sleep(0.06)), mode="real time")
    with caplog.at_level(logging.WARNING):
        run()
    assert "more than the 50.0 ms that delay_ticks=1 covers" in caplog.text


@pytest.mark.parametrize("size", [LEAST, 0.5])
def test_searches_without_time_for_more_than_the_least_are_said(size: float, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Run(Counter(size=size), mode="real time")()
    assert ("searches had time for no more than the least of them, 0.25 of their" in caplog.text) == (size == LEAST)


def test_real_time_needs_some_delay() -> None:
    run = Run(Counter(delay=0), mode="real time")
    with pytest.raises(ValueError, match="needs more than 0"):
        run()
    assert run.robot.calls == []


@pytest.mark.parametrize("mode", MODES)
def test_rate_that_does_not_divide_the_servo_rate_is_refused_before_the_robot_is_touched(mode: str) -> None:
    run = Run(Counter(), mode=mode, rate=30.0)
    with pytest.raises(ValueError, match="rate_hz: expected a whole part of the servo rate"):
        run()
    assert run.robot.calls == []


@pytest.mark.parametrize("mode", MODES)
def test_whoever_looks_on_can_end_a_run(mode: str) -> None:
    def finish(tick: LoopTick) -> None:
        if tick.tick >= 3:
            raise Finished

    run = Run(Counter(), mode=mode, seconds=5.0, on_tick=finish)
    result = run()
    assert run.ticks[-1].tick >= 3
    assert result.ticks < 90
    assert (result.interrupted, result.fault) == (False, None)
    assert run.safe


@pytest.mark.parametrize("mode", MODES)
def test_one_that_will_fall_is_asked_to_sit_down_before_the_run_ends(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Mode] = []

    def request(servo: Servo, target: Mode) -> None:
        asked.append(target)
        servo.guard.request(target)

    monkeypatch.setattr(Servo, "request", request)

    def give_up(tick: LoopTick) -> None:
        if tick.tick == 3:
            raise GivenUp("diagnosis", "its hip is dead", falling=True)

    run = Run(Counter(), mode=mode, seconds=2.0, on_tick=give_up)
    result = run()
    assert asked == [Mode.SIT_DOWN]
    assert (str(result.fault), result.ticks) == ("diagnosis: its hip is dead", 4)
    assert run.safe
