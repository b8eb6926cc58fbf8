"""The driver of a Go2 that its own controller walks, on a virtual clock, through the bytes of the wire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import robots
from hardware.clock import VirtualClock
from hardware.guard.state_machine import Mode
from hardware.robot import CommandMode, LinkLost, RobotCommand, RobotError, RobotFault
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo, ServoReport
from hardware.unitree.rpc import encode_request
from hardware.unitree.sport import Go2Sport
from hardware.unitree.sport_service import Call
from tests.hardware.lockstep import LockstepBus
from tests.hardware.puppet import DAMPED, LIES, Puppet

SPEC = robots.spec("go2-sport")
PERIOD = 1.0 / SPEC.servo_hz
AHEAD = (0.4, 0.0, 0.2)
REQUEST = "rt/api/sport/request"


class Bench:
    """A servo with its guard, the driver, and a robot without a body."""

    def __init__(self) -> None:
        self.clock, self.robot = VirtualClock(), Puppet()
        self.bus = LockstepBus(self.robot, self.clock)  # type: ignore[arg-type]
        self.driver = Go2Sport(SPEC, self.clock, self.bus.join)
        self.servo = Servo(self.driver)

    def armed(self) -> Bench:
        self.driver.connect()
        self.servo.arm()
        return self

    def running(self) -> Bench:
        self.armed()
        assert self.play(4.0).mode is Mode.RUN
        return self

    def play(self, seconds: float, action: tuple[float, ...] = AHEAD) -> ServoReport:
        """Follow a velocity until time is up or there is a fault; return the last report."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.sleep_until(self.clock.now() + PERIOD)
            self.servo.publish(ActionSchedule(self.clock.now(), 0.08, np.array([action]), self.clock.now() + 0.5))
            self.servo.observe()
            report = self.servo.act(self.clock.now())
            if report.fault is not None and report.mode is Mode.RUN:
                break
        return report

    def fault(self, seconds: float) -> tuple[str, float]:
        """Play until a fault: what it is, and how long it took [s]."""
        begun = self.clock.now()
        while self.clock.now() - begun < seconds:
            report = self.play(PERIOD)
            if report.fault is not None:
                return str(report.fault), self.clock.now() - begun
        raise AssertionError(f"no fault within {seconds} s")

    def asked(self) -> list[Call]:
        return [Call(api) for _, api in self.robot.calls]


def test_it_stands_up_proves_that_it_walks_walks_and_lies_down() -> None:
    bench = Bench().running()
    assert bench.asked() == [Call.DAMP, Call.STAND_UP, Call.BALANCE_STAND, Call.STOP_MOVE]
    assert bench.play(2.0).fault is None
    assert bench.robot.speed == pytest.approx(AHEAD)
    bench.servo.guard.request(Mode.DAMP)
    assert bench.play(4.0).mode is Mode.DAMP
    assert bench.asked()[4:7] == [Call.STOP_MOVE, Call.STOP_MOVE, Call.STAND_DOWN]
    assert set(bench.asked()[7:]) == {Call.DAMP}
    assert bench.robot.doing == DAMPED


def test_moves_are_repeated_but_no_more_than_twenty_times_a_second() -> None:
    bench = Bench().running()
    before = len(bench.robot.moves)
    bench.play(2.0)
    times = [time for time, _ in bench.robot.moves[before:]]
    assert 20 <= len(times) <= 40
    assert 0.048 <= np.diff(times).min() <= np.diff(times).max() <= 0.11


def test_a_new_velocity_is_sent_at_once() -> None:
    bench = Bench().running()
    bench.play(2.0)
    bench.play(0.06, (0.0, 0.0, 0.0))
    assert bench.robot.moves[-1][1]["x"] < 0.4


def test_it_does_not_count_as_ready_while_moves_are_ignored_and_says_so_in_the_end() -> None:
    bench = Bench().armed()
    bench.robot.ignores = True
    assert bench.play(15.0).mode is Mode.STAND_UP
    assert bench.servo.observe().ready == 0.0
    said, _ = bench.fault(10.0)
    assert said == "stand_up: 21 s after it was asked to stand its own controller follows no velocity"
    assert Call.STAND_DOWN not in bench.asked()
    bench.play(1.0)
    assert bench.asked()[-2:] == [Call.STOP_MOVE, Call.STAND_DOWN]


