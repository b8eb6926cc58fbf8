"""Every robot that says it is symmetric: the mirrored condition and the mirrored motion give the mirrored run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.settings import assets
from controller.settings.robots import spec
from hardware import embodiment, mirror, signs
from hardware.channels import measured
from hardware.clock import VirtualClock
from hardware.drives import Striding
from hardware.motors import PositionServo, TorqueServo
from hardware.robot import CommandMode, FloatArray, RobotCommand
from hardware.signs import CycleSeen
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from sim.perturbations import parse

EVEN = [robot for robot in (spec(path.stem) for path in assets.robots()) if robot.symmetric and not robot.own]
SYMMETRIC = [robot.name for robot in EVEN if isinstance(robot.servo, PositionServo)]
"""Those whose joints are told angles: a controller of their own does not swing them as it is told here."""
PUSHED = [robot.name for robot in EVEN if isinstance(robot.servo, TorqueServo)]
PAIRS = {
    "payload": ("payload:mass={mass},x=0.08,y=0.05", "payload:mass={mass},x=0.08,y=-0.05"),
    "slope": ("slope:deg=8,heading_deg=60", "slope:deg=8,heading_deg=-60"),
    "motor": ("motor:front_left_{last}=0.5", "motor:front_right_{last}=0.5"),
    "leg": ("leg_loss:leg=rear_left", "leg_loss:leg=rear_right"),
    "dead": ("dead_motor:name=front_right_{middle}", "dead_motor:name=front_left_{middle}"),
    "locked": ("locked:name=rear_right_{first},range=0.1", "locked:name=rear_left_{first},range=0.1"),
    "push": ("push:y={push}@0.1", "push:y=-{push}@0.1"),
    "zero": ("zero:front_left_{first}=0.2", "zero:front_right_{first}=-0.2"),
    "short": ("short_leg:leg=rear_left,share=0.3", "short_leg:leg=rear_right,share=0.3"),
}
SECONDS = 0.3
"""Short: contacts tell two runs apart that differ in the last bits."""


def pair(kind: str, robot: RobotSpec) -> list[str]:
    """Return a perturbation of a robot and its mirror image."""
    anatomy = robot.anatomy
    first, middle, last = (motor.rpartition("_")[2] for motor in robot.motors[:3])
    sizes = {"mass": anatomy.units.payload, "push": round(0.15 * anatomy.push, 3)}
    return [text.format(first=first, middle=middle, last=last, **sizes) for text in PAIRS[kind]]


def wide(name: str) -> RobotSpec:
    """Return a robot whose state vector holds all that is measured of its joints."""
    robot = spec(name)
    joints = (channel for channel in measured(robot.motors) if channel.name.startswith(("phase_", "speed_")))
    return replace(robot, channels=(*robot.channels, *(c for c in joints if c not in robot.channels)))


def run(robot: RobotSpec, perturbation: str, *, other: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return states and conditions (T, ...), and signs (D,), while all joints swing, as in the mirror where asked."""
    assert isinstance(robot.servo, PositionServo)
    stand, clock, count = np.array(robot.servo.stand), VirtualClock(), len(robot.motors)
    noiseless = (parse(perturbation), parse("noise:scale=0"))
    body = SimRobot(robot, clock, np.random.default_rng(0), perturbations=noiseless)
    body.connect()
    body.activate()
    swing, turned = np.random.default_rng(1).uniform(-0.15, 0.15, count), mirror.of_states(robot)
    if other:
        names = [channel.name for channel in robot.channels]
        joints = np.zeros(len(names))
        places = [names.index(f"phase_{motor}") for motor in robot.motors]
        joints[places] = swing
        swing = turned(joints)[places]
    states, told, seen, none = [], [], [], np.zeros(count)
    gains = np.array(robot.servo.run.kp), np.array(robot.servo.run.kd)
    for tick in range(round(SECONDS * robot.servo_hz)):
        angles = stand + swing * np.sin(15.0 * clock.now())
        before, command = (
            body.true_state(),
            RobotCommand(CommandMode.SERVO, angles, none, none, *gains, clock.now() + 1.0),
        )
        body.write(command)
        seen.append(CycleSeen(before, command))
        clock.sleep_until((tick + 1) / robot.servo_hz)
        states.append(embodiment.observe(robot, replace(body.true_state(), stride=np.zeros(1), gait_phase=0.0)))
        told.append(body.true_condition())
    shown = signs.measure(robot, seen, body.true_state())
    body.close()
    return np.stack(states), np.stack(told), shown


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_mirrored_condition_gives_the_mirrored_run(name: str, kind: str) -> None:
    robot = wide(name)
    one, other = pair(kind, robot)
    states, told, shown = run(robot, one, other=False)
    other_states, other_told, other_shown = run(robot, other, other=True)
    phase = [index for index, channel in enumerate(robot.channels) if channel.name == "gait_phase"]
    image = mirror.of_states(robot)(states)
    image[:, phase] = 0.0
    assert np.abs(states - other_states).max() > 0.01
    off = np.abs(other_states - image).mean(axis=0) / (np.abs(states).max(axis=0) + 1e-3)
    wrong = {channel.name: share for channel, share in zip(robot.channels, off, strict=True) if share > 0.2}
    assert not wrong
    names = signs.names(robot)
    image = mirror.of_rows(robot, names)(shown)
    for what in ("error", "torque", "_rms", "share", "force", "accelerometer"):
        places = [index for index, name in enumerate(names) if name.endswith(what) or name.startswith(what)]
        scale = np.abs(shown[places]).max()
        np.testing.assert_allclose(other_shown[places], image[places], atol=0.1 * scale, err_msg=what)
    np.testing.assert_allclose(mirror.of_conditions(robot)(told), other_told, atol=1e-12)
    untold = {"push"} if "zero" in robot.anatomy.ranges else {"push", "zero", "short"}
    if kind not in untold:
        assert np.abs(told - other_told).max() > 0.1


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", PUSHED)
def test_mirrored_torques_give_the_mirrored_run(name: str, first: bool) -> None:
    robot = spec(name)
    leg = robot.anatomy.legs[0 if first else 1]
    other, acted = mirror.image(robot, leg), mirror.of_actions(robot)
    assert other != leg
    torques = 0.3 * np.array(robot.limits.torque) * np.random.default_rng(3).uniform(-1.0, 1.0, len(robot.motors))
    runs = []
    for crippled, given in ((leg, torques), (other, acted(torques))):
        happened = (parse(f"crippled_leg:leg={crippled}"), parse("noise:scale=0"))
        clock = VirtualClock()
        body, drive = SimRobot(robot, clock, np.random.default_rng(0), perturbations=happened), embodiment.embody(robot)
        body.connect()
        body.activate()
        seen = []
        for tick in range(round(SECONDS * robot.servo_hz)):
            now = clock.now()
            body.write(drive.command(given * np.sin(12.0 * now + 1.0), body.true_state(), now, now + 1.0))
            clock.sleep_until((tick + 1) / robot.servo_hz)
            seen.append(embodiment.observe(robot, body.true_state()))
        runs.append((np.stack(seen), body.true_condition()))
        body.close()
    (states, told), (others, theirs) = runs
    np.testing.assert_allclose(others, mirror.of_states(robot)(states), atol=1e-6)
    np.testing.assert_allclose(theirs, mirror.of_conditions(robot)(told), atol=1e-12)
    assert np.abs(states - others).max() > 0.1
    assert np.abs(told - theirs).max() > 0.5


