"""The plan loop beside a servo process: the same ticks as in one process, and the robot left damped."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path

import pytest

from controller.deployed import run_deployed
from controller.realtime import LoopTick
from controller.timing import LoopSettings
from hardware.realtime import RealtimeSettings
from hardware.schedule import Rung
from hardware.servo_process import ServoProcess
from tests.controller.loops import Counter, Result
from tests.hardware.test_servo_process import SPEC, make, written

PLAIN = RealtimeSettings(fifo=False, lock_memory=False)
SETTINGS = LoopSettings(rate_hz=25.0, seconds=1.6, delay_ticks=1, warmup_ticks=2)


def test_a_run_ticks_on_the_grid_and_learns_what_was_played(tmp_path: Path) -> None:
    controller = Counter(period=0.04)
    ticks: list[LoopTick[Result]] = []
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
    assert result.statistics.cycles[Rung.PLAN] > 200
    assert written(tmp_path / "diary")["driven"] is False
    assert not servo.alive


def test_a_servo_process_that_is_killed_ends_the_run_with_a_fault(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)

    def kill(tick: LoopTick[Result]) -> None:
        if tick.tick == 5:
            assert servo.pid is not None
            os.kill(servo.pid, signal.SIGKILL)

    result = run_deployed(Counter(period=0.04), servo, SETTINGS, kill)
    assert result.fault is not None
    assert "servo process" in str(result.fault)


def test_without_time_to_plan_it_does_not_begin(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    with pytest.raises(ValueError, match="at least 1 because planning takes time"):
        run_deployed(Counter(), servo, LoopSettings(25.0, 1.0, delay_ticks=0), lambda tick: None)
    servo.close()
