"""Records between the processes: everything comes back, and rubbish does not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.feedback import Feedback
from hardware.guard.checks import Trip
from hardware.guard.state_machine import Mode
from hardware.limits import Severity
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.records import FOLLOWING, KNOTS, BadRecord, Cycle, CycleLayout, Order, OrderLayout
from hardware.servo.servo import ServoReport
from tests.hardware.four_legs import GO2, command, state

ACTIONS = len(GO2.actions)
ORDERS = OrderLayout(GO2)


def order(knots: int = 3, followed: int = 0) -> Order:
    actions = np.arange(float(knots * ACTIONS)).reshape(knots, ACTIONS)
    feedback = None
    if followed:
        rng, size = np.random.default_rng(0), len(GO2.channels)
        feedback = Feedback(rng.normal(size=(followed, 2, size)), rng.normal(size=(followed, ACTIONS, size)), first=1)
    return Order(4.5, Mode.RUN, 7, 2, 1, ActionSchedule(5.0, 0.04, actions, 6.0, feedback))


def test_a_cycle_comes_back_as_it_was() -> None:
    rng = np.random.default_rng(0)
    seen = replace(
        state(3.0),
        seq=7,
        faults=("hot", "second fault"),
        foot_force=rng.normal(size=4),
        accelerometer=rng.normal(size=3),
        stride=rng.normal(size=ACTIONS),
    )
    fault = Trip("robot", Severity.HARD, "hot, second fault")
    action = rng.normal(size=ACTIONS)
    report = ServoReport(action, Rung.HOLD, 0.07, (), fault, Mode.FAULT_DAMP, (), command(expires=3.1))
    layout = CycleLayout(GO2)
    record = layout.pack(Cycle(3.001, 0.0004, seen, report))
    assert len(record) <= layout.capacity
    back = layout.unpack(record)
    assert (back.time, back.late, back.state.seq, back.state.faults) == (3.001, 0.0004, 7, ("hot", "second fault"))
    for name in ("motor_position", "motor_temperature", "foot_force", "accelerometer", "quaternion", "stride"):
        assert getattr(back.state, name).tolist() == getattr(seen, name).tolist()
    assert np.isnan(back.state.motor_torque).all()
    assert (back.report.mode, back.report.rung, back.report.fault) == (Mode.FAULT_DAMP, Rung.HOLD, fault)
    assert back.report.action is not None
    assert back.report.action.tolist() == action.tolist()
    assert back.report.sent is not None
    assert back.report.sent.position.tolist() == command().position.tolist()


def test_a_passive_cycle_has_neither_action_nor_fault() -> None:
    layout = CycleLayout(GO2)
    quiet = ServoReport(None, Rung.DAMP, math.inf, (), None, Mode.PASSIVE)
    back = layout.unpack(layout.pack(Cycle(0.0, 0.0, state(), quiet)))
    assert (back.report.action, back.report.fault, back.report.sent) == (None, None, None)
    assert (back.report.plan_age, back.state.faults) == (math.inf, ())


def test_a_cycle_of_another_robot_is_refused() -> None:
    with pytest.raises(BadRecord, match="expected .* bytes and text"):
        CycleLayout(GO2).unpack(bytes(100))


@pytest.mark.parametrize("knots", [1, KNOTS])
def test_an_order_comes_back_as_it_was(knots: int) -> None:
    record = ORDERS.pack(order(knots))
    assert len(record) <= ORDERS.capacity
    back = ORDERS.unpack(record)
    assert (back.published, back.request, back.requests, back.resets, back.stops) == (4.5, Mode.RUN, 7, 2, 1)
    assert back.refused is None
    schedule, sent = back.schedule, order(knots).schedule
    assert schedule is not None
    assert sent is not None
    assert schedule.actions.tolist() == sent.actions.tolist()
    assert (schedule.start, schedule.step, schedule.expires) == (5.0, 0.04, 6.0)
    assert ORDERS.unpack(ORDERS.pack(Order(1.0, Mode.ESTOP))).schedule is None


@pytest.mark.parametrize("knots, followed", [(3, 2), (KNOTS, FOLLOWING)])
def test_what_a_schedule_follows_comes_back_as_it_was(knots: int, followed: int) -> None:
    record, sent = ORDERS.pack(order(knots, followed)), order(knots, followed).schedule
    assert len(record) <= ORDERS.capacity
    schedule = ORDERS.unpack(record).schedule
    assert schedule is not None
    assert sent is not None
    assert schedule.feedback is not None
    assert sent.feedback is not None
    assert schedule.actions.tolist() == sent.actions.tolist()
    assert schedule.feedback.states.tolist() == sent.feedback.states.tolist()
    assert schedule.feedback.gains.tolist() == sent.feedback.gains.tolist()
    assert schedule.feedback.first == 1


@pytest.mark.parametrize("knots, size", [(FOLLOWING + 1, len(GO2.channels)), (2, 3)])
def test_what_there_is_no_room_for_is_refused_before_it_is_sent(knots: int, size: int) -> None:
    feedback, plain = Feedback(np.zeros((knots, 2, size)), np.zeros((knots, ACTIONS, size))), order(12)
    assert plain.schedule is not None
    with pytest.raises(ValueError, match=f"feedback: expected up to {FOLLOWING} knots"):
        ORDERS.pack(replace(plain, schedule=replace(plain.schedule, feedback=feedback)))


def test_too_long_a_plan_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match=f"up to {KNOTS} knots of {ACTIONS} numbers"):
        ORDERS.pack(order(KNOTS + 1))


@given(
    index=st.integers(0, 10 + 3 * ACTIONS),
    value=st.sampled_from([math.nan, math.inf, -1.0, 0.0, 0.5, 1.0, 1e9]),
    followed=st.sampled_from([0, 2]),
)
def test_a_damaged_order_is_refused_or_harmless(index: int, value: float, followed: int) -> None:
    numbers = np.frombuffer(ORDERS.pack(order(followed=followed))).copy()
    numbers[index] = value
    try:
        back = ORDERS.unpack(numbers.tobytes())
    except BadRecord:
        return
    assert math.isfinite(value) or index >= 5
    assert (back.schedule is None) == (back.refused is not None) or index == 5
    assert back.schedule is None or (np.isfinite(back.schedule.actions).all() and back.schedule.step > 0.0)
    assert back.request in {Mode.PASSIVE, Mode.DAMP, Mode.STAND, Mode.RUN, Mode.ESTOP}


def test_a_plan_that_is_rubbish_takes_no_request_along() -> None:
    numbers = np.frombuffer(ORDERS.pack(replace(order(), request=Mode.ESTOP))).copy()
    numbers[-1] = math.nan
    back = ORDERS.unpack(numbers.tobytes())
    assert (back.request, back.requests, back.stops, back.schedule) == (Mode.ESTOP, 7, 1, None)
    assert back.refused == "order: a number is not finite"


@given(record=st.binary(max_size=400))
def test_random_bytes_never_crash_it(record: bytes) -> None:
    try:
        back = ORDERS.unpack(record)
    except BadRecord:
        return
    assert math.isfinite(back.published)
