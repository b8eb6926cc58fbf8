"""The plan loop beside a servo process: the same ticks as in one process, and the robot left damped."""

from __future__ import annotations

import functools
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from benchmarks.servo_loop import IdealJoints
from controller.loop.deployed import SharedBoundaries, pace, run_deployed
from controller.loop.plan_loop import LoopTick
from controller.loop.timing import Journal, LoopSettings
from controller.settings.layers import ConfigError
from hardware.clock import VirtualClock
from hardware.embodiment import rest_action
from hardware.guard.checks import Trip
from hardware.guard.state_machine import Mode
from hardware.limits import Check, Severity
from hardware.robot import LinkLost, RobotFault
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.process import ServoProcess
from hardware.servo.records import Cycle
from hardware.servo.rights import RealtimeSettings
from hardware.servo.servo import Servo
from tests.controller.loops import Counter
from tests.hardware.four_legs import GO2
from tests.hardware.servo.test_process import SPEC, make, written

pytestmark = pytest.mark.alone

PLAIN = RealtimeSettings(fifo=False, lock_memory=False)
SETTINGS = LoopSettings(rate_hz=25.0, seconds=1.6, delay_ticks=1, warmup_ticks=2)


def test_a_run_ticks_on_the_grid_and_learns_what_was_played(tmp_path: Path) -> None:
    controller = Counter(period=0.04)
    ticks: list[LoopTick] = []
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    result = run_deployed(controller, servo, SETTINGS, ticks.append)
    assert result.fault is None
    assert result.ticks > 30
    assert controller.resets == [2]
    start = controller.seen[0].time - ticks[0].time
    assert [seen.time for seen in controller.seen] == pytest.approx([start + 0.04 * tick.tick for tick in ticks])
    learnt = [seen for seen in controller.seen if seen.applied is not None]
    assert len(learnt) > 10
    assert {float(seen.applied[0]) for seen in learnt if seen.applied is not None} <= {0.0, *range(20, 80)}
    assert result.cycles[Rung.PLAN] > 200
    assert written(tmp_path / "diary")["driven"] is False
    assert not servo.alive


def test_a_robot_that_is_stuck_is_stopped_as_at_the_end_of_its_time(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    result = run_deployed(Counter(period=0.04), servo, replace(SETTINGS, stuck=0.4), lambda tick: None)
    assert result.fault is not None
    assert str(result.fault).startswith("progress: the robot came 0.00 m along its path in 0.4 s")
    assert result.ticks < 20
    assert written(tmp_path / "diary")["driven"] is False
    assert not servo.alive


def test_a_servo_process_that_is_killed_ends_the_run_with_a_fault(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)

    def kill(tick: LoopTick) -> None:
        if tick.tick == 5:
            assert servo.pid is not None
            os.kill(servo.pid, signal.SIGKILL)

    result = run_deployed(Counter(period=0.04), servo, SETTINGS, kill)
    assert result.fault is not None
    assert "servo process" in str(result.fault)


def test_without_time_to_plan_it_does_not_begin(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    with pytest.raises(ValueError, match="more than 0 because planning takes time"):
        run_deployed(Counter(), servo, LoopSettings(25.0, 1.0, delay_ticks=0), lambda tick: None)
    servo.close()


@pytest.mark.parametrize(
    "ticks, verdict",
    [([0.5] * 10 + [0.01] * 10, "ok"), ([0.01] * 18 + [0.06] * 2, "warn"), ([0.01] * 12 + [0.06] * 8, "refused")],
)
def test_plans_are_in_time_where_half_of_them_are_once_they_are_warm(ticks: list[float], verdict: str) -> None:
    found = pace(GO2, SETTINGS, ticks)
    assert found.verdict == verdict
    assert found.wanted.startswith("at most 40 ms, a tick at 25 Hz")
    assert ("a lower --rate" in found.wanted) == (verdict != "ok")


def test_what_was_not_measured_speaks_against_nothing_and_a_file_may_ask_for_less() -> None:
    assert not pace(GO2, SETTINGS, []).refused
    patient = replace(GO2, arming=replace(GO2.arming, plans=Check(Severity.HARD, 2.0)))
    assert pace(patient, SETTINGS, [0.06]).verdict == "ok"
    assert pace(replace(GO2, arming=replace(GO2.arming, plans=Check())), SETTINGS, [9.0]).verdict == "ok"


def test_a_robot_is_not_touched_where_plans_take_longer_than_a_tick(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    slow = Counter(period=0.04, hook=lambda tick: time.sleep(0.05))
    with pytest.raises(
        ConfigError, match=r"the robot was not touched: plans: half of them took .* ms or more, .* Hz; a "
    ):
        run_deployed(slow, servo, SETTINGS, lambda tick: None)
    assert servo.pid is None
    servo.close()


class Beating(VirtualClock):
    """A servo process on a virtual clock: its cycles pass while somebody sleeps; a Go2 with ideal joints, running."""

    lease = 0.25

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.alive, self.heard = self, True, list[Cycle]()
        self.servo = Servo(IdealJoints(self))
        self.spec, self._beat = self.servo.spec, 1
        self.servo.arm()
        while self.servo.guard.mode is not Mode.RUN:
            self.publish()
            self.sleep_until(self.now() + 0.04)

    def sleep_until(self, deadline: float) -> None:
        while self.alive and self._beat / self.spec.servo_hz <= deadline:
            super().sleep_until(self._beat / self.spec.servo_hz)
            self._beat += 1
            state = self.servo.observe()
            self.heard.append(Cycle(self.now(), 0.0, state, self.servo.act(self.now())))
        super().sleep_until(deadline)

    def publish(self) -> None:
        actions = np.tile(rest_action(self.spec), (12, 1))
        self.servo.publish(ActionSchedule(self.now(), 0.04, actions, self.now() + self.lease))

    def cycles(self) -> list[Cycle]:
        if not self.heard:
            self.sleep_until(self.now() + 1.0 / self.spec.servo_hz)  # who asks again has waited
        heard, self.heard = self.heard, []
        return heard


def boundaries(servo: Beating) -> tuple[SharedBoundaries, Journal]:
    """Take five boundaries, with a plan after each."""
    journal = Journal(SETTINGS)
    servo.cycles()
    shared = SharedBoundaries(cast(ServoProcess, servo), journal, servo.now())
    for tick in range(5):
        boundary = shared.take()
        assert boundary is not None
        assert boundary.tick == tick
        assert (boundary.applied is None) == (tick < 1)
        servo.publish()
    return shared, journal


def test_a_plan_that_takes_longer_than_the_robot_waits_ends_the_run() -> None:
    servo = Beating()
    shared, journal = boundaries(servo)
    servo.sleep_until(servo.now() + 0.2)  # late, but not too late
    assert shared.take() is not None
    servo.publish()
    servo.sleep_until(servo.now() + 0.5)
    with pytest.raises(RobotFault, match=r"robot go2: plans came too late, it went from run to damp"):
        shared.take()
    assert journal.fault is None


def test_a_fault_is_told_as_what_it_is_and_not_as_a_late_plan() -> None:
    servo = Beating()
    shared, journal = boundaries(servo)
    servo.servo.guard._machine.latch(Trip("tilt", Severity.HARD, "on its side"))
    servo.sleep_until(servo.now() + 0.1)
    assert shared.take() is None
    assert str(journal.fault) == "tilt: on its side"


def test_a_servo_process_that_falls_silent_is_gone() -> None:
    servo = Beating()
    shared, _ = boundaries(servo)
    servo.alive = False
    with pytest.raises(LinkLost, match="tells nothing any more"):
        shared.take()
