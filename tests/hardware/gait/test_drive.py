"""The quadruped walks: what it is told, behind protocol and guard, with noisy sensors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.drives import Adaptive, Striding
from hardware.embodiment import embody, observe
from hardware.gait.drive import GaitDrive
from hardware.robot import UNKNOWN, CommandMode, FloatArray, RobotCommand, RobotState
from hardware.rotation import roll_pitch_yaw
from hardware.simulated.robot import SimRobot
from sim.perturbations import parse

GO2 = spec("go2")
ADAPTIVE = Adaptive(reach=0.08)
REST = np.array([action.rest for action in GO2.actions])


def stride(forward: float = 0.0, lateral: float = 0.0, turn: float = 0.0) -> FloatArray:
    action = REST.copy()
    action[:3] = forward, lateral, turn
    return action


def walk(
    action: FloatArray, seconds: float, *perturbations: str, gait: str = "trot", adaptive: Adaptive | None = None
) -> tuple[RobotState, float]:
    """Return the state at the end and the largest tilt on the way [rad]."""
    assert isinstance(GO2.drive, Striding)
    walking = replace(GO2, drive=replace(GO2.drive, pattern=gait, adaptive=adaptive))
    clock, drive, tilt = VirtualClock(), embody(walking), 0.0
    robot = SimRobot(walking, clock, np.random.default_rng(0), "flat", [parse(text) for text in perturbations])
    robot.connect()
    robot.activate()
    state = robot.read()
    for cycle in range(round(seconds * GO2.servo_hz)):
        robot.write(drive.command(action, state, clock.now(), clock.now() + 0.1))
        clock.sleep_until((cycle + 1) / GO2.servo_hz)
        state = robot.read()
        roll, pitch, _ = roll_pitch_yaw(state.quaternion)
        tilt = max(tilt, abs(roll), abs(pitch))
    return robot.true_state(), tilt


def test_it_trots_straight_at_the_speed_it_is_told() -> None:
    state, tilt = walk(stride(forward=0.5), 4.0)
    assert state.position[0] == pytest.approx(2.0, rel=0.1)
    assert abs(state.position[1]) < 0.15
    assert tilt < math.radians(5.0)


def test_it_walks_sideways_and_turns() -> None:
    state, _ = walk(stride(lateral=0.25), 4.0)
    assert state.position[1] == pytest.approx(1.0, rel=0.15)
    state, _ = walk(stride(turn=0.7), 3.0)
    assert roll_pitch_yaw(state.quaternion)[2] == pytest.approx(2.1, rel=0.15)
    assert np.hypot(*state.position[:2]) < 0.2


@pytest.mark.parametrize("gait, speed, frequency", [("walk", 0.2, 1.4), ("crawl", 0.15, 1.0)])
def test_the_slower_gaits_walk_too(gait: str, speed: float, frequency: float) -> None:
    action = stride(forward=speed)
    action[-1] = frequency
    state, tilt = walk(action, 4.0, gait=gait)
    assert state.position[0] == pytest.approx(4.0 * speed, rel=0.35)
    assert tilt < math.radians(20.0)


@pytest.mark.parametrize("lift, width", [(0.05, 0.23), (0.1, 0.34), (0.1, 0.23), (0.05, 0.34)])
def test_it_walks_with_low_and_high_steps_narrow_and_wide(lift: float, width: float) -> None:
    action = stride(forward=0.4)
    action[3:5] = lift, width
    state, tilt = walk(action, 4.0)
    assert state.position[0] == pytest.approx(1.6, rel=0.15)
    assert tilt < math.radians(8.0)


@pytest.mark.parametrize("text", ["push:y=15@1", "slope:deg=8,heading_deg=90", "payload:mass=4,x=0.1,y=0.08"])
def test_foot_placement_keeps_it_up(text: str) -> None:
    _, tilt = walk(stride(forward=0.4), 3.0, text)
    assert tilt < math.radians(30.0)


@pytest.mark.parametrize("leg", ["front_left", "rear_right"])
def test_a_leg_that_loses_its_calf_on_the_way_becomes_a_peg_and_it_goes_on(leg: str) -> None:
    state, tilt = walk(stride(forward=0.4), 4.0, f"leg_loss:leg={leg}@1")
    assert tilt < math.radians(25.0)
    assert np.hypot(*state.position[:2]) > 0.7
    assert isinstance(GO2.drive, Striding)
    assert GO2.drive.peg is not None
    assert state.position[2] == pytest.approx(GO2.drive.peg.height + 0.02, abs=0.03)


@pytest.mark.parametrize(
    "text", ["payload:mass=8,x=0.1,y=0.1@0.5", "slope:deg=15@0.5", "slope:deg=15,heading_deg=90@0.5"]
)
def test_a_gait_that_adapts_walks_as_told_where_the_other_falls_or_goes_astray(text: str) -> None:
    state, tilt = walk(stride(forward=0.4), 4.0, text, adaptive=ADAPTIVE)
    assert 1.1 < state.position[0] < 1.8  # it slows down at first
    assert abs(state.position[1]) < 0.25
    assert tilt < math.radians(30.0)
    state, tilt = walk(stride(forward=0.4), 4.0, text)
    assert abs(state.position[0] - 1.6) > 0.4 or abs(state.position[1]) > 0.4 or tilt > math.radians(30.0)


@pytest.mark.parametrize("joint", ["front_left_hip", "front_left_calf", "rear_right_thigh"])
def test_with_a_dead_joint_it_stays_where_it_is(joint: str) -> None:
    state, tilt = walk(stride(forward=0.3), 5.0, f"dead_motor:name={joint}@2", adaptive=ADAPTIVE)
    assert tilt < math.radians(25.0)
    assert 0.15 < state.position[2] < 0.25
    assert np.hypot(*state.position[:2]) < 1.0  # of 1.5 m that it was told to go


def test_without_foot_sensors_no_leg_is_taken_for_lost() -> None:
    drive = GaitDrive(GO2)
    robot = SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    state = replace(robot.true_state(), foot_force=UNKNOWN)
    commands = [drive.command(stride(), state, 0.002 * cycle, 1.0) for cycle in range(300)]
    assert min(command.position[1] for command in commands) > 0.5  # a peg's thigh is at zero


def test_a_payload_takes_it_off_its_way() -> None:
    """What balance does not do is left to the planner."""
    state, _ = walk(stride(forward=0.5), 4.0, "payload:mass=5,x=0.1,y=0.1")
    assert roll_pitch_yaw(state.quaternion)[2] > math.radians(20.0)


def test_the_phase_is_told_with_the_state_and_goes_on_from_action_to_action() -> None:
    drive, robot = embody(GO2), SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    state = robot.true_state()
    for cycle in range(100):
        drive.command(stride(forward=0.1 * (cycle % 3)), state, 0.002 * cycle, 0.002 * cycle + 0.1)
    expected = 2.0 * math.pi * 99 * 0.002 * REST[-1]
    assert drive.annotate(state).gait_phase == pytest.approx(expected % (2.0 * math.pi))
    drive.reset()
    assert drive.annotate(state).gait_phase == 0.0


def test_the_state_says_which_stride_the_feet_follow_already() -> None:
    drive, robot = embody(GO2), SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    state, names = robot.true_state(), [channel.name for channel in GO2.channels]
    seen = []
    for cycle in range(200):
        drive.command(stride(forward=0.5, turn=-0.4), state, 0.002 * cycle, 1.0)
        vector = observe(GO2, drive.annotate(state))
        seen.append([vector[names.index(f"stride_{name}")] for name in ("forward", "lateral", "turn")])
    told = np.array(seen)
    assert 0.0 < told[20, 0] < told[60, 0] < told[-1, 0]
    assert told[-1] == pytest.approx([0.5, 0.0, -0.4], abs=0.02)


def test_what_is_not_finite_does_not_move_the_feet() -> None:
    drive = GaitDrive(GO2)
    robot = SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    state, bad = robot.true_state(), stride(forward=math.nan)
    before = drive.command(stride(), state, 0.0, 0.1)
    after = drive.command(bad, replace(state, gyro=np.full(3, math.nan)), 0.002, 0.1)
    assert np.array_equal(before.position, after.position)
    moved = drive.command(stride(), replace(state, gyro=np.full(3, math.nan)), 0.004, 0.1)
    assert np.isfinite(moved.position).all()


def test_the_action_is_what_was_played_while_it_was_sent() -> None:
    drive = GaitDrive(GO2)
    robot = SimRobot(GO2, VirtualClock(), np.random.default_rng(0))
    robot.connect()
    sent = drive.command(stride(forward=0.3), robot.true_state(), 0.0, 0.1)
    played = drive.played(sent)
    assert played is not None
    assert np.array_equal(played, stride(forward=0.3))
    assert drive.played(RobotCommand.passive(CommandMode.DAMP, 12, 0.0)) is None
