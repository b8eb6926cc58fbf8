"""Legs that are gone: noticed by what their feet do not bear, and the others take their place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware.clock import VirtualClock
from hardware.drives import PATTERNS
from hardware.embodiment import embody
from hardware.gait.regroup import Regroup
from hardware.gait.slope import DOWN
from hardware.legs import Triple
from hardware.rotation import roll_pitch_yaw
from hardware.simulated.robot import SimRobot
from sim.perturbations import parse

ROBOT = spec("hexapod")
PLACES = [leg.place for leg in ROBOT.legs]
RIPPLE = PATTERNS["ripple"]
WEIGHT, CYCLE = 21.6, 0.02


def begun() -> Regroup:
    assert ROBOT.foot is not None
    return Regroup(ROBOT.legs, RIPPLE, ROBOT.foot)


def stand(legs: Regroup, gone: tuple[int, ...], seconds: float, pull: Triple = DOWN) -> None:
    """All feet should bear alike, and those that are not gone do."""
    bears = [0.0 if index in gone else WEIGHT / (6 - len(gone)) for index in range(6)]
    for _ in range(round(seconds / CYCLE)):
        legs.update(bears, [1 / 6] * 6, WEIGHT, pull, CYCLE)


def test_while_all_feet_bear_nothing_changes() -> None:
    legs = begun()
    stand(legs, (), 2.0)
    assert legs.lags == RIPPLE.lags(PLACES)
    assert legs.aside == pytest.approx((0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("gone", [(0,), (3,), (0, 5), (0, 2), (0, 1), (0, 3, 4)])
def test_the_others_share_the_cycle_and_go_around_the_trunk(gone: tuple[int, ...]) -> None:
    legs = begun()
    stand(legs, gone, 4.0)
    rest = [index for index in range(6) if index not in gone]
    assert [index for index in range(6) if legs.gone[index]] == list(gone)
    found, wanted = np.array(legs.lags)[rest], RIPPLE.lags([PLACES[index] for index in rest])
    assert np.abs((found - wanted + 0.5) % 1.0 - 0.5).max() < 1e-9
    for axis in (0, 1):
        middle = sum(PLACES[index][axis] for index in rest) / len(rest)
        assert legs.aside[axis] == pytest.approx(-max(-0.084, min(0.084, middle)), abs=1e-3)
    loads = legs.unload([1 / 6] * 6)
    assert sum(loads) == pytest.approx(1.0)
    assert all(loads[index] == 0.0 for index in gone)


def test_a_foot_that_bears_again_is_back() -> None:
    legs = begun()
    stand(legs, (1,), 2.0)
    stand(legs, (), 4.0)
    assert not any(legs.gone)
    assert legs.lags == pytest.approx(RIPPLE.lags(PLACES))
    assert legs.aside == pytest.approx((0.0, 0.0), abs=1e-3)


def test_places_in_the_cycle_change_slowly() -> None:
    legs, before = begun(), begun().lags
    for _ in range(200):
        stand(legs, (0,), CYCLE)
        assert max(abs(math.remainder(new - old, 1.0)) for new, old in zip(legs.lags, before, strict=True)) < 0.011
        before = legs.lags


@pytest.mark.parametrize("forces", [[math.nan] * 6, [0.0] * 6, [0.1] * 6, [WEIGHT, 0.0, 0.0, 0.0, 0.0, 0.0]])
def test_feet_that_do_not_account_for_the_weight_or_too_few_are_not_believed(forces: list[float]) -> None:
    legs = begun()
    for _ in range(200):
        legs.update(forces, [1 / 6] * 6, WEIGHT, DOWN, CYCLE)
    assert not any(legs.gone)


def walked(perturbation: str) -> tuple[float, float]:
    """Return how far ahead it came in 4 s [m], and the mean tilt of the second half [rad]."""
    action = np.array([action.rest for action in ROBOT.actions])
    action[0] = 0.2
    clock, drive, tilts = VirtualClock(), embody(ROBOT), []
    robot = SimRobot(ROBOT, clock, np.random.default_rng(0), "flat", [parse(perturbation)] if perturbation else [])
    robot.connect()
    robot.activate()
    state = robot.read()
    for cycle in range(round(4.0 * ROBOT.servo_hz)):
        robot.write(drive.command(action, state, clock.now(), clock.now() + 0.1))
        clock.sleep_until((cycle + 1) / ROBOT.servo_hz)
        state = robot.read()
        tilts.append(max(map(abs, roll_pitch_yaw(state.quaternion)[:2])))
    return float(robot.true_state().position[0]), float(np.mean(tilts[len(tilts) // 2 :]))


@pytest.mark.parametrize(
    "perturbation, least, tilt",
    [
        ("", 0.75, 1.5),
        ("leg_loss:leg=front_left", 0.65, 4.0),
        ("leg_loss:leg=middle_left+middle_right", 0.65, 6.0),
        ("leg_loss:leg=front_left+front_right@1", 0.35, 12.0),
        ("limp:leg=rear_right", 0.6, 5.0),
        ("stiff:leg=middle_right", 0.6, 5.0),
    ],
)
def test_a_robot_of_six_legs_walks_on_without_some(perturbation: str, least: float, tilt: float) -> None:
    ahead, leaning = walked(perturbation)
    assert ahead > least
    assert math.degrees(leaning) < tilt


def test_a_foot_that_tipping_has_raised_need_not_bear() -> None:
    legs = begun()
    stand(legs, (), 1.0)
    nose_down = (0.1, 0.0, -math.sqrt(1.0 - 0.1**2))
    stand(legs, (0, 1, 4, 5), 1.0, nose_down)  # the front feet are gone, the rear ones in the air
    assert legs.gone == [True, True, False, False, False, False]
