"""A quadruped is taken down without a fall: one that walks slows down before it stands, any other sits down at once."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.servo_loop import IdealJoints
from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.embodiment import rest_action
from hardware.guard.state_machine import Mode
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.orders import SLOWING, Departure
from hardware.servo.servo import Servo, ServoReport
from hardware.simulated.robot import SimRobot

PERIOD = 0.002
FAST = (0.7, 0.0, 0.6, 0.07, 0.284, 0.28, 0.0, 0.0, 2.0)
"""As fast as the planner may, in a bend, with long steps."""


@pytest.mark.parametrize("walked", [1.5, 1.6, 1.7])
def test_a_robot_at_full_speed_slows_down_stands_and_sits(walked: float) -> None:
    go2, clock = spec("go2"), VirtualClock()
    servo = Servo(SimRobot(go2, clock, np.random.default_rng(0)))
    departure, modes, departed, since = Departure(servo), [Mode.PASSIVE], 0.0, 0.0
    with servo:
        servo.arm()
        while modes[-1] is not Mode.DAMP or not departed:
            clock.sleep_until(clock.now() + PERIOD)
            now = clock.now()
            servo.observe()
            if modes[-1] is Mode.RUN and not since:
                since = now
            if since and now - since >= walked:
                departed = departed or now
                departure.step(now)
            else:
                servo.publish(ActionSchedule(now, 0.04, np.array([FAST]), now + 0.3))
            report = servo.act(now)
            assert report.fault is None
            assert now < 15.0
            if report.mode is not modes[-1]:
                modes.append(report.mode)
                if report.mode is Mode.STAND and departed:
                    assert now - departed >= SLOWING
    assert modes[-4:] == [Mode.RUN, Mode.STAND, Mode.SIT_DOWN, Mode.DAMP]


class Ideal:
    """A Go2 on a virtual clock whose joints are where they were sent, walking fast once it runs."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.servo = Servo(IdealJoints(self.clock))
        self.departure = Departure(self.servo)

    def cycle(self, *, leaving: bool) -> ServoReport:
        self.clock.sleep_until(self.clock.now() + PERIOD)
        now = self.clock.now()
        self.servo.observe()
        if leaving:
            self.departure.step(now)
        else:
            self.servo.publish(ActionSchedule(now, 0.04, np.array([FAST]), now + 0.3))
        return self.servo.act(now)

    def up_to(self, mode: Mode, target: Mode) -> None:
        """Head for `target` until `mode` is reached."""
        self.servo.arm()
        self.servo.guard.request(target)
        while self.cycle(leaving=False).mode is not mode:
            assert self.clock.now() < 10.0

    def leave(self, seconds: float = 6.0) -> list[ServoReport]:
        """Depart; return every cycle."""
        return [self.cycle(leaving=True) for _ in range(round(seconds / PERIOD))]


def changes(reports: list[ServoReport]) -> list[Mode]:
    modes = [report.mode for report in reports]
    return [mode for index, mode in enumerate(modes) if index == 0 or modes[index - 1] is not mode]


def test_one_that_runs_rests_in_its_gait_until_it_is_slow_and_not_longer() -> None:
    robot = Ideal()
    with robot.servo:
        robot.up_to(Mode.RUN, Mode.RUN)
        played = robot.cycle(leaving=False).action
        assert played is not None
        assert played == pytest.approx(FAST)
        reports = robot.leave()
    running = [report for report in reports if report.mode is Mode.RUN]
    assert len(running) == pytest.approx(SLOWING / PERIOD, abs=2)
    assert {report.rung for report in running} <= {Rung.PLAN, Rung.HOLD}
    for report in running:
        assert report.action is not None
        assert report.action == pytest.approx(rest_action(robot.servo.spec))
    assert changes(reports) == [Mode.RUN, Mode.STAND, Mode.SIT_DOWN, Mode.DAMP]


@pytest.mark.parametrize("mode, target", [(Mode.STAND, Mode.STAND), (Mode.STAND_UP, Mode.RUN)])
def test_one_that_does_not_run_sits_down_at_once(mode: Mode, target: Mode) -> None:
    robot = Ideal()
    with robot.servo:
        robot.up_to(mode, target)
        reports = robot.leave()
    assert changes(reports[1:]) == [Mode.SIT_DOWN, Mode.DAMP]


def test_one_whose_motors_are_off_is_left_alone() -> None:
    robot = Ideal()
    with robot.servo:
        assert {(report.mode, report.rung) for report in robot.leave(2.0)} == {(Mode.PASSIVE, Rung.DAMP)}
