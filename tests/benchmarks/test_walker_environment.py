from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.walker import conditions, observation
from benchmarks.walker.contract import contract, metadata, write
from benchmarks.walker.demonstration import GaitTeacher, demonstrate
from benchmarks.walker.environment import WalkerEnvironment
from benchmarks.walker.rewards import terms
from benchmarks.walker.settings import RewardSettings, WalkerSettings
from controller.settings import robots
from controller.settings.layers import read_yaml, resolve
from sim.conditions.condition import Condition
from sim.terrain import TERRAINS

SETTINGS = WalkerSettings(robot="go2", count=12, threads=1)
SPEC = robots.spec("go2")


def environment(level: float = 1.0, seed: int = 0, **others: object) -> WalkerEnvironment:
    return WalkerEnvironment(replace(SETTINGS, **others), np.random.default_rng(seed), level)  # type: ignore[arg-type]


def test_a_frame_has_the_layout_of_legged_gym() -> None:
    places = np.split(np.arange(45.0)[None], (3, 6, 9, 21, 33), axis=1)
    frame = observation.frame(*places)[0]
    assert frame[:3].tolist() == [0.0, 0.25, 0.5]
    assert frame[3:21].tolist() == list(range(3, 21))
    np.testing.assert_allclose(frame[21:33], 0.05 * np.arange(21, 33))
    assert frame[33:].tolist() == list(range(33, 45))


def test_the_newest_frame_comes_last_and_earlier_ones_move_on() -> None:
    walking = environment(0.0)
    before = walking.look()[0].reshape(12, 5, 45).copy()
    after = walking.step(np.full((12, 12), 0.3)).seen.reshape(12, 5, 45)
    kept = walking.age > 1
    assert kept.any()
    np.testing.assert_array_equal(after[kept, :-1], before[kept, 1:])
    assert after[kept, -1, 33:] == pytest.approx(0.3)


def test_a_robot_that_begins_anew_sees_its_first_frame_throughout() -> None:
    walking = environment(0.0)
    walking.age[:] = walking.longest - 1
    step = walking.step(np.zeros((12, 12)))
    assert step.late.all()
    assert step.done.all()
    frames = step.seen.reshape(12, 5, 45)
    np.testing.assert_array_equal(frames, np.repeat(frames[:, :1], 5, axis=1))


def test_mirrors_are_their_own_inverses_and_swap_the_legs() -> None:
    rng = np.random.default_rng(0)
    walking = environment()
    rows = (*walking.look(), np.zeros((12, 12)))
    for mirror, row in zip(walking.mirrors(), rows, strict=True):
        values = rng.standard_normal(row.shape)
        np.testing.assert_array_equal(mirror(mirror(values)), values)
    _, _, joints = walking.mirrors()
    image = joints(np.arange(1.0, 13.0))
    assert image[:6].tolist() == [-4.0, 5.0, 6.0, -1.0, 2.0, 3.0]


def test_what_a_mirrored_robot_does_is_the_mirror_image() -> None:
    walking, image = environment(0.0), environment(0.0)
    _, _, act = walking.mirrors()
    for one in (walking, image):
        for index in range(12):
            one.bodies.perturb(index, Condition(one.bodies.terrain))
        one.bodies.place(np.arange(12), np.tile(one.bodies.start, (12, 1)))
    rng = np.random.default_rng(3)
    for _ in range(4):
        action = 0.5 * rng.standard_normal((12, 12))
        for one, what in ((walking, action), (image, act(action))):
            one.bodies.step(one.pose + one.scale * what, 4)
    np.testing.assert_allclose(act(walking.bodies.angles - walking.pose), image.bodies.angles - image.pose, atol=2e-3)


def test_rewards_are_finite_named_as_their_weights_and_best_where_the_command_is_met() -> None:
    walking = environment()
    for _ in range(5):
        step = walking.step(np.random.default_rng(1).standard_normal((12, 12)))
        assert np.isfinite(step.reward).all()
        assert np.isfinite(step.seen).all()
        assert np.isfinite(step.told).all()
    motion = walking._motion(np.zeros((12, 12)))
    found = terms(motion)
    assert {*found, "fall"} == {item.name for item in fields(RewardSettings)}
    assert all(np.isfinite(values).all() and values.shape == (12,) for values in found.values())
    met = terms(replace(motion, command=np.column_stack((motion.velocity[:, :2], motion.gyro[:, 2]))))
    assert all((met[name] == 1.0).all() for name in ("velocity_far", "velocity", "velocity_near", "turn", "turn_near"))


def test_one_seed_is_one_training() -> None:
    one, two, other = (environment(seed=seed) for seed in (0, 0, 1))
    for _ in range(8):
        actions = np.random.default_rng(2).standard_normal((12, 12))
        steps = [walking.step(actions) for walking in (one, two, other)]
    np.testing.assert_array_equal(steps[0].told, steps[1].told)
    assert (steps[0].told != steps[2].told).any()


def test_nothing_hard_happens_at_level_zero_and_everything_at_one() -> None:
    rng = np.random.default_rng(0)
    flat = TERRAINS["flat"]
    easy = [conditions.draw(rng, 0.0, SPEC.anatomy, flat) for _ in range(200)]
    hard = [conditions.draw(rng, 1.0, SPEC.anatomy, flat) for _ in range(600)]
    assert not any(draw.hard or draw.condition.lost_legs or draw.condition.tilt != (0.0, 0.0) for draw in easy)
    assert any(draw.condition.lost_legs for draw in hard)
    assert any(draw.condition.dead_motors for draw in hard)
    assert any(draw.condition.stuck_motors for draw in hard)
    assert any(draw.condition.locked for draw in hard)
    assert max(draw.condition.slope for draw in hard) > 0.2
    assert max(draw.condition.payload_mass for draw in hard) > 7.0
    assert min(draw.condition.foot_friction for draw in hard) < 0.2


def test_the_gait_walks_the_robots_it_teaches() -> None:
    walking = environment(0.0, count=4)
    walking._wish[:] = (0.5, 0.0, 0.0)
    walking.settings = replace(walking.settings, commands=replace(walking.settings.commands, seconds=1e9))
    teacher = GaitTeacher(SPEC, walking)
    shown = list(demonstrate(teacher, walking, 75, 0.0, np.random.default_rng(0)))
    assert shown[0].action.shape == (4, 12)
    assert walking.tally.falls == 0
    assert (walking._heading_velocity()[:, 0] > 0.25).all()


def test_the_shipped_experiment_can_be_read() -> None:
    file = Path(conditions.__file__).with_name("go2.yaml")
    settings = resolve(WalkerSettings, [read_yaml(file)])
    assert settings.robot == "go2"


def test_a_contract_says_all_that_a_policy_needs(tmp_path: Path) -> None:
    said = read_yaml(write(SETTINGS, tmp_path / "a.onnx")).values
    assert said == contract(SETTINGS, "a.onnx")
    assert list(said) == ["policy", "rate_hz", "joints", "pose", "gains", "action", "observation", "command"]
    assert metadata(SETTINGS)["joint_names"].split(",") == list(SPEC.motors)
