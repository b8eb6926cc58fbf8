"""What every robot behind the Robot protocol keeps, the simulated one and any other: life cycle, state, commands."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware import embodiment
from hardware.clock import Clock, VirtualClock
from hardware.guard.guard import Guard
from hardware.motors import PositionServo, VelocityServo
from hardware.robot import CommandMode, FloatArray, Robot, RobotCommand, RobotError
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from tests.hardware import every
from tests.hardware.loopback import LoopbackRobot


def loopback(clock: Clock) -> Robot:
    return LoopbackRobot(clock)


def simulated(robot: str, clock: Clock) -> Robot:
    return SimRobot(spec(robot), clock, np.random.default_rng(0))


MakeRobot = Callable[[Clock], Robot]
EVERY: dict[str, MakeRobot] = {"loopback": loopback, **{name: partial(simulated, name) for name in every.NAMES}}
each_robot = pytest.mark.parametrize("make", EVERY.values(), ids=EVERY.keys())
each_speed_robot = pytest.mark.parametrize(
    "make", [make for make in EVERY.values() if isinstance(make(VirtualClock()).spec.servo, VelocityServo)]
)
"""Robots whose motors turn when they are driven; tests/hardware/test_sim_robot.py has the same for one that stands."""


def ready(make: MakeRobot) -> tuple[Robot, VirtualClock]:
    clock = VirtualClock()
    robot = make(clock)
    robot.connect()
    robot.activate()
    return robot, clock


def cruise(robot: Robot) -> FloatArray:
    """A set-point in the middle of what every motor may do (n_motors,)."""
    return np.array([(action.low + action.high) / 2 for action in robot.spec.actions])


def command(robot: Robot, expires: float, mode: CommandMode = CommandMode.SERVO) -> RobotCommand:
    joints, none = robot.spec.servo, np.zeros(len(robot.spec.motors))
    if not isinstance(joints, PositionServo):
        return replace(RobotCommand.speeds(cruise(robot), expires), mode=mode)
    return RobotCommand(
        mode, np.array(joints.stand), none, none, np.array(joints.hold.kp), np.array(joints.hold.kd), expires
    )


def drive(robot: Robot, clock: VirtualClock, seconds: float) -> FloatArray:
    """Renew a command as the servo does; return the mean motor speed over the second half (n_motors,)."""
    start, count = clock.now(), round(seconds * robot.spec.servo_hz)
    angles = []
    for cycle in range(count):
        clock.sleep_until(start + cycle / robot.spec.servo_hz)
        angles.append(robot.read().motor_position)
        robot.write(command(robot, clock.now() + 0.05))
    half = count // 2
    return np.asarray((angles[-1] - angles[half]) * robot.spec.servo_hz / (count - 1 - half))


@each_robot
def test_spec_serves_embodiment_guard_and_rates(make: MakeRobot) -> None:
    facts = make(VirtualClock()).spec
    embodiment.embody(facts)
    Guard(facts)
    assert facts.servo_hz / facts.control_hz == round(facts.servo_hz / facts.control_hz)
    assert len({channel.name for channel in facts.channels}) == len(facts.channels)
    for action in facts.actions:
        assert action.low < action.high


@each_speed_robot
def test_slew_limit_lets_the_whole_range_of_actions_through_in_one_servo_cycle(make: MakeRobot) -> None:
    """An action that is slewed into over several cycles is no action held over a tick: nothing is learned from it."""
    facts = make(VirtualClock()).spec
    largest = max(action.high - min(action.low, action.rest) for action in facts.actions)
    assert facts.checks.slew.limit / facts.servo_hz >= largest


@each_robot
def test_nothing_works_before_connect(make: MakeRobot) -> None:
    robot = make(VirtualClock())
    with pytest.raises(RobotError):
        robot.read()
    with pytest.raises(RobotError):
        robot.activate()
    with pytest.raises(RobotError):
        robot.write(command(robot, 1.0))


@each_robot
def test_write_is_refused_before_activate_and_after_deactivate(make: MakeRobot) -> None:
    robot = make(VirtualClock())
    robot.connect()
    with pytest.raises(RobotError, match="write"):
        robot.write(command(robot, 1.0))
    robot.activate()
    robot.write(command(robot, 1.0))
    robot.deactivate()
    with pytest.raises(RobotError, match="write"):
        robot.write(command(robot, 1.0))


@each_robot
def test_read_works_from_connect_to_close(make: MakeRobot) -> None:
    robot = make(VirtualClock())
    robot.connect()
    numbers = [robot.read().seq]
    robot.activate()
    numbers.append(robot.read().seq)
    robot.deactivate()
    numbers.append(robot.read().seq)
    assert numbers == sorted(set(numbers))
    robot.close()
    with pytest.raises(RobotError):
        robot.read()


@each_robot
def test_damp_and_close_never_raise(make: MakeRobot) -> None:
    robot = make(VirtualClock())
    robot.damp()
    robot.close()
    robot.close()
    robot.connect()
    robot.damp()
    robot.activate()
    robot.damp()
    robot.damp()
    robot.close()
    robot.damp()
    robot.close()


@each_robot
def test_state_is_complete_and_fresh(make: MakeRobot) -> None:
    robot, clock = ready(make)
    for tick in range(5):
        clock.sleep_until(0.0373 * tick)
        state = robot.read()
        assert -1e-9 <= clock.now() - state.time <= robot.spec.checks.state_age.limit
        assert np.linalg.norm(state.quaternion) == pytest.approx(1.0, abs=1e-6)
        motors = (len(robot.spec.motors),)
        assert state.motor_position.shape == state.motor_velocity.shape == motors
        observation = embodiment.observe(robot.spec, embodiment.embody(robot.spec).annotate(state))
        assert observation.shape == (len(robot.spec.channels),)
        assert np.isfinite(observation).all()


@each_robot
def test_state_once_read_does_not_change(make: MakeRobot) -> None:
    robot, clock = ready(make)
    state = robot.read()
    before = embodiment.observe(robot.spec, state)
    drive(robot, clock, 0.1)
    assert np.array_equal(embodiment.observe(robot.spec, state), before, equal_nan=True)


@each_speed_robot
def test_motors_follow_their_set_points(make: MakeRobot) -> None:
    robot, clock = ready(make)
    assert drive(robot, clock, 1.0) == pytest.approx(cruise(robot), rel=0.4)


@each_robot
def test_write_returns_what_was_sent(make: MakeRobot) -> None:
    robot, _ = ready(make)
    sent = robot.write(command(robot, 0.5))
    assert sent.mode is CommandMode.SERVO
    assert np.isfinite(sent.velocity).all()
    assert sent.velocity.shape == (len(robot.spec.motors),)
    assert sent.expires <= 0.5


def still(robot: Robot, clock: VirtualClock) -> bool:
    """Whether no motor turns any more half a second from now."""
    clock.sleep_until(clock.now() + 0.5)
    before = robot.read().motor_position
    clock.sleep_until(clock.now() + 0.2)
    return bool(np.abs(robot.read().motor_position - before).max() < math.radians(5.0))


@each_speed_robot
def test_expired_command_is_not_followed(make: MakeRobot) -> None:
    robot, clock = ready(make)
    drive(robot, clock, 0.5)
    assert still(robot, clock)


@each_speed_robot
def test_command_that_lasts_is_followed_until_it_expires(make: MakeRobot) -> None:
    robot, clock = ready(make)
    robot.write(command(robot, 1.5))
    assert not still(robot, clock)
    clock.sleep_until(1.5)
    assert still(robot, clock)


@each_speed_robot
@pytest.mark.parametrize("stop", ["damp", "deactivate", "damp command"])
def test_every_way_to_stop_stops(make: MakeRobot, stop: str) -> None:
    robot, clock = ready(make)
    robot.write(command(robot, 100.0))
    clock.sleep_until(0.3)
    robot.read()
    if stop == "damp command":
        robot.write(command(robot, 100.0, CommandMode.DAMP))
    else:
        {"damp": robot.damp, "deactivate": robot.deactivate}[stop]()
    assert still(robot, clock)


@each_speed_robot
def test_robot_can_be_used_again_after_close_and_follows_no_old_command(make: MakeRobot) -> None:
    robot, clock = ready(make)
    robot.write(command(robot, 100.0))
    clock.sleep_until(0.3)
    robot.close()
    robot.connect()
    robot.activate()
    assert still(robot, clock)


@each_speed_robot
def test_servo_leaves_the_robot_at_rest(make: MakeRobot) -> None:
    clock = VirtualClock()
    robot = make(clock)
    with Servo(robot) as servo:
        servo.arm()
        drive(robot, clock, 0.3)
    robot.connect()
    assert still(robot, clock)


@each_robot
def test_two_robots_of_one_seed_report_the_same_bits(make: MakeRobot) -> None:
    runs = []
    for _ in range(2):
        robot, clock = ready(make)
        drive(robot, clock, 0.3)
        runs.append(embodiment.observe(robot.spec, robot.read()))
    assert np.array_equal(runs[0], runs[1], equal_nan=True)


@pytest.mark.parametrize("name", every.NAMES)
def test_angles_that_are_told_within_a_turn_change_the_short_way_round(name: str) -> None:
    """Else a body on its back, or a gait, seems to jump by full turns; in a plane the pitch counts them."""
    robot = spec(name)
    within = () if robot.anatomy.root == "planar" else ("roll", "pitch", "gait_phase")
    kinds = {channel.name: channel.kind for channel in robot.channels if channel.name in within}
    assert set(kinds.values()) <= {"circular"}, kinds
