from __future__ import annotations

import numpy as np
import pytest

from sim.bodies.base import Setpoints, SimulationError
from sim.perturbations import parse, sample_condition
from sim.terrain import TERRAINS
from tests.sim.anatomies import ANATOMIES
from tests.sim.walking import REV, physics, walk


def test_one_seed_gives_the_same_bits() -> None:
    first, second = (walk(physics((parse("leg_loss:leg=left_middle@0.5"),), seed=3), 1.0) for _ in range(2))
    assert np.array_equal(first.position, second.position)
    assert np.array_equal(first.speed, second.speed)


def test_a_reset_forgets_everything() -> None:
    walker = physics((parse("payload:mass=0.01@0.1"), parse("push:x=0.005@0.2")), seed=1)
    first = walk(walker, 0.6)
    walker.reset(rng=np.random.default_rng(1))
    assert walker.time() == 0.0
    assert np.array_equal(walk(walker, 0.6).position, first.position)


def test_robots_share_nothing() -> None:
    alone = walk(physics(seed=1), 0.5)
    other = physics((parse("slope:deg=20"),), seed=1)
    watched = physics(seed=1)
    walk(other, 0.5)
    assert np.array_equal(walk(watched, 0.5).position, alone.position)


def test_a_command_expires_into_a_brake() -> None:
    walker = physics()
    walker.command(Setpoints.speeds(5.0 * REV * np.ones(2)), expires=0.3)
    walker.step(290)
    assert walker.motor_velocity == pytest.approx(5.0 * REV, rel=0.1)
    walker.step(110)
    assert np.abs(walker.motor_velocity).max() < 1.0


def test_a_newer_command_outlives_the_expiry_of_an_older_one() -> None:
    walker = physics()
    walker.command(Setpoints.speeds(5.0 * REV * np.ones(2)), expires=0.1)
    walker.step(50)
    walker.command(Setpoints.speeds(5.0 * REV * np.ones(2)), expires=0.5)
    walker.step(300)
    assert walker.motor_velocity == pytest.approx(5.0 * REV, rel=0.1)


def test_no_command_is_a_brake_even_with_a_motor_bias() -> None:
    walker = physics((parse("motor:left_bias=6"),))
    walker.step(300)
    assert np.abs(walker.motor_velocity).max() < 0.5


def test_the_caller_keeps_its_command_array() -> None:
    walker, velocity = physics(), 5.0 * REV * np.ones(2)
    walker.command(Setpoints.speeds(velocity))
    velocity[:] = 0.0
    walker.step(300)
    assert walker.motor_velocity == pytest.approx(5.0 * REV, rel=0.1)


def test_perturbations_begin_between_ticks_at_their_own_instant() -> None:
    walker = physics((parse("gravity:z=-3.7@0.0335-0.0415"),))
    gravities = []
    for _ in range(50):
        walker.step(1)
        gravities.append(float(walker.model.opt.gravity[2]))
    weak = [index + 1 for index, gravity in enumerate(gravities) if gravity == -3.7]
    assert (weak[0], weak[-1]) == (34, 41)  # the first step of the grid at or after onset and end


def test_one_long_step_is_the_same_as_its_parts_for_the_condition() -> None:
    walker = physics((parse("leg_loss:leg=left_rear@0.02-0.05"), parse("slope:deg=5@0.03")))
    walker.step(100)
    assert walker.condition.lost_legs == frozenset()
    assert walker.condition.slope == pytest.approx(np.radians(5.0))


def test_the_battery_sags_under_load_and_recovers() -> None:
    walker = physics()
    walk(walker, 1.0, (9.0, 9.0))
    loaded = walker.battery
    assert 0.5 * walker.train.battery.voltage < loaded < walker.train.battery.voltage - 0.01
    walker.command(None)
    for _ in range(25):
        walker.step(20)
    assert walker.battery > loaded


def test_a_slope_shows_in_the_level_attitude_only() -> None:
    walker = physics((parse("slope:deg=12"),))
    walker.step(300)
    assert 2.0 * np.arccos(walker.level_quaternion[0]) == pytest.approx(np.radians(12.0), abs=0.06)
    assert 2.0 * np.arccos(walker.quaternion[0]) < 0.06
    assert abs(walker.position[2]) < 0.03


def test_a_broken_state_is_reported() -> None:
    walker = physics()
    walker.data.qvel[0] = np.nan
    with pytest.raises(SimulationError, match="physics at"):
        walker.step(5)


@pytest.mark.parametrize("family", ANATOMIES["roach"].families)
def test_random_actions_under_any_condition_never_launch_or_topple_it(family: str) -> None:
    rng = np.random.default_rng(ANATOMIES["roach"].families.index(family))
    for split in ("train", "heldout"):
        walker = physics(sample_condition(rng, family, split, ANATOMIES["roach"]), seed=5)
        for _ in range(60):
            walker.command(Setpoints.speeds(rng.uniform(2.0 * REV, 9.0 * REV, 2)))
            walker.step(50)
            _, x, y, _ = walker.level_quaternion
            assert 1.0 - 2.0 * (x * x + y * y) > np.cos(np.radians(45.0))
            assert 0.005 < walker.position[2] < 0.05


def test_every_terrain_is_accepted_at_run_time() -> None:
    kinds = tuple(parse(f"terrain:kind={name}@{0.1 * (index + 1):.1f}") for index, name in enumerate(TERRAINS))
    walker = physics(kinds)
    seen = []
    for _ in TERRAINS:
        walker.step(100)
        seen.append(walker.condition.terrain.name)
    assert seen == list(TERRAINS)
