"""What the servo process makes of orders, of which it reads only the newest one of a cycle."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from hardware.clock import VirtualClock
from hardware.emulators.go2.body import Body
from hardware.emulators.go2.firmware import Firmware
from hardware.guard.checks import Trip
from hardware.guard.state_machine import Mode
from hardware.limits import Severity
from hardware.servo.exchange import create
from hardware.servo.loop import ServoJob
from hardware.servo.orders import Inbox, obey
from hardware.servo.records import Order, OrderLayout
from hardware.servo.servo import Servo, ServoReport
from hardware.unitree.go2 import Go2
from sim.terrain import preset
from tests.hardware.four_legs import GO2
from tests.hardware.lockstep import LockstepBus


class Rig:
    """A servo with the Go2's driver, the firmware at the other end, and who orders."""

    def __init__(self) -> None:
        self.clock, rng = VirtualClock(), np.random.default_rng(0)
        self.firmware = Firmware(Body(GO2.anatomy, preset("flat"), (), rng), (), rng)
        self.servo = Servo(Go2(GO2, self.clock, LockstepBus(self.firmware, self.clock).join))
        self.order = Order(0.0, Mode.PASSIVE)

    def request(self, mode: Mode) -> None:
        """Order as `ServoProcess.request` does."""
        stops = self.order.stops + (mode is Mode.ESTOP)
        self.order = replace(self.order, request=mode, requests=self.order.requests + 1, stops=stops)

    def reset(self) -> None:
        self.order = replace(self.order, resets=self.order.resets + 1)

    def play(self, before: Order, cycles: int = 30) -> ServoReport:
        """Let the servo read the newest order, which came after `before`, and go on for some cycles."""
        armed = obey(self.servo, self.order, before, self.servo.observe(), self.clock.now(), ServoJob.lease)
        assert not armed or self.servo.robot.read().seq > 0
        for _ in range(cycles):
            self.clock.sleep_until(self.clock.now() + 0.002)
            self.servo.observe()
            report = self.servo.act(self.clock.now())
        return report


def test_an_emergency_stop_counts_whatever_is_requested_before_it_is_read() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.STAND)
        rig.play(before)
        before = rig.order
        rig.request(Mode.ESTOP)
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.ESTOP


def test_one_whose_motors_are_off_is_not_armed_to_sit_down() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.SIT_DOWN)
        assert rig.play(before).mode is Mode.PASSIVE


def test_the_same_request_may_be_made_again() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.STAND_UP
        rig.servo.guard._machine.collapse()
        assert rig.play(rig.order).mode is Mode.DAMP
        before = rig.order
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.STAND_UP


def test_a_request_behind_a_reset_counts_though_both_are_read_at_once() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.STAND)
        rig.play(before)
        rig.servo.guard._machine.latch(Trip("tilt", Severity.HARD, "too far"))
        assert rig.play(rig.order).mode is Mode.FAULT_DAMP
        before = rig.order
        rig.reset()
        rig.request(Mode.STAND)
        assert rig.play(before, cycles=60).mode is Mode.STAND_UP


def test_a_robot_stopped_before_it_was_armed_is_armed_by_the_first_request_after_the_reset() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.ESTOP)
        assert rig.play(before).mode is Mode.ESTOP
        before = rig.order
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.ESTOP
        before = rig.order
        rig.reset()
        assert rig.play(before).mode is Mode.PASSIVE
        assert rig.firmware.obeyed == 0  # the robot's own controller was left alone
        before = rig.order
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.STAND_UP
        assert rig.firmware.obeyed > 0


def test_motors_that_are_off_stay_off_while_a_fault_holds() -> None:
    rig = Rig()
    with rig.servo:
        before = rig.order
        rig.request(Mode.DAMP)
        rig.play(before)
        rig.servo.guard._machine.latch(Trip("charge", Severity.SOFT, "empty"))
        before = rig.order
        rig.request(Mode.PASSIVE)
        assert rig.play(before).mode is Mode.PASSIVE
        for mode in (Mode.STAND, Mode.DAMP):
            before = rig.order
            rig.request(mode)
            assert rig.play(before).mode is Mode.PASSIVE
        before = rig.order
        rig.reset()
        rig.request(Mode.STAND)
        assert rig.play(before).mode is Mode.STAND_UP


def test_rubbish_is_refused_once_and_the_order_before_it_holds_on() -> None:
    rig = Rig()
    with rig.servo, contextlib.ExitStack() as stack:
        rings = create(GO2)
        for ring in rings:
            stack.callback(ring.close)
        inbox, state = Inbox(rig.servo, rings, ServoJob.lease), rig.servo.observe()
        good = Order(0.0, Mode.STAND, requests=1)
        rings.orders.append(OrderLayout(GO2).pack(good))
        assert inbox.step(state, 0.0)  # it was armed for it
        rings.orders.append(b"rubbish!" * 8)
        assert not inbox.step(state, 0.0)
        assert not inbox.step(state, 0.0)
        assert (inbox.number, inbox.order, inbox.refused) == (1, good, 1)
        rings.orders.append(OrderLayout(GO2).pack(replace(good, stops=1)))
        inbox.step(state, 0.0)
        assert inbox.number == 3
        assert rig.servo.guard.mode is Mode.ESTOP
