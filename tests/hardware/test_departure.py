"""A walking quadruped is taken down without a fall: it slows down before it stands."""

from __future__ import annotations

import numpy as np
import pytest

from controller.robots import spec
from hardware.clock import VirtualClock
from hardware.schedule import ActionSchedule
from hardware.servo import Servo
from hardware.servo_loop import SLOWING, Departure
from hardware.sim_robot import SimRobot
from hardware.state_machine import Mode

PERIOD = 0.002
FAST = (0.7, 0.0, 0.6, 0.07, 0.284, 0.28, 0.0, 0.0, 2.0)
"""As fast as the planner may, in a bend, with long steps."""


@pytest.mark.parametrize("walked", [1.5, 1.6, 1.7])
def test_a_robot_at_full_speed_slows_down_stands_and_sits(walked: float) -> None:
    go2, clock = spec("go2"), VirtualClock()
    servo = Servo(SimRobot(clock=clock, rng=np.random.default_rng(0), spec=go2))
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
