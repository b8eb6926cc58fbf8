from __future__ import annotations

import numpy as np
import pytest

from controller.oracle import oracle, state_vectors
from dynamics.transitions import FloatArray
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.robot import RobotCommand, RobotState
from hardware.simulated.robot import SimRobot
from planners.problem import Model
from sim.bodies.crawler import CrawlerPhysics
from sim.oracle import Motion, Oracle
from sim.perturbations import parse
from tests.hardware.six_legs import ROACH
from tests.sim.walking import REV

PERIOD, CYCLE = 0.05, 0.01
WARM_UP, DELAY, HORIZON = 12, 2, 6
CONDITIONS = (
    "none",
    "leg_loss:leg=left_middle+right_rear",
    "motor:left=0.5,right=1.0,left_bias=2",
    "payload:mass=0.012,x=0.02,y=0.015",
    "slope:deg=10,heading_deg=60",
    "friction:mu=0.3",
    "terrain:kind=turf",
    "gravity:z=-3.7",
    "dead_motor:name=left",
    "stuck:name=right",
    "pose_bias:heading_deg=8,x=0.02,y=-0.01",
    "delay:ms=40",
    "delay:ms=75",
    "delay:ms=34",
)


def drive(robot: SimRobot, clock: VirtualClock, actions: FloatArray) -> FloatArray:
    """Hold each action for a tick, renewed every cycle as the servo does; return the states between (H + 1, S)."""
    states = [embodiment.observe(ROACH, robot.read())]
    for action in actions:
        start = clock.now()
        for cycle in range(5):
            clock.sleep_until(start + cycle * CYCLE)
            robot.read()
            robot.write(RobotCommand.speeds(action, clock.now() + 0.1))
        clock.sleep_until(start + PERIOD)
        states.append(embodiment.observe(ROACH, robot.read()))
    return np.array(states)


def noiseless(*perturbations: str) -> tuple[SimRobot, VirtualClock]:
    clock = VirtualClock()
    acting = [parse(text) for text in ("noise:scale=0", *perturbations) if text != "none"]
    robot = SimRobot(ROACH, clock, np.random.default_rng(3), perturbations=acting)
    robot.connect()
    robot.activate()
    return robot, clock


def draw(rng: np.random.Generator, *shape: int) -> FloatArray:
    return rng.uniform(2 * REV, 9 * REV, (*shape, 2))


