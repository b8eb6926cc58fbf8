"""The servo process: it obeys orders, and leaves the robot damped however it or its parent ends.

The robot is the loopback one in another process; a file says what it was made to do last.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hardware.clock import Clock
from hardware.guard.state_machine import Mode
from hardware.processes import sheltered
from hardware.robot import LinkLost
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.process import ServoProcess
from hardware.servo.records import Cycle
from hardware.servo.rights import RealtimeSettings
from tests.hardware.loopback import LoopbackRobot, make_spec

pytestmark = pytest.mark.alone

SPEC = make_spec(servo_hz=250.0, slew=20000.0)
PLAIN = RealtimeSettings(fifo=False, lock_memory=False)


class Witness(LoopbackRobot):
    """Writes its last calls down where another process can read them; does as a file says."""

    diary: Path

    def close(self) -> None:
        super().close()
        moving = [time for time, _ in self.written]
        self.diary.write_text(json.dumps({"calls": self.calls[-3:], "driven": self.driven, "writes": len(moving)}))

    def damp(self) -> None:
        super().damp()
        if (self.diary.parent / "explode").exists():
            raise RuntimeError("a defect")


def make(diary: Path, clock: Clock, lost: bool = False) -> Witness:
    robot = Witness(clock, SPEC, lost=lost)
    robot.diary = diary
    return robot


def schedule(servo: ServoProcess, speed: float = 30.0, seconds: float = 10.0) -> ActionSchedule:
    now = servo.clock.now()
    return ActionSchedule(now, 0.05, np.full((20, 2), speed), now + seconds)


def until(servo: ServoProcess, what: Callable[[Cycle], bool], seconds: float = 10.0) -> Cycle:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cycle = servo.newest()
        if cycle is not None and what(cycle):
            return cycle
        time.sleep(0.002)
    pytest.fail(f"not within {seconds} s: {servo.newest()}, {servo.events()}")


def plans(cycle: Cycle) -> bool:
    return cycle.report.rung is Rung.PLAN


def damped(cycle: Cycle) -> bool:
    return cycle.report.rung is Rung.DAMP


def after(moment: float) -> Callable[[Cycle], bool]:
    return lambda cycle: cycle.time > moment


def written(diary: Path, seconds: float = 10.0) -> dict[str, object]:
    end = time.monotonic() + seconds
    while not diary.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return dict(json.loads(diary.read_text()))


def test_orders_are_obeyed_and_every_cycle_is_told(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with ServoProcess(SPEC, functools.partial(make, diary), PLAIN, lease=0.1) as servo:
        assert until(servo, lambda _: True).report.mode is Mode.PASSIVE
        servo.request(Mode.RUN)
        servo.publish(schedule(servo))
        cycle = until(servo, plans)
        assert cycle.report.action is not None
        assert cycle.report.action.tolist() == [30.0, 30.0]
        until(servo, damped)  # nothing was published for longer than the lease
        servo.publish(schedule(servo, 40.0))
        until(servo, plans)
        servo._rings.orders.append(b"rubbish!" * 8)
        until(servo, damped)
        servo.request(Mode.ESTOP)
        until(servo, lambda cycle: cycle.report.mode is Mode.ESTOP)
        servo.reset()
        until(servo, lambda cycle: cycle.report.mode is Mode.DAMP)
        servo.request(Mode.RUN)
        until(servo, lambda cycle: cycle.report.mode is Mode.RUN)
        bad = schedule(servo)
        bad.actions[3] = np.nan  # sent in the same instant, and it must not take the stop along
        servo.request(Mode.ESTOP)
        servo.publish(bad)
        servo.request(Mode.STAND)
        until(servo, lambda cycle: cycle.report.mode is Mode.ESTOP)
        told = servo.cycles()
        assert len(told) > 50
        assert [cycle.time for cycle in told] == sorted(cycle.time for cycle in told)
        servo.stop()
        events = {str(event["kind"]): event["what"] for event in servo.events()}
    assert {"connected", "right", "request", "mode", "refused", "statistics", "left"} <= set(events)
    assert events["left"] == "asked to"
    assert not servo.alive
    assert written(diary) | {"writes": 0} == {"calls": ["damp", "deactivate", "close"], "driven": False, "writes": 0}


def test_a_robot_that_does_not_answer_is_an_error_at_once(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary", lost=True), PLAIN)
    with pytest.raises(LinkLost, match="loopback: nobody answers"):
        servo.__enter__()
    assert not servo.alive


def test_a_defect_damps_and_ends_it(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with ServoProcess(SPEC, functools.partial(make, diary), PLAIN, lease=0.1) as servo:
        servo.request(Mode.RUN)
        servo.publish(schedule(servo))
        until(servo, plans)
        (tmp_path / "explode").touch()
        end = time.monotonic() + 10.0
        while servo.alive and time.monotonic() < end:
            time.sleep(0.01)
        assert any(event["kind"] == "crash" and "a defect" in str(event["what"]) for event in servo.events())
    assert written(diary)["driven"] is False


def test_signals_of_the_terminal_end_neither_servo_nor_robot(tmp_path: Path) -> None:
    with ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN) as servo:
        servo.request(Mode.RUN)
        servo.publish(schedule(servo))
        until(servo, plans)
        assert servo.pid is not None
        assert os.getsid(servo.pid) == servo.pid
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGUSR1):
            os.kill(servo.pid, number)
            servo.publish(schedule(servo))
            assert plans(until(servo, after(servo.clock.now() + 0.05)))


def test_who_is_asked_to_end_before_it_is_ready_ends_in_order(tmp_path: Path) -> None:
    servo = ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)
    with sheltered():
        servo._process.start()
    assert servo.pid is not None
    os.kill(servo.pid, signal.SIGTERM)  # as by who ends a whole group of processes
    servo._process.join(20.0)
    assert servo._process.exitcode == 0
    servo.close()
    assert servo.events()[-1]["what"] == "asked to"


def test_what_the_system_refuses_is_said_before_the_robot_moves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = RealtimeSettings(fifo=False, cpu=4000, lock_memory=False)
    with ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), nowhere):
        (line,) = caplog.messages
    assert line == "processor not obtained: Invalid argument; name a processor that this process may use"


def plan_for_ever(diary: Path, note: Path) -> None:
    """Be a plan process that drives the robot until it is killed; tells the pid of its servo process."""
    os.setsid()
    with ServoProcess(SPEC, functools.partial(make, diary), PLAIN) as servo:
        servo.request(Mode.RUN)
        while True:
            servo.publish(schedule(servo))
            if plans(until(servo, lambda _: True)) and not note.exists():
                (note.parent / "writing").write_text(" ".join([str(servo.pid), *servo.rings]))
                (note.parent / "writing").rename(note)
            time.sleep(0.02)


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["alone", "group"])
def test_when_the_plan_process_is_killed_the_robot_is_left_damped(
    tmp_path: Path, kill: Callable[[int, int], None]
) -> None:
    diary, note = tmp_path / "diary", tmp_path / "pid"
    plan = multiprocessing.get_context("spawn").Process(target=plan_for_ever, args=(diary, note))
    plan.start()
    end = time.monotonic() + 20.0
    while not note.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert plan.pid is not None
    kill(plan.pid, signal.SIGKILL)
    plan.join()
    assert written(diary)["driven"] is False
    pid, *rings = note.read_text().split()
    left = [Path("/proc", pid), *(Path("/dev/shm", name) for name in rings)]
    while any(path.exists() for path in left) and time.monotonic() < end:
        time.sleep(0.01)
    assert not [path for path in left if path.exists()]
