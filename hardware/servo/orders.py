"""What the servo process is told to do, and what it does when nobody tells it anything any more."""

from __future__ import annotations

from dataclasses import replace

from hardware.embodiment import rest_action
from hardware.guard.state_machine import Mode
from hardware.robot import RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.exchange import Rings, tell
from hardware.servo.records import BadRecord, Order, OrderLayout
from hardware.servo.ring import RecordRing
from hardware.servo.servo import Servo

SLOWING = 0.8
"""How long a robot that runs rests in its gait before it stands [s]: four steps of a trot."""


def obey(servo: Servo, order: Order, before: Order, state: RobotState, now: float, lease: float) -> bool:
    """Do what an order says beyond the one before it; True when the robot was armed for it. Raises RobotError."""
    guard, armed = servo.guard, False
    if order.resets > before.resets:
        guard.reset(state, now)
    off = guard.mode is Mode.PASSIVE
    if order.stops > before.stops:
        guard.request(Mode.ESTOP)
    elif order.requests > before.requests and not (off and guard.fault is not None):  # a fault keeps motors off
        armed = off and order.request not in {Mode.PASSIVE, Mode.SIT_DOWN}
        if armed:
            servo.arm()
        guard.request(order.request)
    if order.schedule is not None:
        servo.publish(replace(order.schedule, expires=min(order.schedule.expires, order.published + lease)))
    return armed


class Inbox:
    """Obeys the newest order, each one once; what is rubbish is refused and said, and the order before it holds on.

    A schedule is played for the `lease` after it was published [s].
    """

    def __init__(self, servo: Servo, rings: Rings[RecordRing], lease: float) -> None:
        self._servo, self._rings, self._lease = servo, rings, lease
        self._layout = OrderLayout(servo.spec)
        self._refused = 0
        self.number, self.order = 0, Order(0.0, Mode.PASSIVE)
        """The order that holds."""
        self.refused = 0
        """Orders that were rubbish, as a whole or their schedule."""

    def step(self, state: RobotState, now: float) -> bool:
        """Obey the newest order, if there is a new one; True when the robot was armed for it. Raises RobotError."""
        found = self._rings.orders.newest()
        if found is None or found[0] in {self.number, self._refused}:
            return False
        number, record = found
        try:
            order = self._layout.unpack(record)
        except BadRecord as error:
            self._refused = number
            self._refuse(str(error))
            return False
        if order.refused is not None:
            self._refuse(order.refused)
        self.number, before, self.order = number, self.order, order
        guard, armed = self._servo.guard, obey(self._servo, order, before, state, now, self._lease)
        if (order.requests, order.resets, order.stops) != (before.requests, before.resets, before.stops):
            fault = None if guard.fault is None else str(guard.fault)
            what = {"target": order.request.value, "mode": guard.mode.value, "fault": fault}
            tell(self._rings.events, "request", what)
        return armed

    def _refuse(self, why: str) -> None:
        self.refused += 1
        tell(self._rings.events, "refused", why)


class Departure:
    """Takes a robot down, if its motors are not off already: one that runs slows down first, then stands, then sits.

    Stopped in a wild stride it could fall over its own feet. One that sits down already is left to it.
    """

    def __init__(self, servo: Servo) -> None:
        self._servo = servo
        self._begun: float | None = None

    def step(self, now: float) -> None:
        """Do what is due at a time of the host clock [s]; to be called every cycle."""
        servo, mode = self._servo, self._servo.guard.mode
        if self._begun is None:
            self._begun = now
            rest = rest_action(servo.spec)[None]
            servo.publish(ActionSchedule(now, SLOWING, rest, now + 2.0 * SLOWING))
        slow = mode is not Mode.RUN or now - self._begun >= SLOWING
        if slow and mode is not Mode.PASSIVE:
            servo.guard.request(Mode.DAMP)
