from __future__ import annotations

import pytest

from controller.settings.robots import spec
from hardware.drives import PATTERNS, Stride
from hardware.gait.pattern import LEVEL, Balance, Gait
from hardware.gait.tripod import Tripod

LEGS = spec("go2").legs
REST = Stride(0.0, 0.0, 0.0, 0.07, 0.284, 0.297, 0.0, 0.0, 2.4)
ANGLES = [0.1, 0.8, -1.6] * 4
CYCLE = 0.002


def stand(tripod: Tripod, gait: Gait, bad: list[int], seconds: float) -> None:
    for _ in range(round(seconds / CYCLE)):
        tripod.update(bad, gait, (0.0, 0.0), LEVEL, CYCLE)
        gait.advance(REST, CYCLE, Balance(0.0, 0.0, tripod.drift))


def test_while_all_follow_nothing_is_carried_and_steps_go_on() -> None:
    tripod, gait = Tripod(4), Gait(LEGS, PATTERNS["trot"], REST)
    stand(tripod, gait, [], 0.5)
    assert tripod.drift is None
    assert not any(gait.stays)
    assert tripod.bend(list(ANGLES)) == ANGLES


def test_first_all_feet_come_down_then_the_trunk_goes_over_the_good_ones_then_the_bad_one_goes_up() -> None:
    tripod, gait = Tripod(4), Gait(LEGS, PATTERNS["trot"], REST)
    gait.advance(REST, 0.1)
    stand(tripod, gait, [0], 0.1)
    assert tripod.bend(list(ANGLES)) == ANGLES
    stand(tripod, gait, [0], 3.0)
    assert all(gait.stays)
    assert sum(gait.feet[index][0] for index in (1, 2, 3)) / 3 == pytest.approx(0.0, abs=0.015)
    assert sum(gait.feet[index][1] for index in (1, 2, 3)) / 3 == pytest.approx(0.0, abs=0.015)
    angles = tripod.bend(list(ANGLES))
    assert angles[:3] == pytest.approx([0.0, 1.9, -2.7], abs=0.01)
    assert angles[3:] == ANGLES[3:]
    assert tripod.unload([0.25] * 4) == pytest.approx([0.0, 1 / 3, 1 / 3, 1 / 3], abs=0.01)


def test_feet_that_stand_do_not_leave_the_ground_and_walk_again_once_all_follow() -> None:
    tripod, gait = Tripod(4), Gait(LEGS, PATTERNS["trot"], REST)
    stand(tripod, gait, [3], 2.0)
    for _ in range(250):
        stand(tripod, gait, [3], CYCLE)
        assert max(up for _, _, up in gait.feet) == 0.0
    assert sum(gait.loads()) == pytest.approx(1.0)
    stand(tripod, gait, [], 1.0)
    assert tripod.bend(list(ANGLES)) == pytest.approx(ANGLES, abs=1e-3)
    assert not any(gait.stays)


def test_with_two_bad_legs_it_stands_on_all() -> None:
    tripod, gait = Tripod(4), Gait(LEGS, PATTERNS["trot"], REST)
    stand(tripod, gait, [0, 3], 3.0)
    assert tripod.drift is not None
    assert tripod.bend(list(ANGLES)) == ANGLES
