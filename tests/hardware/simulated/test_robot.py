from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware import embodiment
from hardware.clock import VirtualClock, WallClock
from hardware.guard.state_machine import Mode
from hardware.motors import PositionServo
from hardware.robot import CommandMode, FloatArray, LinkLost, RobotCommand, RobotError, RobotFault, RobotState
from hardware.schedule import ActionSchedule
from hardware.servo.servo import Servo
from hardware.simulated.robot import SimRobot
from sim.perturbations import channels, parse
from tests.hardware.six_legs import ROACH
from tests.sim.anatomies import ANATOMIES

FAST = np.array([40.0, 40.0])


def ready(*perturbations: str, seed: int = 0, start: float = 0.0) -> tuple[SimRobot, VirtualClock]:
    clock = VirtualClock(start)
    robot = SimRobot(ROACH, clock, np.random.default_rng(seed), perturbations=[parse(text) for text in perturbations])
    robot.connect()
    robot.activate()
    return robot, clock


def go(velocity: FloatArray, expires: float) -> RobotCommand:
    return RobotCommand.speeds(velocity, expires)


def drive(robot: SimRobot, clock: VirtualClock, ticks: int, rate: float = 20.0) -> list[RobotState]:
    start, states = clock.now(), []
    for tick in range(ticks):
        robot.write(go(FAST, clock.now() + 0.2))
        clock.sleep_until(start + (tick + 1) / rate)
        states.append(robot.read())
    return states


def test_the_spec_fits_the_embodiment_and_the_published_speeds() -> None:
    assert [channel.name for channel in ROACH.channels[:3]] == ["x", "y", "yaw"]
    assert len(ROACH.channels) == 19
    assert all(np.isclose((action.low, action.high), (2 * 2 * np.pi, 9 * 2 * np.pi)).all() for action in ROACH.actions)
    assert ROACH.servo_hz % 20 == ROACH.servo_hz % 50 == 0


