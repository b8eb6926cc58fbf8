"""The guard: nothing invalid passes, and a fallen robot stays stopped."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.guard.guard import LEASE, Guard
from hardware.guard.state_machine import Mode
from hardware.limits import Check, Severity
from hardware.robot import CommandMode, RobotCommand, RobotState
from hardware.spec import RobotSpec
from tests.hardware.loopback import assert_safe, make_spec, make_state


def running(spec: RobotSpec | None = None) -> Guard:
    guard = Guard(make_spec() if spec is None else spec)
    guard.request(Mode.RUN)
    return guard


def servo(left: float, right: float, expires: float = 1.0) -> RobotCommand:
    return RobotCommand.speeds(np.array([left, right]), expires)


def test_good_command_passes_unchanged() -> None:
    verdict = running().check(servo(20.0, 30.0, expires=0.05), make_state(), 0.0)
    assert not verdict.reasons
    assert verdict.follows
    assert (verdict.fault, verdict.mode) == (None, Mode.RUN)
    assert verdict.command.velocity.tolist() == [20.0, 30.0]
    assert verdict.command.expires == 0.05


def test_nothing_passes_before_somebody_asks_to_run() -> None:
    guard = Guard(make_spec())
    assert guard.check(servo(20.0, 30.0), make_state(), 0.0).command.mode is CommandMode.OFF
    guard.request(Mode.DAMP)
    assert guard.check(servo(20.0, 30.0), make_state(), 0.0).command.mode is CommandMode.DAMP
    guard.request(Mode.RUN)
    assert guard.check(servo(20.0, 30.0), make_state(), 0.0).command.mode is CommandMode.SERVO


def test_command_is_valid_for_no_longer_than_the_lease() -> None:
    verdict = running().check(servo(20.0, 30.0, expires=1e9), make_state(3.0), 3.0)
    assert verdict.command.expires == 3.0 + LEASE


def test_limits_are_kept_and_named() -> None:
    verdict = running().check(servo(-5.0, 99.0), make_state(), 0.0)
    assert verdict.command.velocity.tolist() == [0.0, 57.0]
    assert verdict.reasons == ("range: velocity of left -5 -> 0, right 99 -> 57",)
    assert verdict.reasons


def test_slew_is_kept_cycle_after_cycle() -> None:
    guard = running(make_spec(servo_hz=100.0, slew=1000.0))
    speeds = [guard.check(servo(25.0, 5.0), make_state(), 0.0).command.velocity.tolist() for _ in range(3)]
    assert speeds == [[10.0, 5.0], [20.0, 5.0], [25.0, 5.0]]


def test_after_damping_the_speed_is_built_up_from_zero_again() -> None:
    guard = running(make_spec(slew=1000.0))
    for _ in range(3):
        guard.check(servo(25.0, 25.0), make_state(), 0.0)
    assert guard.check(servo(math.nan, 25.0), make_state(), 0.01).command.mode is CommandMode.DAMP
    assert guard.check(servo(25.0, 25.0), make_state(), 0.02).command.velocity.tolist() == [10.0, 10.0]


@pytest.mark.parametrize(
    "command, reason",
    [
        (servo(math.nan, 1.0), "command: not finite"),
        (servo(1.0, math.inf), "command: not finite"),
        (servo(1.0, 1.0, expires=math.nan), "command: not finite"),
        (servo(1.0, 1.0, expires=math.inf), "command: not finite"),
        (servo(1.0, 1.0, expires=-0.25), "command: expired 0.250 s ago"),
        (servo(1.0, 1.0, expires=0.0), "command: expired 0.000 s ago"),
        (RobotCommand.speeds(np.zeros(3), 1.0), "command: expected arrays (2,), got (3,)"),
    ],
)
def test_bad_command_damps_this_cycle_only(command: RobotCommand, reason: str) -> None:
    guard = running()
    verdict = guard.check(command, make_state(), 0.0)
    assert verdict.command.mode is CommandMode.DAMP
    assert verdict.reasons == (reason,)
    assert guard.fault is None
    assert not guard.check(servo(20.0, 20.0), make_state(), 0.0).reasons


def test_severity_of_a_bad_command_is_the_files_choice() -> None:
    for name, bad in (("finite", servo(math.nan, 1.0)), ("range", servo(99.0, 1.0)), ("command_age", None)):
        spec = make_spec()
        checks = replace(spec.checks, **{name: Check(Severity.HARD, 0.0)})
        guard = running(replace(spec, checks=checks))
        guard.check(servo(1.0, 1.0), make_state(), 0.0)
        assert guard.check(bad, make_state(0.01), 0.01).command.mode is CommandMode.DAMP
        assert guard.fault is not None
        assert (guard.fault.check, guard.mode) == (name, Mode.FAULT_DAMP)


@pytest.mark.parametrize(
    "state, now, check",
    [
        (make_state(tilt=1.3), 0.0, "tilt"),
        (make_state(tilt=math.pi), 0.0, "tilt"),
        (make_state(time=0.0), 0.051, "state_age"),
        (make_state(time=0.051), 0.0, "state_age"),
        (make_state(time=math.nan), 0.0, "state_age"),
        (make_state(quaternion=np.full(4, np.nan)), 0.0, "attitude"),
        (make_state(quaternion=np.zeros(4)), 0.0, "attitude"),
        (make_state(quaternion=np.array([1.1, 0.0, 0.0, 0.0])), 0.0, "attitude"),
        (make_state(faults=("overheated",)), 0.0, "robot"),
    ],
)
def test_bad_state_latches_until_reset(state: RobotState, now: float, check: str) -> None:
    guard = running()
    verdict = guard.check(servo(20.0, 20.0), state, now)
    assert verdict.command.mode is CommandMode.DAMP
    assert verdict.fault is not None
    assert verdict.fault.check == check
    again = guard.check(servo(20.0, 20.0), make_state(), 0.0)
    assert again.command.mode is CommandMode.DAMP
    assert (again.fault, again.mode) == (verdict.fault, Mode.FAULT_DAMP)
    assert not guard.request(Mode.RUN)
    assert guard.reset(make_state(), 0.0) == ()
    assert guard.fault is None
    assert guard.request(Mode.RUN)
    assert not guard.check(servo(20.0, 20.0), make_state(), 0.0).reasons


def test_reset_needs_a_robot_that_is_well_and_still() -> None:
    guard = running()
    guard.check(servo(20.0, 20.0), make_state(tilt=1.3), 0.0)
    assert guard.reset(make_state(tilt=1.3), 0.0) == ("tilt: 74.5 deg, limit 68.8",)
    turning = replace(make_state(), motor_velocity=np.array([0.1, 0.6]))
    assert guard.reset(turning, 0.0) == ("motors turn at 0.6 rad/s, limit 0.5",)
    assert guard.reset(replace(make_state(), motor_velocity=np.array([math.nan, 0.0])), 0.0) != ()
    assert guard.fault is not None
    assert guard.reset(make_state(), 0.0) == ()


def test_emergency_stop_holds_until_reset_too() -> None:
    guard = running()
    guard.check(servo(20.0, 20.0), make_state(), 0.0)
    guard.request(Mode.ESTOP)
    assert guard.check(servo(20.0, 20.0), make_state(), 0.0).command.mode is CommandMode.DAMP
    assert guard.check(servo(20.0, 20.0), make_state(tilt=2.0), 0.0).mode is Mode.ESTOP
    assert str(guard.fault) == "estop: asked for"
    assert not guard.request(Mode.STAND)


def test_a_soft_trip_damps_a_robot_without_poses() -> None:
    spec = make_spec()
    guard = running(replace(spec, checks=replace(spec.checks, tilt=Check(Severity.SOFT, 1.0))))
    assert not guard.check(servo(20.0, 20.0), make_state(), 0.0).reasons
    assert guard.check(servo(20.0, 20.0), make_state(tilt=1.1), 0.0).command.mode is CommandMode.DAMP
    assert (guard.mode, guard.request(Mode.RUN)) == (Mode.DAMP, False)


def test_state_is_watched_while_damping_too() -> None:
    guard = Guard(make_spec())
    guard.request(Mode.DAMP)
    guard.check(None, make_state(), 0.0)
    verdict = guard.check(None, make_state(tilt=1.3), 0.0)
    assert verdict.fault is not None
    assert "74.5 deg, limit 68.8" in str(verdict.fault)


def test_robot_without_attitude_runs_when_nobody_looks_at_it() -> None:
    unknown, spec = make_state(quaternion=np.full(4, np.nan)), make_spec()
    checks = replace(spec.checks, tilt=Check(), attitude=Check())
    assert not running(replace(spec, checks=checks)).check(servo(20.0, 20.0), unknown, 0.0).reasons


ANY = st.floats(allow_nan=True, allow_infinity=True)
MOSTLY_FINE = st.one_of(st.floats(-80.0, 80.0), ANY)
CYCLES = st.lists(
    st.tuples(
        st.sampled_from(CommandMode),
        MOSTLY_FINE,
        MOSTLY_FINE,
        st.one_of(st.floats(-0.05, 0.3), ANY),  # expires, after now
        st.one_of(st.floats(0.0, 0.04), ANY),  # age of the state
        st.one_of(st.floats(0.0, 1.1), ANY),  # tilt
    ),
    max_size=12,
)


@given(cycles=CYCLES, slew=st.floats(100.0, 6000.0))
def test_no_sequence_of_commands_and_states_gets_anything_unsafe_through(
    cycles: list[tuple[CommandMode, float, float, float, float, float]], slew: float
) -> None:
    spec = make_spec(slew=slew)
    guard, previous, faulted = running(spec), np.zeros(2), False
    for cycle, (mode, left, right, expires, age, tilt) in enumerate(cycles):
        now = 0.01 * cycle
        attitude = np.array([np.cos(tilt / 2), np.sin(tilt / 2), 0.0, 0.0]) if math.isfinite(tilt) else np.full(4, tilt)
        command = replace(RobotCommand.speeds(np.array([left, right]), now + expires), mode=mode)
        verdict = guard.check(command, make_state(now - age, quaternion=attitude), now)
        assert_safe(verdict.command, previous, now, spec)
        healthy = abs(age) <= 0.05 and math.isfinite(tilt) and math.cos(tilt) >= math.cos(1.2)
        faulted = faulted or guard.fault is not None
        assert (guard.fault is not None) >= (not healthy and abs(age - 0.05) > 1e-9)
        if faulted:
            assert verdict.command.mode is CommandMode.DAMP
        previous = verdict.command.velocity