def test_one_that_needs_longer_is_ready_later() -> None:
    bench = Bench().armed()
    bench.robot.ignores = True
    bench.play(12.0)
    bench.robot.ignores = False
    assert bench.play(2.0).mode is Mode.RUN


@pytest.mark.parametrize(
    "what, value, said, within",
    [
        ("ignores", True, "obedience: ", 3.0),
        ("frozen", True, "robot: its own controller's state has stood still for 0.50 s", 0.6),
        ("gone", True, "robot: its own controller says nothing on rt/sportmodestate for 0.50 s", 0.6),
        ("silent", True, "robot: its motion switcher was asked which controller runs and did not answer", 2.1),
        ("mode", "mcf", "robot: its controller 'normal' no longer runs, 'mcf' does", 1.1),
        ("mode", "", "robot: its controller 'normal' no longer runs, 'none' does", 1.1),
        ("error", 4202, "robot: its own controller reports error 4202 (the service is not ready)", 0.1),
        ("doing", DAMPED, "robot: its own controller was to carry it, and is damping (mode 7)", 0.6),
        ("doing", LIES, "robot: its own controller was to carry it, and is lying down (mode 5)", 0.6),
        ("sticks", 0.5, "second_writer: ", 0.1),
    ],
)
def test_what_goes_wrong_while_it_walks_is_a_named_fault_in_time(
    what: str, value: object, said: str, within: float
) -> None:
    bench = Bench().running()
    bench.play(2.0)
    if what == "ignores":
        bench.robot.speed = 0.0, 0.0, 0.0
    setattr(bench.robot, what, value)
    found, took = bench.fault(4.0)
    assert found.startswith(said)
    assert took <= within


def test_a_walk_that_ends_softly_stops_lies_down_and_is_damped() -> None:
    bench = Bench().running()
    bench.robot.sticks = 0.5
    bench.fault(0.5)
    before = len(bench.asked()) - 1
    bench.play(3.0)
    assert bench.asked()[before : before + 3] == [Call.STOP_MOVE, Call.STAND_DOWN, Call.DAMP]


def test_a_hard_fault_asks_for_damping_at_once_and_again() -> None:
    bench = Bench().running()
    bench.robot.error = 4201
    bench.fault(0.5)
    before = len(bench.robot.calls)
    bench.play(1.0)
    calls = bench.robot.calls[before - 1 :]
    assert {Call(api) for _, api in calls} == {Call.DAMP}
    assert 9 <= len(calls) <= 12


def test_a_call_that_is_refused_or_not_answered_is_a_fault_that_names_it() -> None:
    bench = Bench().armed()
    bench.robot.refuses = {1004: 4202}
    assert bench.fault(3.0)[0] == "robot: sport service: StandUp was refused with code 4202 (the service is not ready)"
    bench = Bench().armed()
    bench.play(0.2)
    bench.robot.silent = True
    said, took = bench.fault(8.0)
    assert "did not answer" in said or "was not answered" in said
    assert took < 6.0


def test_a_fault_is_forgotten_once_calls_are_answered_again() -> None:
    bench = Bench().armed()
    bench.robot.refuses = {1004: 4202}
    bench.fault(3.0)
    bench.play(1.0)
    state = bench.servo.observe()
    assert state.faults == ()
    assert bench.servo.guard.reset(state, bench.clock.now()) == ()


def test_calls_of_somebody_else_are_counted_and_bar_arming() -> None:
    bench = Bench().running()
    bench.bus.overhear(REQUEST, encode_request(1, 1008, "{}"))
    assert bench.fault(0.1)[0].startswith("second_writer: ")
    bench = Bench()
    bench.driver.connect()
    pause = bench.driver._pause

    def intruded(seconds: float) -> None:
        bench.bus.overhear(REQUEST, encode_request(1, 1016, "{}"))
        pause(seconds)

    bench.driver._pause = intruded  # type: ignore[method-assign]
    with pytest.raises(RobotFault, match="somebody else commands its controller"):
        bench.driver.activate()


