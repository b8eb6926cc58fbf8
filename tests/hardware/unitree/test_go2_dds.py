"""The driver and the emulator as two processes on the loopback device."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks.two_terminals import free_domain
from controller.settings import robots
from hardware.clock import WallClock
from hardware.guard.arming import prove
from hardware.motors import PositionServo
from hardware.robot import CommandMode, LinkLost, RobotCommand, RobotFault
from hardware.unitree.bus import BusError
from hardware.unitree.go2 import Go2, dds

pytestmark = pytest.mark.alone

pytest.importorskip("cyclonedds", reason="the extra go2 is not installed")

SPEC = robots.spec("go2")
ROOT = Path(__file__).resolve().parents[3]
LIFE = "30"
"""An emulator that nobody stops ends by itself [s]."""
MAIN = "import sys; from controller.cli import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def emulator(domain: int, *flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-c",
        MAIN,
        "emulate",
        "go2",
        "--domain",
        str(domain),
        "--seconds",
        LIFE,
        "--json",
        *flags,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def connected(domain: int) -> Go2:
    """A driver that has waited for the emulator to come up."""
    deadline = time.monotonic() + 20.0
    while True:
        robot = Go2(SPEC, WallClock(), dds("lo", domain))
        try:
            robot.connect()
            return robot
        except LinkLost:
            if time.monotonic() > deadline:
                raise


def test_a_robot_is_taken_over_commanded_and_let_go_through_dds() -> None:
    domain = free_domain()
    with emulator(domain, "--mode", "mcf", "--timeout", "0.5") as process:
        robot = connected(domain)
        robot.activate()
        assert isinstance(SPEC.servo, PositionServo)
        start, none = robot.read().motor_position, np.zeros(12)
        kp, kd = np.array(SPEC.servo.hold.kp), np.array(SPEC.servo.hold.kd)
        clock, first = WallClock(), robot.read().seq
        for cycle in range(250):
            clock.sleep_until(cycle / SPEC.servo_hz)
            robot.read()
            position = start + cycle / 250.0 * (np.array(SPEC.servo.stand) - start)
            robot.write(RobotCommand(CommandMode.SERVO, position, none, none, kp, kd, float("inf")))
        state = robot.read()
        robot.close()
        process.send_signal(signal.SIGTERM)
        report = json.loads(process.communicate(timeout=10)[0].splitlines()[-1])
    assert process.returncode == 0
    assert report["refused"] == {}
    assert report["commands_obeyed"] > 100  # of 500 on an idle machine
    assert state.seq - first > 50
    assert (state.bad_packets, state.foreign_commands, state.faults) == (0, 0, ())
    assert [event["event"] for event in report["events"]][:2] == ["mode released", "first command"]
    assert report["path"]["rows"][-1][0] > 0.5


def test_a_robot_whose_process_dies_is_a_lost_link() -> None:
    domain = free_domain()
    with emulator(domain) as process:
        robot = connected(domain)
        process.kill()
        process.wait()
        with pytest.raises(LinkLost, match="no state for"):  # noqa: PT012  # it takes half a second to notice
            for _ in range(300):
                robot.read()
                time.sleep(0.01)
        robot.close()


INTRUDER = """
import sys, time
from hardware.unitree.codec import encode_command
from hardware.unitree.dds import DdsBus
from hardware.unitree.layout import LOW_CMD
from tests.hardware.unitree.samples import command
with DdsBus("lo", int(sys.argv[1])) as bus:
    writer = bus.writer(LOW_CMD.topic, LOW_CMD.struct)
    for _ in range(1500):
        writer.write(encode_command(command()))
        time.sleep(0.01)
"""


def test_arming_is_refused_while_another_process_commands() -> None:
    domain = free_domain()
    with emulator(domain), subprocess.Popen([sys.executable, "-c", INTRUDER, str(domain)], cwd=ROOT) as intruder:
        robot = connected(domain)
        deadline = time.monotonic() + 15.0
        while robot.read().foreign_commands == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(RobotFault, match="somebody else sends commands"):
            robot.activate()
        robot.close()
        intruder.kill()


def test_two_robots_on_one_domain_are_told_apart_and_both_named() -> None:
    domain = free_domain()
    with emulator(domain), emulator(domain):
        robot, deadline = connected(domain), time.monotonic() + 20.0
        while len((heard := robot.listen()).senders) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        robot.close()
    assert len(set(heard.senders)) == 2
    assert all(re.fullmatch(r"writer [0-9a-f-]{36} \(\d+ states\)", sender) for sender in heard.senders)
    with pytest.raises(RobotFault, match="go2: not armed: .*robots: 2: writer .*, writer .*, expected exactly one"):
        prove(SPEC, heard)


def test_a_network_device_that_is_not_there_is_named() -> None:
    with pytest.raises(LinkLost, match=r"expected one of .*lo.*, got 'lp'; did you mean 'lo'\?"):
        Go2(SPEC, WallClock(), dds("lp", free_domain())).connect()


def test_a_domain_is_joined_once_by_a_process_and_again_after_it_was_left() -> None:
    join = dds("lo", free_domain())
    for _ in range(2):
        bus = join()
        with pytest.raises(BusError, match="cannot be opened"):
            join()
        bus.close()
