"""The servo: plays what is newest, through the guard, and leaves the robot damped however it ends."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.clock import VirtualClock
from hardware.feedback import Feedback
from hardware.robot import CommandMode, LinkLost, RobotCommand, RobotError, RobotFault
from hardware.schedule import ActionSchedule, Rung
from hardware.servo.servo import Servo, ServoReport
from tests.hardware.loopback import LoopbackRobot, Stage, assert_safe, make_spec


def schedule(*actions: tuple[float, float], start: float = 0.0, step: float = 0.05) -> ActionSchedule:
    return ActionSchedule(start, step, np.array(actions), expires=start + step * len(actions) + 0.2)


def armed() -> tuple[Servo, LoopbackRobot, VirtualClock]:
    clock = VirtualClock()
    robot = LoopbackRobot(clock)
    servo = Servo(robot).__enter__()
    servo.arm()
    return servo, robot, clock


def cycle(servo: Servo, clock: VirtualClock, time: float) -> ServoReport:
    clock.sleep_until(time)
    servo.observe()
    return servo.act(time)


def test_it_plays_the_newest_schedule_and_reports_what_was_sent() -> None:
    servo, robot, clock = armed()
    servo.publish(schedule((20.0, 30.0), (40.0, 50.0)))
    first = cycle(servo, clock, 0.0)
    assert first.action is not None
    assert first.action.tolist() == [20.0, 30.0]
    assert (first.rung, first.reasons, first.fault) == (Rung.PLAN, (), None)
    servo.publish(schedule((25.0, 25.0), start=0.01))
    second = cycle(servo, clock, 0.02)
    assert second.plan_age == pytest.approx(0.01)
    assert [command.velocity.tolist() for _, command in robot.written] == [[20.0, 30.0], [25.0, 25.0]]


def test_ladder_from_the_plan_down_to_damping() -> None:
    servo, robot, clock = armed()
    servo.publish(schedule((20.0, 20.0), (40.0, 40.0)))
    rungs = [cycle(servo, clock, 0.01 * index).rung for index in range(40)]
    changes = [rung for index, rung in enumerate(rungs) if index == 0 or rung is not rungs[index - 1]]
    assert changes == [Rung.PLAN, Rung.HOLD, Rung.FADE, Rung.DAMP]
    assert not robot.driven
    assert robot.calls[-1] == "damp"


def following(gain: float, first: int = 0) -> ActionSchedule:
    """Return a schedule whose first knots follow how far along x the robot is off the origin."""
    gains = np.zeros((2, 2, len(make_spec().channels)))
    gains[:, :, 0] = gain
    return replace(
        schedule((20.0, 30.0), (20.0, 30.0)), feedback=Feedback(np.zeros((2, 2, gains.shape[2])), gains, first)
    )


def test_what_is_followed_corrects_every_cycle_within_bounds() -> None:
    servo, _, clock = armed()
    servo.publish(following(100.0))
    played = [cycle(servo, clock, 0.01 * index) for index in range(10)]
    assert played[0].action is not None
    assert played[0].action.tolist() == [20.0, 30.0]
    moves = [report.action - [20.0, 30.0] for report in played if report.action is not None]
    assert len(moves) == 10
    assert np.all(np.diff(np.array(moves), axis=0) > 0)  # it runs on, and the smoothed deviation grows
    assert all(report.rung is Rung.PLAN for report in played)
    servo.publish(following(1e6))
    assert cycle(servo, clock, 0.1).rung is Rung.HOLD
    servo.publish(replace(following(1e6), start=0.1, expires=0.5))
    wild = cycle(servo, clock, 0.11)
    assert wild.action is not None
    assert wild.action.tolist() == [56.0, 56.0]


def test_before_and_behind_what_is_followed_actions_are_as_planned() -> None:
    servo, _, clock = armed()
    servo.publish(following(100.0, first=1))
    found = [cycle(servo, clock, time).action for time in (0.02, 0.04, 0.07, 0.11)]
    planned = [action is not None and action.tolist() == [20.0, 30.0] for action in found]
    assert planned == [True, True, False, True]


def test_without_a_schedule_the_robot_is_damped() -> None:
    servo, robot, clock = armed()
    report = cycle(servo, clock, 0.0)
    assert (report.action, report.rung, report.plan_age) == (None, Rung.DAMP, math.inf)
    assert robot.written == []


def test_slewed_action_is_reported_as_it_was_sent() -> None:
    clock = VirtualClock()
    servo = Servo(LoopbackRobot(clock, make_spec(slew=1000.0))).__enter__()
    servo.arm()
    servo.publish(schedule((25.0, 5.0)))
    report = cycle(servo, clock, 0.0)
    assert report.action is not None
    assert report.action.tolist() == [10.0, 5.0]
    assert report.reasons == ("slew: velocity of left 25 -> 10",)


def test_fall_latches_and_is_reported_until_the_end() -> None:
    servo, robot, clock = armed()
    servo.publish(schedule(*[(20.0, 20.0)] * 10))
    cycle(servo, clock, 0.0)
    robot.tilt = 2.0
    fallen = cycle(servo, clock, 0.01)
    robot.tilt = 0.0
    after = cycle(servo, clock, 0.02)
    assert fallen.fault is not None
    assert fallen.fault.check == "tilt"
    assert after.fault == fallen.fault
    assert (fallen.action, after.action) == (None, None)
    assert not robot.driven
    assert len(robot.written) == 1


def test_frozen_state_stops_the_robot() -> None:
    servo, robot, clock = armed()
    servo.publish(schedule(*[(20.0, 20.0)] * 10))
    robot.frozen_at = 0.0
    reports = [cycle(servo, clock, 0.01 * index) for index in range(10)]
    assert [report.fault is None for report in reports] == [True] * 6 + [False] * 4


def test_not_a_number_in_a_plan_never_reaches_the_robot() -> None:
    servo, robot, clock = armed()
    servo.publish(schedule((math.nan, 20.0), (20.0, 20.0)))
    assert cycle(servo, clock, 0.0).reasons == ("command: not finite",)
    assert robot.written == []
    assert cycle(servo, clock, 0.05).rung is Rung.PLAN
    assert len(robot.written) == 1


def test_robot_that_brakes_instead_is_reported_as_damped(monkeypatch: pytest.MonkeyPatch) -> None:
    servo, robot, clock = armed()
    servo.publish(schedule((20.0, 20.0)))
    monkeypatch.setattr(robot, "write", lambda command: RobotCommand.passive(CommandMode.DAMP, 2, command.expires))
    report = cycle(servo, clock, 0.0)
    assert (report.action, report.rung) == (None, Rung.DAMP)


def test_arming_forgets_an_old_schedule() -> None:
    clock = VirtualClock()
    servo = Servo(LoopbackRobot(clock)).__enter__()
    servo.publish(schedule((20.0, 20.0)))
    servo.arm()
    assert cycle(servo, clock, 0.0).rung is Rung.DAMP


def test_no_arming_while_a_fault_is_latched() -> None:
    servo, robot, clock = armed()
    robot.tilt = 2.0
    cycle(servo, clock, 0.0)
    with pytest.raises(RobotFault, match="tilt: 115 deg"):
        servo.arm()
    robot.tilt = 0.0
    assert servo.guard.reset(servo.observe(), 0.0) == ()
    servo.arm()


def test_acting_before_observing_is_an_error() -> None:
    servo, _, _ = armed()
    with pytest.raises(RobotError, match="before the first observe"):
        servo.act(0.0)


def test_schedule_of_another_robot_is_refused() -> None:
    servo, _, _ = armed()
    with pytest.raises(ValueError, match="expected 2 numbers per action, got 3"):
        servo.publish(ActionSchedule(0.0, 0.05, np.zeros((4, 3)), 1.0))


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), LinkLost("gone")])
def test_any_end_leaves_the_robot_damped_and_released(error: BaseException) -> None:
    clock = VirtualClock()
    robot = LoopbackRobot(clock)

    def run() -> None:
        with Servo(robot) as servo:
            servo.arm()
            servo.publish(schedule((20.0, 20.0)))
            cycle(servo, clock, 0.0)
            assert robot.driven
            raise error

    with pytest.raises(type(error)):
        run()
    assert not robot.driven
    assert robot.stage is Stage.CLOSED
    assert robot.calls[-3:] == ["damp", "deactivate", "close"]


def test_failing_connection_is_released_too() -> None:
    robot = LoopbackRobot(VirtualClock(), lost=True)
    with pytest.raises(LinkLost, match="nobody answers"):
        Servo(robot).__enter__()
    assert robot.calls[-1] == "close"


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(
            st.floats(0.0, 0.08),  # time that passes
            st.one_of(st.none(), st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=2, max_size=2)),
            st.floats(-0.2, 0.2),  # start of a new schedule, after now
            st.floats(0.0, 0.5),  # its expiry, after now
            st.floats(0.0, 1.25),  # tilt
        ),
        max_size=15,
    )
)
def test_no_sequence_of_schedules_states_and_times_makes_an_unsafe_write(
    steps: list[tuple[float, list[float] | None, float, float, float]],
) -> None:
    servo, robot, clock = armed()
    time, previous, expires = 0.0, np.zeros(2), 0.0
    for wait, action, start, end, tilt in steps:
        time += wait
        if action is not None:
            expires = time + end
            servo.publish(ActionSchedule(time + start, 0.05, np.array([action, [30.0, 30.0]]), expires))
        robot.tilt = tilt
        count = len(robot.written)
        report = cycle(servo, clock, time)
        assert (report.action is not None) == (len(robot.written) > count)
        if report.action is None:
            previous = np.zeros(2)
            assert not robot.driven
            continue
        command = robot.written[-1][1]
        assert_safe(command, previous, time, robot.spec)
        assert command.expires <= expires
        previous = command.velocity
