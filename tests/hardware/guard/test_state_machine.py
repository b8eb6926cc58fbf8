"""The modes: the way up, the way down, and what only a reset leads out of."""

from __future__ import annotations

import pytest

from hardware.guard.checks import Trip
from hardware.guard.state_machine import Mode, StateMachine
from hardware.limits import Severity

HARD = Trip("tilt", Severity.HARD, "too far")
SOFT = Trip("charge", Severity.SOFT, "empty")
WARN = Trip("charge", Severity.WARN, "low")


def walk(
    machine: StateMachine, steps: int = 12, arrived: bool = True, overdue: bool = False, live: bool = True
) -> list[Mode]:
    """Step until nothing changes; return the modes on the way."""
    modes = [machine.mode]
    for _ in range(steps):
        mode = machine.step(arrived=arrived, overdue=overdue, live=live)
        if mode is not modes[-1]:
            modes.append(mode)
    return modes


def at(mode: Mode) -> StateMachine:
    machine = StateMachine(poses=True)
    machine.mode = mode
    machine.target = Mode.RUN if mode in {Mode.STAND_UP, Mode.RUN} else Mode.STAND if mode is Mode.STAND else Mode.DAMP
    return machine


def test_the_way_up_and_down() -> None:
    machine = StateMachine(poses=True)
    machine.request(Mode.RUN)
    assert walk(machine) == [Mode.PASSIVE, Mode.DAMP, Mode.STAND_UP, Mode.STAND, Mode.RUN]
    machine.request(Mode.PASSIVE)
    assert walk(machine) == [Mode.RUN, Mode.STAND, Mode.SIT_DOWN, Mode.DAMP, Mode.PASSIVE]


def test_it_waits_for_poses_and_for_a_plan() -> None:
    machine = StateMachine(poses=True)
    machine.request(Mode.RUN)
    assert walk(machine, arrived=False)[-1] is Mode.STAND_UP
    assert walk(machine, live=False)[-1] is Mode.STAND
    assert walk(machine)[-1] is Mode.RUN
    machine.request(Mode.STAND)
    assert walk(machine) == [Mode.RUN, Mode.STAND]


def test_a_change_of_mind_turns_round_on_the_way() -> None:
    machine = at(Mode.STAND_UP)
    machine.request(Mode.DAMP)
    assert walk(machine, arrived=False) == [Mode.STAND_UP, Mode.SIT_DOWN]
    machine.request(Mode.STAND)
    assert walk(machine, arrived=False) == [Mode.SIT_DOWN, Mode.STAND_UP]


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in {Mode.PASSIVE, Mode.ESTOP}])
def test_a_hard_trip_damps_from_anywhere_and_holds(mode: Mode) -> None:
    machine = at(mode)
    machine.latch(HARD)
    assert (machine.mode, machine.fault) == (Mode.FAULT_DAMP, HARD)
    assert not machine.request(Mode.RUN)
    assert walk(machine) == [Mode.FAULT_DAMP]
    machine.reset()
    assert machine.fault is None
    assert walk(machine) == [Mode.DAMP]
    assert machine.request(Mode.STAND)
    assert walk(machine)[-1] is Mode.STAND


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.STAND, Mode.RUN, Mode.SIT_DOWN])
def test_a_soft_trip_makes_it_sit_down_at_once(mode: Mode) -> None:
    machine = at(mode)
    machine.latch(SOFT)
    assert walk(machine, arrived=False)[-1] is Mode.SIT_DOWN
    assert walk(machine)[-1] is Mode.DAMP
    assert not machine.request(Mode.RUN)
    machine.reset()
    assert machine.request(Mode.RUN)


def test_a_hard_trip_overrides_sitting_down() -> None:
    machine = at(Mode.RUN)
    machine.latch(SOFT)
    walk(machine, arrived=False)
    machine.latch(HARD)
    assert (machine.mode, machine.fault) == (Mode.FAULT_DAMP, SOFT)


