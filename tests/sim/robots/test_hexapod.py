"""The simulated hexapod against its file, and its servos against their data sheet."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from controller.settings.robots import spec
from hardware.motors import PositionServo
from sim.bodies.base import Setpoints
from sim.bodies.jointed import JointedPhysics
from sim.perturbations import parse
from sim.robots import hexapod
from sim.terrain import TERRAINS

ROBOT = spec("hexapod")
KNEE = hexapod.MOTORS.index("front_left_tibia")
FREE_SPEED, STALL = 97 * 2 * np.pi / 60, 1.8


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return hexapod.build(TERRAINS["flat"]).compile()


def test_joints_and_motors_have_one_order_and_the_ranges_of_the_file(model: mujoco.MjModel) -> None:
    limits = ROBOT.limits
    assert tuple(model.actuator(i).name for i in range(model.nu)) == hexapod.MOTORS == ROBOT.motors
    for index, name in enumerate(hexapod.MOTORS):
        assert model.joint(name).qposadr[0] == 7 + index
        expected = (limits.position_low[index], limits.position_high[index])
        assert tuple(model.joint(name).range) == pytest.approx(expected)
        assert model.actuator(name).forcerange[1] == limits.torque[index]
    assert float(model.body_mass.sum()) == pytest.approx(2.2, abs=0.01)


def test_the_files_legs_are_those_of_its_body(model: mujoco.MjModel) -> None:
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    for _ in range(20):
        data.qpos[7:] = rng.uniform(np.array(ROBOT.limits.position_low), np.array(ROBOT.limits.position_high))
        mujoco.mj_kinematics(model, data)
        for index, (leg, name) in enumerate(zip(ROBOT.legs, hexapod.LEGS, strict=True)):
            foot = data.geom(name).xpos - data.body("trunk").xpos
            assert leg.foot(*data.qpos[7 + 3 * index : 10 + 3 * index]) == pytest.approx(foot, abs=1e-6)


def test_its_standing_pose_has_the_feet_where_its_gait_puts_them() -> None:
    assert isinstance(ROBOT.servo, PositionServo)
    height = next(action.rest for action in ROBOT.actions if action.name == "height")
    for index, leg in enumerate(ROBOT.legs):
        x, y, z = leg.foot(*ROBOT.servo.stand[3 * index : 3 * index + 3])
        assert (x, y, z) == pytest.approx((*leg.place, -height), abs=1e-3)


def hanging(*perturbations: str) -> JointedPhysics:
    """Return the robot in the air, where its joints turn without a load."""
    robot = JointedPhysics(ROBOT.anatomy, TERRAINS["flat"], [parse(text) for text in perturbations])
    robot.model.opt.gravity[:] = 0.0
    robot.data.qpos[2] = 5.0
    return robot


def told(robot: JointedPhysics, angle: float) -> None:
    none, kp = np.zeros(18), np.full(18, 11.0)
    robot.command(Setpoints(robot.motor_position + angle * (np.arange(18) == KNEE), none, none, kp, none))


def test_a_servo_gives_less_torque_the_faster_it_turns_and_none_at_its_free_speed() -> None:
    robot = hanging()
    told(robot, 1.0)
    share = robot.battery / 12.0
    assert robot.model.actuator_forcerange[KNEE, 1] == pytest.approx(share * STALL)
    for speed in (0.0, 0.3, 1.0):
        robot.data.qvel[robot.speeds[KNEE]] = speed * share * FREE_SPEED
        robot.data.actuator_force[KNEE] = share * STALL
        assert robot.motor_torque[KNEE] == pytest.approx(share * STALL * (1.0 - speed), abs=1e-3)


def test_a_servo_follows_after_its_latency() -> None:
    robot = hanging()
    told(robot, 0.3)
    began = robot.motor_position[KNEE]
    robot.step(10)
    assert robot.motor_position[KNEE] == pytest.approx(began, abs=1e-3)
    robot.step(40)
    assert robot.motor_position[KNEE] > began + 0.1


def test_servos_under_load_take_the_battery_down_and_are_weaker_for_it() -> None:
    robot = JointedPhysics(ROBOT.anatomy, TERRAINS["flat"])
    idle = robot.battery
    none, kp = np.zeros(18), np.full(18, 11.0)
    for _ in range(20):
        robot.command(Setpoints(robot.motor_position + 0.1, none, none, kp, none))
        robot.step(10)
    assert robot.battery < idle - 0.05
    assert robot.model.actuator_forcerange[KNEE, 1] < idle / 12.0 * STALL


def test_a_wrong_zero_is_in_what_a_servo_does_and_not_in_what_it_says() -> None:
    robot, quiet = hanging("zero:front_left_tibia=0.2", "noise:scale=0"), np.random.default_rng(0)
    stand = np.array(robot.anatomy.stand)
    none, kp = np.zeros(18), np.full(18, 11.0)
    robot.command(Setpoints(stand, none, none, kp, none))
    robot.step(500)
    assert robot.motor_position[KNEE] == pytest.approx(stand[KNEE] + 0.2, abs=0.02)
    assert robot.measure(quiet).motor_position[KNEE] == pytest.approx(stand[KNEE], abs=0.02)
