"""The guard of a robot that its own controller walks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from controller.settings import robots
from hardware.guard.checks import Watch
from hardware.guard.guard import Guard
from hardware.guard.state_machine import Mode
from hardware.robot import DRIVEN, CommandMode, RobotCommand, RobotState
from tests.hardware.four_legs import state

SPEC = robots.spec("go2-sport")
PERIOD = 1.0 / SPEC.servo_hz
LOW, HIGH = (np.array([getattr(action, end) for action in SPEC.actions]) for end in ("low", "high"))
NUMBERS = some.sampled_from([0.0, 0.3, -0.3, 1e9, -1e9, np.nan, np.inf])
STEPS = some.lists(
    some.tuples(
        some.sampled_from(CommandMode),
        some.lists(NUMBERS, min_size=2, max_size=4),
        some.sampled_from([None, *Mode]),
        some.booleans(),
        some.integers(1, 60),
    ),
    max_size=12,
)


def walk(velocity: list[float], expires: float, mode: CommandMode = CommandMode.WALK) -> RobotCommand:
    return replace(RobotCommand.passive(mode, 12, expires), walk=np.array(velocity))


def seen(now: float, ready: float = 1.0, speed: float = 0.0, turn: float = 0.0) -> RobotState:
    gyro = np.array((0.0, 0.0, turn)) + 1e-6 * np.sin(1e3 * now)
    return replace(state(now), ready=ready, velocity=np.array((speed, 0.0, 0.0)), gyro=gyro)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_motor_is_told_anything_and_no_velocity_is_out_of_bounds_whatever_comes(steps: object) -> None:
    assert isinstance(steps, list)
    guard, now, before = Guard(SPEC), 0.0, np.zeros(3)
    for mode, velocity, request, ready, cycles in steps:
        if request in {Mode.PASSIVE, Mode.DAMP, Mode.STAND, Mode.RUN, Mode.ESTOP}:
            guard.request(request)
        for _ in range(cycles):
            now += PERIOD
            sent = guard.check(walk(velocity, now + 0.1, mode), seen(now, float(ready)), now).command
            assert sent.mode is not CommandMode.SERVO
            assert not np.concatenate((sent.position, sent.velocity, sent.torque, sent.kp)).any()
            if sent.mode is not CommandMode.WALK:
                before = np.zeros(3)
                continue
            assert guard.mode is Mode.RUN
            assert (sent.walk >= LOW).all()
            assert (sent.walk <= HIGH).all()
            assert np.abs(sent.walk - before).max() <= SPEC.checks.slew.limit * PERIOD + 1e-12
            before = sent.walk


def test_it_runs_when_its_controller_is_ready_and_not_before() -> None:
    guard, now = Guard(SPEC), 0.0
    guard.request(Mode.RUN)
    for ready in (0.0, 1.0):
        for _ in range(500):
            now += PERIOD
            verdict = guard.check(walk([0.1, 0.0, 0.0], now + 0.1), seen(now, ready), now)
        assert (verdict.mode is Mode.RUN) is bool(ready)
        assert verdict.command.mode is (CommandMode.WALK if ready else CommandMode.STAND)


def test_without_commands_it_stops_and_is_damped_as_any_robot() -> None:
    guard, now = Guard(SPEC), 0.0
    guard.request(Mode.RUN)
    for _ in range(200):
        now += PERIOD
        guard.check(walk([0.1, 0.0, 0.0], now + 0.1), seen(now), now)
    now += PERIOD
    held = guard.check(None, seen(now), now).command
    assert (held.mode, held.walk.shape) == (CommandMode.WALK, (3,))
    for _ in range(60):
        now += PERIOD
        verdict = guard.check(None, seen(now), now)
    assert verdict.command.mode is CommandMode.DAMP


@pytest.mark.parametrize("robot, mode", [("go2", CommandMode.WALK), ("go2", CommandMode.STAND), ("go2-sport", None)])
def test_commands_of_the_other_kind_of_robot_are_refused(robot: str, mode: CommandMode | None) -> None:
    guard, now = Guard(robots.spec(robot)), 0.0
    guard.request(Mode.RUN)
    asked = walk([0.1, 0.0, 0.0], 99.0, mode or CommandMode.SERVO)
    for _ in range(100):
        now += PERIOD
        verdict = guard.check(asked, seen(now), now)
        assert not verdict.follows
    assert asked.mode in DRIVEN


def score(told: list[float], speed: float, turn: float, seconds: float) -> float:
    """What obedience is after a while of a velocity that was told and one that came of it."""
    watch, sent = Watch(SPEC), walk(told, 99.0)
    reading = watch.readings()["obedience"]
    for cycle in range(round(seconds / PERIOD)):
        watch.learn(seen(cycle * PERIOD, speed=speed, turn=turn), cycle * PERIOD, sent, walks=True)
    return reading.value(seen(0.0), 0.0)


@pytest.mark.parametrize(
    "told, speed, turn, bad",
    [
        ([0.5, 0.0, 0.0], 0.5, 0.0, False),
        ([0.5, 0.0, 0.0], 0.25, 0.0, False),  # a limp, or a load
        ([0.5, 0.0, 0.0], 0.0, 0.0, True),
        ([0.0, -0.4, 0.0], 0.0, 0.0, True),
        ([0.0, 0.0, 0.8], 0.0, 0.8, False),
        ([0.0, 0.0, 0.8], 0.0, 0.0, True),
        ([0.0, 0.0, 0.8], 0.0, -0.8, True),
        ([0.0, 0.0, 0.0], 0.8, 0.0, True),
        ([0.1, 0.0, 0.0], 0.0, 0.0, False),  # too slow to tell
        ([0.5, 0.0, 0.0], np.nan, 0.0, False),  # not measured
    ],
)
def test_a_robot_that_does_not_go_as_it_was_told_is_noticed(
    told: list[float], speed: float, turn: float, bad: bool
) -> None:
    assert (score(told, speed, turn, 4.0) > SPEC.checks.obedience.limit) is bad


def test_a_start_and_a_push_are_no_disobedience() -> None:
    assert score([0.7, 0.0, 0.0], 0.0, 0.0, 0.5) < SPEC.checks.obedience.limit
    assert score([0.0, 0.0, 0.0], 1.3, 0.0, 0.3) < SPEC.checks.obedience.limit