@pytest.mark.parametrize("name", [name for name in SYMMETRIC if isinstance(spec(name).drive, Striding)])
def test_the_mirrored_action_half_a_cycle_later_moves_the_legs_of_the_other_side(name: str) -> None:
    robot = wide(name)
    rng, names = np.random.default_rng(2), [channel.name for channel in robot.channels]
    phase = names.index("gait_phase")
    action = np.array([rng.uniform(a.low, a.high) for a in robot.actions])
    body = SimRobot(robot, VirtualClock(), np.random.default_rng(0), perturbations=(parse("noise:scale=0"),))
    body.connect()
    standing = replace(body.true_state(), foot_force=np.full(len(robot.feet), 40.0))
    action[[a.name for a in robot.actions].index("frequency")] = 2.5
    half, settled = round(0.2 * robot.servo_hz), round(2.0 * robot.servo_hz)  # cycles
    walked = []
    for given in (action, mirror.of_actions(robot)(action)):
        drive, seen = embodiment.embody(robot), []
        for cycle in range(settled + 4 * half):
            now = cycle / robot.servo_hz
            command = drive.command(given, replace(standing, time=now), now, now + 1.0)
            seen.append(embodiment.observe(robot, drive.annotate(replace(standing, motor_position=command.position))))
        walked.append(np.stack(seen)[settled:])  # the stride has come to the action by then
    image, other = mirror.of_states(robot)(walked[0][:-half]), walked[1][half:]
    moved = [index for index, name in enumerate(names) if name.startswith(("phase_", "stride_"))]
    np.testing.assert_allclose(other[:, moved], image[:, moved], atol=5e-3)
    np.testing.assert_allclose(np.exp(1j * other[:, phase]), np.exp(1j * image[:, phase]), atol=1e-6)
    assert np.abs(walked[0][half:, moved] - other[:, moved]).max() > 0.05


def test_a_name_without_its_other_side_is_no_symmetric_robot() -> None:
    robot = wide("go2")
    channels = tuple(channel for channel in robot.channels if channel.name != "phase_rear_right_calf")
    with pytest.raises(ValueError, match="phase_rear_left_calf: expected phase_rear_right_calf on a symmetric robot"):
        mirror.of_states(replace(robot, channels=channels))


def test_two_mirrors_are_none() -> None:
    robot, rng = wide("go2"), np.random.default_rng(0)
    for image in (mirror.of_actions(robot), mirror.of_conditions(robot)):
        values = rng.normal(size=(3, len(image.source)))
        np.testing.assert_allclose(image(image(values)), values)