def test_one_seed_gives_the_same_bits_at_any_time_of_day() -> None:
    first, second = (drive(*ready("leg_loss:leg=left_middle@0.5", seed=7), ticks=30) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(embodiment.observe(ROACH, one), embodiment.observe(ROACH, other))


def test_physics_follows_the_clock_however_often_one_reads() -> None:
    robot, clock = ready(start=100.0)
    assert robot.read().time == pytest.approx(100.0)
    clock.sleep_until(100.0504)
    assert robot.read().time == pytest.approx(100.050)
    assert robot.read().time == pytest.approx(100.050)
    assert robot.read().seq == 4


def test_measurements_are_noisy_and_the_truth_is_not() -> None:
    robot, clock = ready()
    drive(robot, clock, 10)
    assert np.array_equal(robot.true_state().position, robot.true_state().position)
    assert not np.array_equal(robot.read().position, robot.read().position)
    errors = [robot.read().position - robot.true_state().position for _ in range(50)]
    assert np.abs(errors).max() < 0.002


def test_commands_are_followed_until_they_expire() -> None:
    robot, clock = ready()
    robot.write(go(FAST, 0.5))
    clock.sleep_until(0.49)
    assert robot.true_state().motor_velocity == pytest.approx(FAST, rel=0.1)
    clock.sleep_until(0.7)
    assert np.abs(robot.true_state().motor_velocity).max() < 1.0


@pytest.mark.parametrize("mode", [CommandMode.DAMP, CommandMode.OFF])
def test_other_modes_brake(mode: CommandMode) -> None:
    robot, clock = ready()
    drive(robot, clock, 10)
    robot.write(replace(RobotCommand.speeds(FAST, np.inf), mode=mode))
    clock.sleep_until(clock.now() + 0.2)
    assert np.abs(robot.true_state().motor_velocity).max() < 1.0


def test_the_life_cycle_is_kept() -> None:
    clock = VirtualClock()
    robot = SimRobot(ROACH, clock, np.random.default_rng(0))
    with pytest.raises(LinkLost, match="connect"):
        robot.read()
    with pytest.raises(RobotFault, match="connect"):
        robot.activate()
    robot.connect()
    robot.read()
    with pytest.raises(RobotError, match="activate"):
        robot.write(go(FAST, 1.0))
    robot.activate()
    robot.close()
    robot.close()
    robot.damp()
    with pytest.raises(LinkLost, match="connect"):
        robot.read()


def test_time_stands_still_while_disconnected() -> None:
    robot, clock = ready()
    drive(robot, clock, 4)
    before = robot.physics.time()
    robot.close()
    clock.sleep_until(50.0)
    robot.connect()
    robot.read()
    assert robot.physics.time() == pytest.approx(before)


def test_the_true_condition_follows_the_time_line() -> None:
    robot, clock = ready("leg_loss:leg=left_middle@0.1-0.2")
    index = channels(ANATOMIES["roach"]).index("present_left_middle")
    present = []
    for tick in range(5):
        clock.sleep_until(0.05 * (tick + 1))
        robot.read()
        present.append(robot.true_condition()[index])
    assert present == [1.0, 0.0, 0.0, 1.0, 1.0]


def test_a_broken_simulation_is_a_lost_link() -> None:
    robot, clock = ready()
    robot.physics.data.qvel[:] = np.nan
    clock.sleep_until(0.1)
    with pytest.raises(LinkLost, match="physics at"):
        robot.read()


def test_an_unknown_terrain_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of flat"):
        SimRobot(ROACH, VirtualClock(), np.random.default_rng(0), terrain="lawn")


def test_on_the_wall_clock_it_paces_itself_and_threads_may_look_on() -> None:
    clock = WallClock()
    robot = SimRobot(ROACH, clock, np.random.default_rng(0))
    robot.connect()
    robot.activate()
    done, seen = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            seen.append(robot.qpos)

    thread = threading.Thread(target=look)
    thread.start()
    start = clock.now()
    while clock.now() < start + 0.3:
        robot.write(go(FAST, clock.now() + 0.1))
        state = robot.read()
    done.set()
    thread.join()
    assert state.time <= clock.now()
    assert state.time - start <= robot.physics.time() <= clock.now() - start + 0.1
    assert np.isfinite(seen).all()


def quadruped(pose: Sequence[float] | None = None) -> tuple[SimRobot, VirtualClock]:
    clock = VirtualClock()
    robot = SimRobot(spec("go2"), clock, np.random.default_rng(0), pose=pose)
    robot.connect()
    robot.activate()
    return robot, clock


def stand(robot: SimRobot, expires: float, mode: CommandMode = CommandMode.SERVO) -> RobotCommand:
    joints, none = robot.spec.servo, np.zeros(12)
    assert isinstance(joints, PositionServo)
    pose, kp, kd = (np.array(values) for values in (joints.stand, joints.hold.kp, joints.hold.kd))
    return RobotCommand(mode, pose, none, none, kp, kd, expires)


def height(robot: SimRobot) -> float:
    return float(robot.true_state().position[2])


def test_a_quadruped_stands_while_its_command_lasts_and_sinks_when_it_is_over() -> None:
    robot, clock = quadruped()
    robot.write(stand(robot, 1.0))
    clock.sleep_until(1.0)
    assert height(robot) > 0.28
    clock.sleep_until(4.0)
    assert height(robot) < 0.15


@pytest.mark.parametrize("stop", ["damp", "deactivate", "close", "damp command", "off command"])
def test_every_way_to_stop_a_quadruped_lets_it_sink(stop: str) -> None:
    robot, clock = quadruped()
    robot.write(stand(robot, 100.0))
    clock.sleep_until(0.5)
    robot.read()
    if stop.endswith("command"):
        robot.write(stand(robot, 100.0, CommandMode.OFF if stop.startswith("off") else CommandMode.DAMP))
    else:
        {"damp": robot.damp, "deactivate": robot.deactivate, "close": robot.close}[stop]()
    if stop == "close":
        robot.connect()
    clock.sleep_until(4.0)
    assert height(robot) < 0.15


def test_a_quadruped_says_what_its_sensors_and_its_clock_say() -> None:
    robot, clock = quadruped()
    robot.write(stand(robot, 100.0))
    clock.sleep_until(1.0)
    state = robot.read()
    assert state.foot_force.sum() == pytest.approx(15.2 * 9.81, rel=0.1)
    assert state.accelerometer[2] == pytest.approx(9.81, abs=0.8)
    assert state.tick == pytest.approx(1.0)
    assert 25.5 < state.battery < 30.0
    assert 0.99 < state.charge < 1.0
    assert np.isnan(state.motor_temperature).all()


def test_a_guarded_quadruped_stands_up_from_the_ground_and_walks() -> None:
    joints = spec("go2").servo
    assert isinstance(joints, PositionServo)
    robot, clock = quadruped(pose=joints.sit)
    with Servo(robot) as servo:
        servo.arm()
        ahead = np.array([[0.4 if action.name == "forward" else action.rest for action in robot.spec.actions]])
        modes = []
        for cycle in range(3000):
            clock.sleep_until(cycle / robot.spec.servo_hz)
            servo.observe()
            servo.publish(ActionSchedule(clock.now(), 0.04, ahead, clock.now() + 0.2))
            modes.append(servo.act(clock.now()).mode)
        assert list(dict.fromkeys(modes)) == [Mode.DAMP, Mode.STAND_UP, Mode.STAND, Mode.RUN]
        walked = (len(modes) - modes.index(Mode.RUN)) / robot.spec.servo_hz
        assert float(robot.true_state().position[0]) == pytest.approx(0.4 * walked, rel=0.25)
        assert servo.guard.fault is None