@pytest.mark.parametrize("mode", Mode)
def test_the_emergency_stop_works_from_anywhere_and_holds(mode: Mode) -> None:
    machine = at(mode)
    machine.request(Mode.ESTOP)
    machine.request(Mode.ESTOP)
    machine.latch(HARD)
    machine.request(Mode.RUN)
    assert walk(machine) == [Mode.ESTOP]
    machine.reset()
    assert machine.fault is None
    assert machine.mode is (Mode.PASSIVE if mode is Mode.PASSIVE else Mode.DAMP)  # motors that were off stay off


def test_a_pose_that_is_never_reached_holds_nothing_up_on_the_way_down() -> None:
    machine = StateMachine(poses=True)
    machine.request(Mode.RUN)
    assert walk(machine, arrived=False, overdue=True)[-1] is Mode.STAND_UP
    walk(machine)
    machine.request(Mode.DAMP)
    assert walk(machine, arrived=False) == [Mode.RUN, Mode.STAND]
    assert walk(machine, arrived=False, overdue=True) == [Mode.STAND, Mode.SIT_DOWN, Mode.DAMP]


def test_what_only_warns_changes_nothing() -> None:
    machine = at(Mode.RUN)
    machine.latch(WARN)
    assert walk(machine) == [Mode.RUN]


def test_motors_that_are_off_and_stay_off_are_not_concerned() -> None:
    machine = StateMachine(poses=True)
    machine.latch(HARD)
    assert (machine.mode, machine.fault) == (Mode.PASSIVE, None)
    machine.request(Mode.RUN)
    machine.latch(HARD)
    assert machine.mode is Mode.FAULT_DAMP


def test_after_a_collapse_it_takes_a_request_to_get_up() -> None:
    machine = at(Mode.RUN)
    machine.collapse()
    assert walk(machine) == [Mode.DAMP]
    machine.request(Mode.RUN)
    assert walk(machine)[-1] is Mode.RUN


def test_a_robot_without_poses_is_there_at_once() -> None:
    machine = StateMachine(poses=False)
    machine.request(Mode.RUN)
    assert machine.step(arrived=False, overdue=False, live=False) is Mode.RUN
    machine.latch(SOFT)
    assert machine.step(arrived=False, overdue=False, live=False) is Mode.DAMP


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.FAULT_DAMP])
def test_nobody_can_ask_for_a_mode_in_between(mode: Mode) -> None:
    with pytest.raises(
        ValueError, match=f"expected one of passive, damp, stand, run, sit_down, estop, got {mode.value}"
    ):
        StateMachine(poses=True).request(mode)


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.STAND, Mode.RUN])
def test_one_that_is_asked_to_sit_down_does_not_stand_before_it(mode: Mode) -> None:
    machine = at(mode)
    assert machine.request(Mode.SIT_DOWN)
    assert walk(machine, arrived=False) == [mode, Mode.SIT_DOWN]
    assert walk(machine) == [Mode.SIT_DOWN, Mode.DAMP]
    assert machine.request(Mode.RUN)
    assert walk(machine)[-1] is Mode.RUN


@pytest.mark.parametrize("mode", [Mode.PASSIVE, Mode.DAMP, Mode.FAULT_DAMP, Mode.ESTOP])
def test_one_that_is_down_stays_as_it_is_when_asked_to_sit_down(mode: Mode) -> None:
    machine = at(mode)
    machine.target = mode if mode is Mode.PASSIVE else Mode.DAMP
    machine.request(Mode.SIT_DOWN)
    assert walk(machine) == [mode]


def test_one_without_poses_that_is_asked_to_sit_down_is_damped() -> None:
    machine = StateMachine(poses=False)
    machine.request(Mode.RUN)
    assert walk(machine)[-1] is Mode.RUN
    machine.request(Mode.SIT_DOWN)
    assert walk(machine)[-1] is Mode.DAMP
