"""Time that stands still or jumps: the next command of a robot that nobody looked after is damping."""

from __future__ import annotations

import time

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock, WallClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.faults import parse
from hardware.emulators.go2.firmware import Firmware
from hardware.emulators.go2.wire import Command, read_command
from hardware.guard.state_machine import LATCHED, Mode
from hardware.robot import RobotCommand
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo, ServoReport
from hardware.unitree.go2 import Go2
from hardware.unitree.layout import LOW_CMD
from sim.terrain import preset
from tests.hardware.lockstep import LockstepBus

SPEC = robots.spec("go2")
PERIOD = 1.0 / SPEC.servo_hz
SLEPT = 3.0
MOMENTS = {"stand_up": 1.0, "stand": 2.3, "run": 3.0}
"""When something happens, in each mode, since the first command [s]."""
each_mode = pytest.mark.parametrize("mode", MOMENTS)


class Machine(VirtualClock):
    """A computer and a robot: this clock is the robot's, which never sleeps; the computer has two of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.boot = self.monotonic = 100.0

    def sleep_until(self, deadline: float) -> None:
        before = self.now()
        super().sleep_until(deadline)
        self.boot += self.now() - before
        self.monotonic += self.now() - before

    def suspend(self, *, boot: float, monotonic: float) -> None:
        """Let the robot's time pass, and as much of the computer's [s]."""
        super().sleep_until(self.now() + SLEPT)
        self.boot += boot
        self.monotonic += monotonic


class Bus(LockstepBus):
    """Keeps what was commanded."""

    commands: list[Command]

    def send(self, topic: str, wire: bytes) -> None:
        super().send(topic, wire)
        command = read_command(wire) if topic == LOW_CMD.topic else None
        if isinstance(command, Command):
            self.commands.append(command)


class Bench:
    """A servo with a driver that go by the computer's clock, on an emulated robot, walking soon."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *faults: str) -> None:
        self.machine, rng = Machine(), np.random.default_rng(0)
        monkeypatch.setattr(
            time, "clock_gettime", lambda which: self.machine.boot if which == _BOOT else self._monotonic()
        )
        monkeypatch.setattr(time, "monotonic", self._monotonic)
        monkeypatch.setattr(time, "sleep", lambda seconds: self.machine.sleep_until(self.machine.now() + seconds))
        firmware = Firmware(Body(SPEC.anatomy, preset("flat"), (), rng), [parse(text) for text in faults], rng)
        self.clock, self.bus = WallClock(), Bus(firmware, self.machine)
        self.bus.commands = []
        self.servo = Servo(Go2(SPEC, self.clock, self.bus.join))
        self.servo.robot.connect()
        self.servo.arm()
        self.firmware = firmware
        self._begun, self._stands = self.machine.now(), False

    def _monotonic(self) -> float:
        return self.machine.monotonic

    def cycle(self) -> ServoReport:
        self.machine.sleep_until(self.machine.now() + PERIOD)
        now = self.clock.now()
        rest = np.array([[action.rest for action in SPEC.actions]])
        if self._stands:
            self.servo.guard.request(Mode.STAND)
        self.servo.publish(ActionSchedule(now, 0.04, rest, now + 0.3))
        self.servo.observe()
        return self.servo.act(self.clock.now())

    def until(self, mode: str, seconds: float | None = None) -> None:
        """Cycle until something happens in a mode."""
        self._stands = mode == "stand"
        while self.machine.now() - self._begun < (MOMENTS[mode] if seconds is None else seconds):
            report = self.cycle()
            assert report.fault is None
        assert report.mode is Mode(mode)

    def damped_from_now(self, cycles: int = 100) -> ServoReport:
        """Fail unless all that is commanded from now on is damping, and a fault is kept; returns the first cycle."""
        self.bus.commands.clear()
        reports = [self.cycle() for _ in range(cycles)]
        assert all(report.mode in LATCHED for report in reports)
        assert len(self.bus.commands) == cycles
        assert not any(command.kp.any() for command in self.bus.commands)
        assert not self.firmware.monitor.outside
        return reports[0]


_BOOT = time.CLOCK_BOOTTIME


@each_mode
@pytest.mark.parametrize(
    "boot, monotonic", [(SLEPT, 0.0), (SLEPT, SLEPT), (0.0, 0.0)], ids=["monotonic stood", "both went on", "both stood"]
)
def test_a_computer_that_slept_damps_before_its_next_set_point(
    monkeypatch: pytest.MonkeyPatch, mode: str, boot: float, monotonic: float
) -> None:
    bench = Bench(monkeypatch)
    bench.until(mode)
    bench.machine.suspend(boot=boot, monotonic=monotonic)
    first = bench.damped_from_now()
    why = "s without a cycle" if boot else "its clock jumped ahead by 2."
    assert first.fault is not None
    assert any(why in str(trip) for trip in first.trips)
    assert not bench.firmware.summary()["fell"]


def test_a_computer_that_sleeps_between_deciding_and_sending_sends_damping(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.until("run")
    write = bench.servo.robot.write

    def late(command: RobotCommand) -> RobotCommand:
        bench.machine.suspend(boot=SLEPT, monotonic=0.0)
        return write(command)

    bench.bus.commands.clear()
    with monkeypatch.context() as once:
        once.setattr(bench.servo.robot, "write", late)
        bench.cycle()
    (sent,) = bench.bus.commands
    assert not sent.kp.any()
    bench.damped_from_now()


@each_mode
@pytest.mark.parametrize(
    "fault, within",
    [("tick_jump:seconds=3", 0.004), ("tick_jump:seconds=0.06", 0.004), ("freeze", 0.054), ("burst:ms=400", 0.054)],
)
def test_a_robot_whose_states_jump_repeat_or_come_late_is_damped_and_stays_so(
    monkeypatch: pytest.MonkeyPatch, mode: str, fault: str, within: float
) -> None:
    onset = MOMENTS[mode] + 0.01
    bench = Bench(monkeypatch, f"{fault}@{onset}")
    bench.until(mode)
    while bench.cycle().fault is None:
        assert bench.firmware.script - onset < within
    bench.damped_from_now(300)  # the states that were held up come in the meantime, all at once


@pytest.mark.parametrize("fault", ["tick_jump:seconds=0.03", "burst:ms=30", "delay:ms=5"])
def test_what_stays_within_the_age_limit_is_no_fault(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    bench = Bench(monkeypatch, f"{fault}@{MOMENTS['run']}")
    bench.until("run", MOMENTS["run"] + 1.0)
