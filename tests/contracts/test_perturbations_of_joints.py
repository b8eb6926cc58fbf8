"""What perturbations keep on a robot out of an MJCF file whose motors are joints: they bite, and are undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sim.bodies.base import Physics, Setpoints
from sim.bodies.factory import simulate
from sim.bodies.sensors import Reading
from sim.perturbations import PERTURBATIONS, parse
from sim.robots.anatomy import Anatomy
from sim.robots.equipment import Battery, Servos
from sim.terrain import TERRAINS, FloatArray
from tests.contracts.test_perturbations import differing, snapshot
from tests.sim import tripod
from tests.sim.perturbed import MASSES

ONSET, END, LATE = 0.6, 1.0, 1.6
FRONT, LEFT, RIGHT = range(3)
FRONT_KNEE, LEFT_HIP = tripod.MOTORS.index("front_knee"), tripod.MOTORS.index("left_hip")
LEFT_MOTORS = [LEFT_HIP, tripod.MOTORS.index("left_knee")]
Bites = Callable[[Reading, Reading], bool]


@dataclass(frozen=True)
class Case:
    """One perturbation, how one sees it from the intact and the perturbed reading at its end, and what it may touch."""

    text: str
    bites: Bites
    model: frozenset[str] = frozenset()


def tilt(reading: Reading) -> float:
    _, x, y, _ = reading.quaternion.tolist()
    return float(np.arccos(1.0 - 2.0 * (x * x + y * y)))


def moved(metres: float) -> Bites:
    return lambda a, b: float(np.linalg.norm(b.position - a.position)) > metres


def held(intact: Reading, perturbed: Reading) -> bool:
    """The motor pushes on where its joint may not go."""
    angle, torque = (getattr(perturbed, name)[LEFT_HIP] for name in ("motor_position", "motor_torque"))
    return bool(abs(angle - intact.motor_position[LEFT_HIP]) > 0.005 and torque != 0.0)


def sunk(intact: Reading, perturbed: Reading) -> bool:
    return bool(perturbed.position[2] < intact.position[2] - 5e-4)


def heavier(factor: float) -> Bites:
    return lambda a, b: bool(np.isclose(b.foot_force.sum(), factor * a.foot_force.sum(), rtol=0.1))


DRAWN_IN = {
    *("geom_size", "geom_pos", "geom_rbound", "geom_aabb", "bvh_aabb", "body_pos", "actuator_gainprm"),
    *("dof_length", "body_invweight0", "stat.meansize", "stat.extent", "stat.meanmass", "stat.center"),
}
GONE = frozenset(MASSES | {"geom_conaffinity", "body_conaffinity", "geom_rgba"})
CASES = [
    Case("leg_loss:leg=left", lambda a, b: b.foot_force[LEFT] == 0.0 and tilt(b) > tilt(a) + 0.1, GONE),
    Case(
        "payload:mass=1,x=0.05",
        lambda a, b: b.foot_force.sum() > a.foot_force.sum() + 8.0 and b.foot_force[FRONT] > 1.3 * a.foot_force[FRONT],
        frozenset(MASSES | {"body_pos", "geom_rgba"}),
    ),
    Case("motor:front_knee=0.05", lambda a, b: abs(b.motor_position - a.motor_position)[FRONT_KNEE] > 0.1),
    Case("dead_motor:name=left_hip", lambda a, b: b.motor_torque[LEFT_HIP] == 0.0, frozenset({"actuator_gainprm"})),
    Case(
        "stuck:name=left_hip",
        lambda a, b: b.motor_torque[LEFT_HIP] == 0.0,
        frozenset({"actuator_gainprm", "dof_frictionloss"}),
    ),
    Case("slope:deg=12", lambda a, b: tilt(b) > tilt(a) + 0.15, frozenset({"opt.gravity"})),
    Case("friction:mu=0.02", moved(0.005), frozenset({"geom_friction"})),
    Case(
        "terrain:kind=turf",
        moved(0.0005),
        frozenset({"geom_friction", "geom_solref", "geom_rgba", "geom_conaffinity", "hfield_size", "geom_pos"}),
    ),
    Case("gravity:z=-3.7", lambda a, b: b.foot_force.sum() < 0.5 * a.foot_force.sum(), frozenset({"opt.gravity"})),
    Case("push:x=2,z=1", moved(0.01)),
    Case("locked:name=left_hip,range=0.01", held, frozenset({"jnt_range"})),
    Case("scaled:mass=1.5,damping=2", heavier(1.5), frozenset(MASSES | {"dof_damping"})),
    Case("leg_mass:left=3", lambda a, b: b.foot_force[LEFT] > a.foot_force[LEFT] + 0.5, frozenset(MASSES)),
    Case("crippled_leg:leg=left", lambda a, b: tilt(b) > tilt(a) + 0.1, frozenset(MASSES | DRAWN_IN)),
    Case("limp:leg=left", lambda a, b: not b.motor_torque[LEFT_MOTORS].any(), frozenset({"actuator_gainprm"})),
    Case(
        "stiff:leg=left",
        lambda a, b: not b.motor_torque[LEFT_MOTORS].any() and tilt(b) < tilt(a) + 0.1,
        frozenset({"actuator_gainprm", "dof_frictionloss"}),
    ),
    Case(
        "short_leg:leg=left,share=0.3",
        lambda a, b: tilt(b) > tilt(a) + 0.05,
        frozenset({"geom_size", "geom_pos", "geom_sameframe", "site_pos", "site_sameframe"}),
    ),
    Case("rough:height=0.004", moved(0.002), frozenset({"geom_conaffinity", "hfield_size", "geom_pos"})),
    Case("voltage:share=0.4", lambda a, b: b.battery < 0.5 * a.battery and sunk(a, b)),
    Case(
        "zero:left_hip=0.3",
        lambda a, b: abs(b.motor_position - a.motor_position)[LEFT_HIP] > 0.2 and tilt(b) > tilt(a) + 0.02,
    ),
]

each_case = pytest.mark.parametrize("case", CASES, ids=[case.text.partition(":")[0] for case in CASES])


@pytest.fixture(scope="module")
def anatomy(tmp_path_factory: pytest.TempPathFactory) -> Anatomy:
    return tripod.write(tmp_path_factory.mktemp("tripod"))


def stand(anatomy: Anatomy, text: str) -> Iterator[Physics]:
    """Yield a robot that shifts from leg to leg, just before a perturbation, under it, and when it is long over."""
    if text.startswith("voltage"):
        battery, servos = Battery(12.0, 0.1, 0.05), Servos(12.0, stall=6.0, free_speed=20.0, latency=0.0)
        anatomy = replace(anatomy, battery=battery, servos=servos)
    robot = simulate(anatomy, TERRAINS["flat"], [parse(text)])
    none = np.zeros(len(anatomy.motors))
    rest = np.array(anatomy.stand)
    for until in (ONSET - 0.02, END - 0.02, LATE):
        while robot.time() < until:
            sway: FloatArray = 0.03 * np.sin(8.0 * robot.time() + np.arange(len(rest)))
            robot.command(Setpoints(rest + sway, none, none, none + 40.0, none + 1.0))
            robot.step(10)
        yield robot


def test_every_perturbation_that_changes_the_motion_has_a_case() -> None:
    assert {type(parse(case.text)).name for case in CASES} == set(PERTURBATIONS) - {"delay", "noise", "pose_bias"}


@each_case
def test_it_bites_changes_only_what_it_names_and_is_undone(case: Case, anatomy: Anatomy) -> None:
    intact, perturbed = stand(anatomy, f"{case.text}@1000"), stand(anatomy, f"{case.text}@{ONSET}-{END}")
    one, other = next(intact), next(perturbed)
    assert np.array_equal(one.qpos, other.qpos)
    before = snapshot(other.model)
    servo = {"actuator_biasprm", "actuator_forcerange"}  # the servo law, written with every command
    next(intact), next(perturbed)
    changed = differing(before, snapshot(other.model))
    if not case.text.startswith("push"):
        assert case.bites(one.reading(), other.reading())
        assert changed <= case.model | servo
        assert changed - servo or case.text.startswith(("motor", "voltage", "zero"))
    next(intact), next(perturbed)
    if case.text.startswith("push"):
        assert case.bites(one.reading(), other.reading())
    assert differing(before, snapshot(other.model)) <= servo
    assert other.condition == one.condition
    assert np.isfinite(other.qpos).all()


def test_a_locked_joint_moves_on_within_a_share_of_its_range_around_where_it_was(anatomy: Anatomy) -> None:
    robot = simulate(anatomy, TERRAINS["flat"], [parse("locked:name=left_hip,range=0.1@0.2"), parse("push:x=0.1@0.7")])
    robot.data.qpos[2] = 5.0
    none, rest, angles = np.zeros(len(anatomy.motors)), np.array(anatomy.stand), []
    reach = 0.5 * 0.1 * np.pi  # its joint turns by 90 degrees either way
    for time, target in ((0.2, 0.7), (0.6, -1.0), (1.0, 1.5)):
        rest[LEFT_HIP] = target
        robot.command(Setpoints(rest, none, none, none + 40.0, none + 1.0))
        while robot.time() < time:
            robot.step()
            robot.data.qpos[2], robot.data.qvel[:6] = 5.0, 0.0
        angles.append(robot.motor_position[LEFT_HIP])
    assert angles == pytest.approx([angles[0], angles[0] - reach, angles[0] + reach], abs=0.03)
    robot.reset()
    assert not robot.condition.locked


def test_a_stuck_motor_holds_its_angle_and_a_dead_one_does_not(anatomy: Anatomy) -> None:
    moved = []
    for name in ("stuck", "dead_motor"):
        robot = simulate(anatomy, TERRAINS["flat"], [parse(f"{name}:name=left_hip")])
        robot.data.qpos[2] = 5.0
        robot.data.qvel[robot.speeds] = 3.0
        began = robot.motor_position[LEFT_HIP]
        robot.step(100)
        moved.append(abs(robot.motor_position[LEFT_HIP] - began))
    assert moved[0] < 0.01 < 0.1 < moved[1]
