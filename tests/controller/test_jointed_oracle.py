"""The oracle of robots whose actions are set-points foresees to the last bit what they then do."""

from __future__ import annotations

import numpy as np
import pytest

from controller.oracle import oracle
from controller.settings.robots import spec
from dynamics.transitions import FloatArray
from hardware import embodiment
from hardware.clock import VirtualClock
from hardware.simulated.robot import SimRobot
from hardware.spec import RobotSpec
from planners.problem import Model
from sim.perturbations import parse

PERIOD, HORIZON = 0.05, 6


def placed(robot: RobotSpec, *happens: str) -> tuple[SimRobot, VirtualClock]:
    clock = VirtualClock()
    body = SimRobot(robot, clock, np.random.default_rng(3), perturbations=[parse(text) for text in happens])
    body.connect()
    body.activate()
    return body, clock


def drive(robot: SimRobot, clock: VirtualClock, actions: FloatArray) -> FloatArray:
    """Hold each action for a tick; return the states between (H + 1, S)."""
    states, drives = [embodiment.observe(robot.spec, robot.read())], embodiment.embody(robot.spec)
    for action in actions:
        robot.write(drives.command(action, robot.read(), clock.now(), clock.now() + 1.0))
        clock.sleep_until(clock.now() + PERIOD)
        states.append(embodiment.observe(robot.spec, robot.read()))
    return np.array(states)


def drawn(robot: RobotSpec, seed: int, *shape: int) -> FloatArray:
    low, high = ([getattr(action, end) for action in robot.actions] for end in ("low", "high"))
    return np.random.default_rng(seed).uniform(low, high, (*shape, len(low)))


@pytest.mark.parametrize(
    "robot, happens",
    [
        ("half-cheetah", ()),
        ("half-cheetah", ("scaled:mass=0.25,damping=0.3",)),
        ("half-cheetah", ("dead_motor:name=fshin", "motor:bthigh=0.5")),
        ("ant", ("leg_mass:front_left=0.3,back_left=3.3",)),
        ("ant", ("crippled_leg:leg=back_right",)),
    ],
)
def test_it_foresees_what_the_robot_then_does(robot: str, happens: tuple[str, ...]) -> None:
    pytest.importorskip("gymnasium")
    facts = spec(robot)
    body, clock = placed(facts, *happens)
    plan = oracle(body, PERIOD)
    _check(plan, body, clock, facts, np.empty((0, len(facts.motors))))  # before any command
    drive(body, clock, drawn(facts, 0, 9))
    _check(plan, body, clock, facts, drawn(facts, 1, 2))


def _check(plan: object, body: SimRobot, clock: VirtualClock, facts: RobotSpec, under_way: FloatArray) -> None:
    assert callable(plan)
    state, model = plan(None, np.empty(0), under_way, 1.0)
    candidates = drawn(facts, 2, 3, HORIZON)
    foreseen = model.rollout(state, candidates)
    assert foreseen.shape == (1, 3, HORIZON + 1, len(facts.channels))
    happened = drive(body, clock, np.concatenate([under_way, candidates[1]]))[len(under_way) :]
    np.testing.assert_allclose(state, happened[0], atol=1e-9)
    np.testing.assert_allclose(foreseen[0, 1], happened, atol=1e-9)
    assert not np.allclose(foreseen[0, 0], foreseen[0, 1])


def test_it_notices_when_the_condition_changes() -> None:
    pytest.importorskip("gymnasium")
    facts = spec("half-cheetah")
    body, clock = placed(facts, "dead_motor:name=bthigh@0.5")
    plan = oracle(body, PERIOD)
    for _ in range(2):
        state, model = plan(None, np.empty(0), np.empty((0, 6)), 1.0)  # type: ignore[arg-type]
        actions = drawn(facts, 4, HORIZON)
        foreseen = model.rollout(state, actions[None])[0, 0]
        np.testing.assert_allclose(foreseen, drive(body, clock, actions), atol=1e-9)
        drive(body, clock, drawn(facts, 5, 8))
    assert clock.now() > 1.0


def test_a_state_vector_alone_is_refused_and_so_is_a_robot_that_strides() -> None:
    pytest.importorskip("gymnasium")
    body, _ = placed(spec("half-cheetah"))
    model: Model
    state, model = oracle(body, PERIOD)(None, np.empty(0), np.empty((0, 6)), 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"oracle: expected the state that ahead\(\) returned last"):
        model.rollout(state + 1e-3, np.zeros((1, 1, 6)))
    with pytest.raises(TypeError, match="oracle: expected a robot whose actions are set-points, .*, got hexapod"):
        oracle(placed(spec("hexapod"))[0], PERIOD)