def foresee(robot: SimRobot, under_way: FloatArray) -> tuple[FloatArray, Model]:
    return oracle(robot, PERIOD)(None, np.empty(0), under_way, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_foresees_what_the_robot_then_does(condition: str) -> None:
    rng = np.random.default_rng(0)
    robot, clock = noiseless(condition)
    drive(robot, clock, draw(rng, WARM_UP))
    under_way, candidates = draw(rng, DELAY), draw(rng, 3, HORIZON)
    state, model = foresee(robot, under_way)
    foreseen = model.rollout(state, candidates)
    assert foreseen.shape == (1, 3, HORIZON + 1, 19)
    happened = drive(robot, clock, np.concatenate([under_way, candidates[1]]))[DELAY:]
    np.testing.assert_allclose(state, happened[0], atol=1e-9)
    np.testing.assert_allclose(foreseen[0, 1], happened, atol=1e-9)


@pytest.mark.parametrize("condition", ["leg_loss:leg=left_middle@0.7", "gravity:z=-3.7@0.2-0.7"])
def test_notices_when_the_condition_changes(condition: str) -> None:
    rng = np.random.default_rng(1)
    robot, clock = noiseless(condition)
    plan = oracle(robot, PERIOD)
    for _ in range(2):
        drive(robot, clock, draw(rng, WARM_UP))
        actions = draw(rng, HORIZON)
        state, model = plan(None, np.empty(0), actions[:0], 1.0)  # type: ignore[arg-type]
        foreseen = model.rollout(state, actions[None])[0, 0]
        happened = drive(robot, clock, actions)
        reached = HORIZON if clock.now() > 1.0 else 2
        np.testing.assert_allclose(foreseen[:reached], happened[:reached], atol=1e-9)


def test_looking_ahead_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    actions = draw(rng, 8)
    (watched, clock), (alone, other) = noiseless("leg_loss:leg=left_rear"), noiseless("leg_loss:leg=left_rear")
    plan = oracle(watched, PERIOD)
    for action in actions:
        state, model = plan(None, np.empty(0), actions[:1], 1.0)  # type: ignore[arg-type]
        first, again = (model.rollout(state, draw(np.random.default_rng(5), 4, 3)).copy() for _ in range(2))
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(drive(watched, clock, action[None]), drive(alone, other, action[None]))


def test_a_candidate_is_foreseen_the_same_in_any_company() -> None:
    rng = np.random.default_rng(3)
    robot, clock = noiseless()
    drive(robot, clock, draw(rng, WARM_UP))
    state, model = foresee(robot, draw(rng, DELAY))
    candidates = draw(rng, 9, HORIZON)
    together = model.rollout(state, candidates).copy()
    np.testing.assert_array_equal(model.rollout(state, candidates[4:5])[0, 0], together[0, 4])
    np.testing.assert_array_equal(model.rollout(state, candidates[::-1])[0, ::-1], together[0])


def test_what_the_physics_cannot_go_through_is_not_finite() -> None:
    robot, clock = noiseless()
    drive(robot, clock, draw(np.random.default_rng(4), WARM_UP))
    state, model = foresee(robot, np.empty((0, 2)))
    candidates = draw(np.random.default_rng(4), 3, HORIZON)
    candidates[1] = 1e200
    candidates[1, 0] = 30.0
    foreseen = model.rollout(state, candidates)[0]
    assert np.isfinite(foreseen[[0, 2]]).all()
    assert np.isfinite(foreseen[1, :2]).all()
    assert np.isnan(foreseen[1, 2:]).any(axis=-1).all()


def test_a_state_vector_alone_is_refused() -> None:
    robot, _ = noiseless()
    state, model = foresee(robot, np.empty((0, 2)))
    with pytest.raises(ValueError, match=r"oracle: expected the state that ahead\(\) returned last"):
        model.rollout(state + 1e-3, np.full((1, 1, 2), 30.0))


@pytest.mark.parametrize(
    "period,cycle,wrong", [(0.05, 0.0105, "cycle"), (0.055, 0.01, "period"), (0.005, 0.01, "period")]
)
def test_times_that_do_not_divide_are_refused(period: float, cycle: float, wrong: str) -> None:
    robot, _ = noiseless()
    assert isinstance(robot.physics, CrawlerPhysics)
    with pytest.raises(ValueError, match=f"oracle: {wrong}: expected a multiple"):
        Oracle(robot.physics, lambda motion: motion.position, period, cycle)


def test_state_vectors_are_what_the_embodiment_observes_one_by_one() -> None:
    rng = np.random.default_rng(6)
    quaternion = rng.normal(size=(4, 3, 4))
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    quaternion[0, 0] = [np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0]  # nose straight down
    three, two = rng.normal(size=(3, 4, 3, 3)), rng.normal(size=(3, 4, 3, 2))
    voltage, pitch = rng.uniform(3, 4, (4, 3)), np.zeros((4, 3))
    motion = Motion(three[0], quaternion, three[1], three[2], two[0], two[1], two[2], voltage, pitch)
    vectors = state_vectors(ROACH, motion)
    for place in np.ndindex(4, 3):
        position, attitude, velocity, gyro, angle, speed, emf, battery, _ = (part[place] for part in motion)
        reading = RobotState(0, 0.0, position, attitude, velocity, gyro, angle, speed, float(battery), emf)
        np.testing.assert_allclose(vectors[place], embodiment.observe(ROACH, reading), rtol=1e-12, atol=1e-15)
