"""The servo's beat: which action a tick had, what happens when cycles are left out, and the mailbox."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from controller.loop.servo_cycles import Boundary, Mailbox, Metronome, arm, drive
from controller.loop.timing import Journal, LoopSettings
from hardware.clock import VirtualClock
from hardware.robot import FloatArray, LinkLost
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from tests.hardware.loopback import LoopbackRobot, make_spec, make_state

PERIOD, CYCLE = 0.05, 0.01


class Rig:
    """A metronome over the loopback robot whose cycles a test runs by hand, as late as it likes."""

    def __init__(self, slew: float = 6000.0, varied: bool = False) -> None:
        self.clock = VirtualClock(start=3.0)
        self.robot = LoopbackRobot(self.clock, make_spec(slew=slew))
        self.servo = Servo(self.robot).__enter__()
        self.journal = Journal(LoopSettings(rate_hz=20.0, seconds=1.0, varied=varied))
        self.metronome: Metronome = arm(self.servo, self.clock, self.journal)

    def run(self, cycle: int, late: float = 0.0) -> Boundary | None:
        self.clock.sleep_until(self.metronome.beat.start + cycle * CYCLE + late)
        boundary = self.metronome.observe(cycle)
        self.metronome.act()
        return boundary

    def publish(self, *speeds: float) -> None:
        actions = np.array(speeds)[:, None].repeat(2, axis=1)
        self.servo.publish(ActionSchedule(self.metronome.beat.start, PERIOD, actions, expires=100.0))

    def applied(self, *, late: dict[int, float] | None = None, left_out: tuple[int, ...] = ()) -> list[float | None]:
        """Run three ticks and a boundary; return the action that each boundary says was applied."""
        boundaries = [self.run(c, (late or {}).get(c, 0.0)) for c in range(16) if c not in left_out]
        return [number(b.applied) for b in boundaries if b is not None]


def number(action: FloatArray | None) -> float | None:
    return None if action is None else float(action[0])


def test_robot_rests_until_the_first_plan_and_is_damped_when_none_comes() -> None:
    rig = Rig()
    for cycle in range(51):
        rig.run(cycle)
    speeds = {float(speed) for _, command in rig.robot.written for speed in command.velocity}
    assert speeds == {0.0}
    assert len(rig.robot.written) == 50
    assert rig.robot.calls[-1] == "damp"


def test_each_boundary_tells_the_action_of_the_tick_that_ended() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0, 40.0, 50.0)
    assert rig.applied() == [None, 20.0, 30.0, 40.0]


def test_boundary_carries_its_due_time_and_state() -> None:
    rig = Rig()
    boundary = rig.run(0)
    assert boundary is not None
    assert (boundary.tick, boundary.time, boundary.report) == (0, 3.0, None)
    assert boundary.state.time == 3.0
    second = [rig.run(cycle) for cycle in range(1, 6)][-1]
    assert second is not None
    assert second.tick == 1
    assert second.time == pytest.approx(3.05)
    assert second.report is not None


def test_action_that_changed_within_the_tick_is_not_told() -> None:
    rig = Rig(slew=1000.0)
    rig.publish(25.0, 25.0, 25.0, 25.0)
    assert rig.applied() == [None, None, 25.0, 25.0]


def test_of_actions_that_are_meant_to_vary_the_mean_is_told() -> None:
    rig = Rig(slew=1000.0, varied=True)
    rig.publish(25.0, 25.0, 25.0)
    applied = rig.applied()
    assert (applied[0], applied[2], applied[3]) == (None, 25.0, 25.0)
    assert applied[1] is not None
    assert 10.0 < applied[1] < 25.0


def test_held_action_is_not_told() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0)
    assert rig.applied() == [None, 20.0, 30.0, None]


def test_late_cycle_within_a_tick_changes_nothing() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0, 40.0, 50.0)
    assert rig.applied(late={7: 0.02}, left_out=(8,)) == [None, 20.0, 30.0, 40.0]


def test_late_boundary_spoils_the_tick_before_and_the_one_it_begins() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0, 40.0, 50.0)
    assert rig.applied(late={5: 0.02}, left_out=(6,)) == [None, None, None, 40.0]


def test_boundary_that_was_slept_through_is_made_up_by_the_next_cycle() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0, 40.0, 50.0)
    assert rig.applied(left_out=(5, 6)) == [None, None, None, 40.0]


def test_slightly_late_boundary_changes_nothing() -> None:
    rig = Rig()
    rig.publish(20.0, 30.0, 40.0, 50.0)
    assert rig.applied(late={5: 0.005}) == [None, 20.0, 30.0, 40.0]


def test_passed_over_cycles_are_left_out_not_caught_up_on() -> None:
    rig = Rig()
    rig.clock.sleep_until(3.0 + 2.5 * CYCLE)
    assert rig.metronome.beat.after(0) == 2
    assert rig.metronome.beat.after(2) == 3
    assert rig.metronome.beat.after(7) == 8


def boundary(tick: int) -> Boundary:
    return Boundary(tick, 0.0, make_state(), None, None)


def test_newest_boundary_wins() -> None:
    mailbox = Mailbox()
    mailbox.put(boundary(1))
    mailbox.put(boundary(2))
    taken = mailbox.take()
    assert taken is not None
    assert taken.tick == 2


def test_closing_wakes_a_waiting_reader() -> None:
    mailbox, taken = Mailbox(), []
    reader = threading.Thread(target=lambda: taken.append(mailbox.take()))
    reader.start()
    mailbox.close()
    reader.join(timeout=10.0)
    assert taken == [None]
    mailbox.put(boundary(1))
    assert mailbox.take() is None


def test_failing_servo_damps_the_robot_and_closes_the_mailbox() -> None:
    rig, mailbox = Rig(), Mailbox()
    rig.robot.lost = True
    with pytest.raises(LinkLost):
        drive(rig.metronome, mailbox, threading.Event())
    assert rig.robot.calls[-1] == "damp"
    assert mailbox.take() is None
