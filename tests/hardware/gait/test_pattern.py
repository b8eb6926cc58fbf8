from __future__ import annotations

import math

import numpy as np
import pytest

from controller.settings.robots import spec
from hardware.drives import PATTERNS, Stride
from hardware.gait.pattern import Gait
from hardware.legs import YawLeg
from tests.hardware.four_legs import joints

LEGS = spec("go2").legs
CYCLE = 0.002
REST = Stride(*(action.rest for action in spec("go2").actions))
TROT = REST._replace(forward=0.5, frequency=2.0)


def gait(pattern: str = "trot") -> Gait:
    return Gait(LEGS, PATTERNS[pattern], REST)


def played(walk: Gait, stride: Stride, seconds: float) -> list[list[float]]:
    """Return the joint angles of every servo cycle."""
    angles = []
    for _ in range(round(seconds / CYCLE)):
        walk.advance(stride, CYCLE)
        angles.append(walk.angles())
    return angles


def feet(angles: list[float]) -> list[tuple[float, float, float]]:
    return [leg.foot(*angles[3 * index : 3 * index + 3]) for index, leg in enumerate(LEGS)]


def test_it_begins_in_the_standing_pose() -> None:
    assert gait().angles() == pytest.approx(joints().stand, abs=0.03)


def test_the_phase_is_the_integral_of_the_frequency_over_changes_and_pauses() -> None:
    walk = gait()
    played(walk, TROT, 0.3)
    played(walk, TROT._replace(frequency=3.0), 0.1)
    assert walk.phase == pytest.approx((0.6 + 0.3) % 1.0, abs=1e-9)
    walk.advance(TROT, 10.0)
    assert walk.phase == pytest.approx((0.9 + 0.02 * 2.0) % 1.0, abs=1e-9)
    assert walk.angle == pytest.approx(2.0 * math.pi * walk.phase)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_angles_never_jump_however_the_command_does(pattern: str) -> None:
    go2, rng, walk = spec("go2"), np.random.default_rng(0), gait(pattern)
    low, high = (np.array([getattr(action, end) for action in go2.actions]) for end in ("low", "high"))
    pace = 1.6 * (1.0 - PATTERNS[pattern].duty)  # legs that swing for a smaller share of the cycle go slower
    angles = [walk.angles()]
    for _ in range(60):
        stride = Stride(*rng.uniform(low, high))
        stride = stride._replace(forward=pace * stride.forward, lateral=pace * stride.lateral, turn=pace * stride.turn)
        angles += played(walk, stride._replace(frequency=pace * stride.frequency), 0.04)
    speed = np.abs(np.diff(np.array(angles), axis=0)).max() / CYCLE
    assert speed < go2.checks.slew.limit
    assert (np.array(angles) > np.array(go2.limits.position_low) + go2.checks.range.limit).all()
    assert (np.array(angles) < np.array(go2.limits.position_high) - go2.checks.range.limit).all()


def test_feet_in_stance_move_as_the_ground_does_and_the_others_step_over_it() -> None:
    walk = gait()
    played(walk, TROT, 2.0)
    path = np.array([feet(angles) for angles in played(walk, TROT, 0.5)])
    height = path[:, 0, 2] + TROT.height
    down = height < 1e-6
    assert down.mean() == pytest.approx(PATTERNS["trot"].duty, abs=0.02)
    steps = np.diff(path[:, 0], axis=0)[down[1:] & down[:-1]]
    assert steps[:, 0] == pytest.approx(-TROT.forward * CYCLE, abs=1e-6)
    assert steps[:, 1] == pytest.approx(0.0, abs=1e-6)
    assert height.max() == pytest.approx(TROT.lift, abs=1e-3)


def test_a_turn_moves_the_feet_around_the_trunk() -> None:
    walk, turning = gait(), REST._replace(turn=1.0, frequency=2.0)
    played(walk, turning, 2.0)
    before, after = (np.array(feet(angles)) for angles in played(walk, turning, 0.004))
    stance = np.abs(before[:, 2] + 0.297) < 1e-9
    moved = (after - before)[stance] / CYCLE
    assert moved[:, 0] == pytest.approx(before[stance][:, 1], abs=2e-3)
    assert moved[:, 1] == pytest.approx(-before[stance][:, 0], abs=2e-3)


