"""The log of a servo process: complete, readable after a crash, and never in the way of control."""

from __future__ import annotations

import functools
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from controller.runs.export import columns
from hardware.guard.state_machine import Mode
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.process import ServoProcess
from hardware.servo.rights import RealtimeSettings
from hardware.servo_log.reader import LogError, read_log
from hardware.servo_log.writer import LogWriter
from tests.hardware.servo.test_process import SPEC, make, plans, until

pytestmark = pytest.mark.alone

PLAIN = RealtimeSettings(fifo=False, lock_memory=False)


def driven(tmp_path: Path) -> ServoProcess:
    return ServoProcess(SPEC, functools.partial(make, tmp_path / "diary"), PLAIN)


def drive(servo: ServoProcess, seconds: float) -> None:
    servo.request(Mode.RUN)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = servo.clock.now()
        servo.publish(ActionSchedule(now, 0.05, np.full((20, 2), 30.0), now + 2.0))
        time.sleep(0.05)


def test_a_log_holds_every_cycle_plan_event_and_note(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    with driven(tmp_path) as servo, LogWriter(path, SPEC, servo.rings, servo.clock.origin) as log:
        log.note({"model_error": 0.25})
        assert log.pid is not None
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):  # not meant for it
            os.kill(log.pid, number)
        drive(servo, 0.5)
        servo._rings.orders.append(b"rubbish!" * 8)
        time.sleep(0.1)
        servo.stop()
        cycles = servo._rings.cycles.count
    read = read_log(path)
    assert (read.robot, read.cut) == ("loopback", False)
    states, commands = list(read.of("state")), list(read.of("command"))
    assert len(states) == len(commands) == cycles
    assert [entry.time for entry in states] == sorted(entry.time for entry in states)
    assert abs(states[-1].time - time.time()) < 60.0
    assert {"run", "passive"} <= {str(entry.json()["mode"]) for entry in commands}
    assert [entry.json() for entry in read.of("note")] == [{"model_error": 0.25}]
    assert any("refused" in entry.json() for entry in read.of("plan"))
    assert {"connected", "statistics", "left"} <= {str(entry.json()["kind"]) for entry in read.of("event")}
    numbers = columns(read)
    assert len(numbers["state.motor_position.1"]) == cycles
    assert np.nanmax(numbers["command.command.velocity.0"]) == 30.0


def test_after_a_kill_everything_up_to_the_last_chunk_is_there(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    with driven(tmp_path) as servo, LogWriter(path, SPEC, servo.rings, servo.clock.origin) as log:
        drive(servo, 2.5)
        assert log.pid is not None
        written = servo._rings.cycles.count
        os.kill(log.pid, signal.SIGKILL)
        drive(servo, 0.2)  # control goes on
        assert plans(until(servo, plans))
    read = read_log(path)
    assert read.cut
    assert len(list(read.of("state"))) > written - 1.2 * SPEC.servo_hz
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for length in rng.integers(len(whole) * 3 // 5, len(whole) * 9 // 10, 12).tolist():
        (tmp_path / "shorter.mcap").write_bytes(whole[:length])
        shorter = read_log(tmp_path / "shorter.mcap")
        assert shorter.cut
        assert 0 < len(shorter.entries) < len(read.entries)


def test_a_writer_that_is_asked_to_stop_does_so_though_the_robot_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    with driven(tmp_path) as servo:
        with LogWriter(path, SPEC, servo.rings, servo.clock.origin):
            drive(servo, 0.3)
            begun = time.monotonic()
        assert time.monotonic() - begun < 8.0  # it was killed after 11
        assert servo.alive
    assert not read_log(path).cut


def test_a_full_disk_stops_the_log_and_not_the_robot(tmp_path: Path) -> None:
    with driven(tmp_path) as servo, LogWriter(Path("/dev/full"), SPEC, servo.rings, servo.clock.origin) as log:
        drive(servo, 1.2)
        end = time.monotonic() + 10.0
        while "stopped" not in log.status() and time.monotonic() < end:
            drive(servo, 0.1)
        assert "No space left on device" in str(log.status()["stopped"])
        assert until(servo, plans).report.rung is Rung.PLAN


@pytest.mark.parametrize("content", [b"", b"not a log", json.dumps({"robot": "roach"}).encode()])
def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(LogError, match="expected a log of a servo process"):
        read_log(path)