def test_arming_starts_a_controller_where_none_runs_whatever_it_is_called() -> None:
    bench = Bench()
    bench.robot.mode, bench.robot.starts = "", ("mcf",)
    bench.armed()
    assert bench.robot.mode == "mcf"
    bench = Bench()
    bench.robot.mode, bench.robot.starts = "", ()
    with pytest.raises(RobotFault, match="expected one of normal, mcf to start, none runs"):
        bench.armed()


@pytest.mark.parametrize(
    "what, value, why",
    [
        ("gone", True, "'normal' runs, and tells no state within 0.5 s"),
        ("frozen", True, "'normal' runs, and tells no state within 0.5 s"),
        ("silent", True, "motion switcher: service motion_switcher, call 1001: no answer within 1 s"),
        ("sticks", -0.4, "holds a stick of its remote"),
    ],
)
def test_arming_fails_closed(what: str, value: object, why: str) -> None:
    bench = Bench()
    setattr(bench.robot, what, value)
    with pytest.raises(RobotFault, match=why):
        bench.armed()
    assert bench.robot.calls == []


def test_no_motor_is_ever_told_anything() -> None:
    bench = Bench().running()
    none = np.zeros(12)
    with pytest.raises(RobotError, match="expected finite velocities for its own controller, got servo"):
        bench.driver.write(RobotCommand(CommandMode.SERVO, none, none, none, none, none, bench.clock.now() + 0.1))
    walk = replace(RobotCommand.passive(CommandMode.WALK, 12, bench.clock.now() + 0.1), walk=np.full(3, np.nan))
    with pytest.raises(RobotError, match="got walk"):
        bench.driver.write(walk)
    assert bench.asked()[-1] is Call.DAMP


def test_a_velocity_that_is_over_is_damping() -> None:
    bench = Bench().running()
    walk = replace(RobotCommand.passive(CommandMode.WALK, 12, bench.clock.now()), walk=np.array(AHEAD))
    assert bench.driver.write(walk).mode is CommandMode.DAMP


def test_the_last_thing_asked_for_is_damping_for_half_a_second() -> None:
    bench = Bench().running()
    before = len(bench.asked())
    bench.driver.close()
    assert bench.asked()[before:] == [Call.DAMP] * 5
    with pytest.raises(LinkLost):
        bench.driver.read()


def test_the_guard_bounds_velocities_and_how_fast_they_change() -> None:
    bench = Bench().running()
    walk = replace(RobotCommand.passive(CommandMode.WALK, 12, bench.clock.now() + 1.0), walk=np.array((9.0, 0.0, -9.0)))
    guard, state = bench.servo.guard, bench.servo.observe()
    before = np.array(bench.servo.act(bench.clock.now()).sent.walk)  # type: ignore[union-attr]
    verdict = guard.check(walk, state, bench.clock.now())
    assert np.abs(verdict.command.walk - before).max() <= SPEC.checks.slew.limit * PERIOD + 1e-12
    assert {trip.check for trip in verdict.trips} == {"range", "slew"}
    for _ in range(150):
        verdict = guard.check(walk, replace(state, velocity=np.full(3, np.nan)), bench.clock.now())
    assert verdict.command.walk.tolist() == [0.7, 0.0, -1.2]
    for wrong in (np.array((0.1, np.nan, 0.0)), np.zeros(2)):
        verdict = guard.check(replace(walk, walk=wrong), state, bench.clock.now())
        assert not verdict.follows


def test_a_robot_with_other_actions_or_another_drive_is_refused() -> None:
    for other in ("go2", "go2-walker"):
        with pytest.raises(ValueError, match="expected drive.kind sport and the actions forward, lateral, turn"):
            Go2Sport(robots.spec(other), VirtualClock(), Bench().bus.join)