@pytest.mark.parametrize("pattern, least", [("trot", 2), ("walk", 2), ("crawl", 3)])
def test_enough_feet_bear_the_weight_at_any_time(pattern: str, least: int) -> None:
    walk = gait(pattern)
    for _ in range(500):
        walk.advance(TROT, CYCLE)
        loads = walk.loads()
        assert sum(loads) == pytest.approx(1.0)
        heights = np.array(feet(walk.angles()))[:, 2] + walk.stride.height
        assert (heights < 1e-6).sum() >= least
        assert all(load == 0.0 or height < 1e-6 for load, height in zip(loads, heights, strict=True))


@pytest.mark.parametrize("width", [0.23, 0.34])
def test_feet_land_as_far_apart_as_told(width: float) -> None:
    walk = gait()
    played(walk, TROT._replace(width=width), 2.0)
    path = np.array([feet(angles) for angles in played(walk, TROT._replace(width=width), 0.5)])
    down = path[..., 2] + TROT.height < 1e-6
    assert path[..., 1][down] == pytest.approx(np.broadcast_to([1, -1, 1, -1], down.shape)[down] * width / 2, abs=1e-6)


def rows(count: int) -> list[tuple[float, float]]:
    """Where the feet of a robot of rows of two stand, left before right, from front to rear."""
    return [(0.1 * (count - row), side * 0.2) for row in range(count) for side in (1.0, -1.0)]


@pytest.mark.parametrize(
    "pattern, lags",
    [
        ("trot", (0.0, 0.5, 0.5, 0.0)),
        ("walk", (0.25, 0.75, 0.0, 0.5)),
        ("crawl", (0.25, 0.75, 0.0, 0.5)),
        ("tripod", (0.0, 0.5, 0.5, 0.0)),
    ],
)
def test_a_quadruped_walks_in_the_order_of_its_gaits(pattern: str, lags: tuple[float, ...]) -> None:
    assert PATTERNS[pattern].lags([leg.place for leg in LEGS]) == lags
    turned = PATTERNS[pattern].lags([leg.place for leg in reversed(LEGS)])
    assert turned == lags[::-1]


@pytest.mark.parametrize("pattern, least", [("tripod", 3), ("ripple", 4), ("wave", 5)])
def test_enough_feet_of_a_hexapod_are_on_the_ground_on_either_side(pattern: str, least: int) -> None:
    found, places = PATTERNS[pattern], rows(3)
    lags = np.array(found.lags(places))
    for phase in np.arange(0.0, 1.0, 0.01):
        down = (phase - lags) % 1.0 < found.duty
        assert down.sum() >= least
        assert min(down[::2].sum(), down[1::2].sum()) >= 1


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_leg_steps_half_a_cycle_after_the_other_of_its_row(pattern: str, count: int) -> None:
    lags = np.array(PATTERNS[pattern].lags(rows(count)))
    assert (lags[::2] - lags[1::2]) % 1.0 == pytest.approx(np.full(count, 0.5))


def test_legs_that_yaw_stand_out_along_their_headings_and_walk_as_told() -> None:
    legs = [YawLeg(x, y, 0.05, 0.07, 0.13, knee_ahead=True, heading=math.atan2(y, x), reach=0.12) for x, y in rows(3)]
    rest = Stride(0.0, 0.0, 0.0, 0.03, 0.6, 0.1, 0.0, 0.0, 1.0)
    walk = Gait(legs, PATTERNS["ripple"], rest)
    assert walk.angles()[::3] == pytest.approx([0.0] * 6, abs=1e-9)
    played(walk, rest._replace(forward=0.1, turn=0.2, width=0.64), 3.0)
    before, after = (
        np.array([leg.foot(*angles[3 * index : 3 * index + 3]) for index, leg in enumerate(legs)])
        for angles in played(walk, rest._replace(forward=0.1, turn=0.2, width=0.64), 2 * CYCLE)
    )
    down = (before[:, 2] < -0.1 + 1e-6) & (after[:, 2] < -0.1 + 1e-6)
    assert down.sum() >= 4
    expected = np.stack((-0.1 + 0.2 * before[:, 1], -0.2 * before[:, 0]), axis=1) * CYCLE
    assert (after - before)[down, :2] == pytest.approx(expected[down], abs=1e-6)
