"""Commands against their effect, sensors against one another: lies in a recorded walk are found, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hardware.clock import VirtualClock
from hardware.guard.checks import Watch
from hardware.guard.obedience import Obedience
from hardware.guard.state_machine import Mode
from hardware.robot import FloatArray, RobotCommand, RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from sim.perturbations import parse
from tests.hardware.four_legs import COUNT, GO2

PERIOD = 1.0 / GO2.servo_hz
ONSET, SECONDS = 1.4, 3.0
"""Of a lie, and of the walk [s]."""
COMPARED = {"obedience", "motor", "stand_up", "constant", "gravity", "turning", "feet", "foot"}
STRIDE = np.array([[0.4, 0.0, 0.3, 0.07, 0.284, 0.297, 0.0, 0.0, 2.4]])


@dataclass(frozen=True)
class Cycle:
    time: float
    state: RobotState
    sent: RobotCommand


@functools.cache
def walk(*perturbations: str) -> tuple[Cycle, ...]:
    """A walk as the guard sees it: every state, and the command before it."""
    clock = VirtualClock()
    robot = SimRobot(GO2, clock, np.random.default_rng(0), perturbations=[parse(text) for text in perturbations])
    servo, cycles = Servo(robot), list[Cycle]()
    sent: RobotCommand | None = None
    with servo:
        servo.arm()
        for _ in range(round(SECONDS / PERIOD)):
            clock.sleep_until(clock.now() + PERIOD)
            servo.publish(ActionSchedule(clock.now(), 0.04, STRIDE, clock.now() + 0.3))
            state, before = servo.observe(), sent
            report = servo.act(clock.now())
            assert report.fault is None
            if report.mode is Mode.RUN and before is not None:
                cycles.append(Cycle(clock.now(), state, before))
            sent = report.sent
    return tuple(cycles)


def trips(
    lie: Callable[[RobotState], dict[str, object]] = lambda _: {},
    cycles: tuple[Cycle, ...] | None = None,
    told: Callable[[int], int] = lambda index: index,
) -> Mapping[str, float]:
    """The new checks that trip, each with the time from the lie to its first trip [s]."""
    watch, found = Watch(GO2), dict[str, float]()
    walked = walk() if cycles is None else cycles
    for index, cycle in enumerate(walked):
        lies = cycle.time >= ONSET
        state = replace(cycle.state, **lie(cycle.state)) if lies else cycle.state  # type: ignore[arg-type]
        watch.learn(state, cycle.time, walked[told(index)].sent, walks=True)
        for trip in (trip for trip in watch.look(state, cycle.time) if trip.check in COMPARED):
            found.setdefault(trip.check, round(cycle.time - ONSET, 3))
    return found


def frozen(name: str) -> Callable[[RobotState], dict[str, object]]:
    first: dict[str, object] = {}
    return lambda state: {name: first.setdefault(name, getattr(state, name))}


def share(most: int, of: float) -> FloatArray:
    """What the first so many motors give of their torque."""
    return np.where(np.arange(COUNT) < most, of, 1.0)


TURNED = np.array([[1.0, 0.0, 0.0], [0.0, 0.7, -0.7], [0.0, 0.7, 0.7]])


@pytest.mark.parametrize(
    "check, within, lie",
    [
        ("obedience", 0.5, lambda s: {"motor_torque": 0.0 * s.motor_torque}),
        ("obedience", 1.0, lambda s: {"motor_torque": s.motor_torque * share(9, 0.0)}),
        ("obedience", 0.5, lambda s: {"motor_torque": -s.motor_torque}),
        ("obedience", 0.2, lambda s: {"motor_position": np.degrees(s.motor_position)}),
        ("obedience", 0.5, lambda s: {"motor_position": s.motor_position[[0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10]]}),
        ("obedience", 1.0, lambda s: {"motor_position": s.motor_position + [0.0, 0.0, 0.4] * 4}),
        ("constant", 0.15, frozen("motor_position")),
        ("constant", 0.15, frozen("quaternion")),
        ("constant", 0.15, frozen("gyro")),
        ("constant", 0.15, frozen("accelerometer")),
        ("gravity", 1.0, lambda s: {"accelerometer": TURNED @ s.accelerometer}),
        ("gravity", 1.0, lambda s: {"accelerometer": -s.accelerometer}),
        ("turning", 1.0, lambda s: {"quaternion": s.quaternion[[1, 2, 3, 0]]}),
        ("turning", 0.5, lambda s: {"gyro": np.degrees(s.gyro)}),
        ("turning", 0.05, lambda s: {"quaternion": s.quaternion[[3, 0, 1, 2]]}),
        ("turning", 1.0, lambda s: {"gyro": -s.gyro}),
        ("feet", 1.0, lambda s: {"foot_force": s.foot_force[[1, 0, 3, 2]]}),
        ("feet", 1.0, lambda s: {"foot_force": 0.0 * s.foot_force}),
        ("feet", 1.5, lambda s: {"foot_force": 0.1 * s.foot_force}),
        ("feet", 1.0, lambda s: {"foot_force": 10.0 * s.foot_force}),
        ("feet", 1.5, lambda s: {"foot_force": np.full(4, 37.0)}),
    ],
)
def test_what_cannot_be_is_named_in_time(
    check: str, within: float, lie: Callable[[RobotState], dict[str, object]]
) -> None:
    assert trips(lie)[check] <= within


def test_motors_that_do_not_obey_are_named_while_most_do() -> None:
    assert set(trips(lambda s: {"motor_torque": s.motor_torque * share(3, 0.0)})) == {"motor"}
    assert set(trips(lambda s: {"motor_torque": s.motor_torque * share(6, 0.0)})) == {"motor", "obedience"}
    assert set(trips(lambda s: {"motor_torque": s.motor_torque * share(12, 0.28)})) == {"motor"}
    assert not trips(lambda s: {"motor_torque": s.motor_torque * share(12, 0.7)})


@pytest.mark.parametrize("gain, obeys", [(20.0, True), (35.0, False), (60.0, False)])
def test_joints_may_hang_as_far_from_their_set_points_as_a_soft_gain_lets_them(gain: float, obeys: bool) -> None:
    obedience, cycle = Obedience(GO2, PERIOD), walk()[-1]
    sent = replace(cycle.sent, kp=np.full(COUNT, gain), kd=np.zeros(COUNT), torque=np.zeros(COUNT))
    torque = np.minimum(gain * 0.5, GO2.limits.torque)
    state = replace(cycle.state, motor_position=sent.position - 0.5, motor_torque=torque)
    for _ in range(1000):
        obedience.note(sent)
        obedience.note(sent)
        obedience.look(state, sent)
    assert (obedience.most < 0.5) == obeys


def test_a_foot_that_says_nothing_is_named_while_most_are_right() -> None:
    assert set(trips(lambda s: {"foot_force": s.foot_force * [0.0, 1.0, 1.0, 1.0]})) == {"foot"}


def test_a_walk_is_nothing_to_speak_of_and_neither_are_commands_that_are_late() -> None:
    assert not trips()
    last = len(walk()) - 1
    for late in (5, 10, 20, 35):
        assert not trips(told=lambda index, late=late: min(index + late, last))  # type: ignore[misc]


@pytest.mark.parametrize(
    "perturbation",
    [
        "payload:mass=8,x=0.1,y=-0.08@1.4",
        "friction:mu=0.2@1.4",
        "slope:deg=10,heading_deg=90@1.4",
        "terrain:kind=turf@1.4",
        "noise:scale=2",
        "delay:ms=20",
        "gravity:z=-3.7@1.4",
    ],
)
def test_what_happens_to_a_robot_that_obeys_is_no_lie(perturbation: str) -> None:
    assert not {"motor", "foot"} & set(trips(cycles=walk(perturbation)))
    assert not trips(cycles=walk(perturbation))


@pytest.mark.parametrize(
    "perturbation, check",
    [
        ("dead_motor:name=rear_right_thigh@1.4", "motor"),
        ("stuck:name=rear_right_thigh@1.4", "motor"),
        ("leg_loss:leg=rear_right@1.0", "foot"),
    ],
)
def test_a_motor_or_a_leg_that_is_lost_is_said_and_no_more(perturbation: str, check: str) -> None:
    assert set(trips(cycles=walk(perturbation))) == {check}
