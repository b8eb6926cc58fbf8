from __future__ import annotations

import pytest

from controller.settings.robots import spec
from hardware.drives import PATTERNS, Stride
from hardware.gait.pattern import LEVEL, Balance, Gait
from hardware.gait.tripod import Tripod

PEG = (0.0, 0.0, -0.95)
LEGS = spec("go2").legs
REST = Stride(0.0, 0.0, 0.0, 0.07, 0.284, 0.297, 0.0, 0.0, 2.4)
ANGLES = [0.1, 0.8, -1.6] * 4
CYCLE = 0.002


def stand(tripod: Tripod, gait: Gait, lost: list[int], seconds: float, margin: float = 1.0) -> None:
    for _ in range(round(seconds / CYCLE)):
        tripod.update(lost, gait, (0.0, 0.0), LEVEL, margin, CYCLE)
        gait.advance(REST, CYCLE, Balance(0.0, 0.0, tripod.drift))


def begun() -> tuple[Tripod, Gait]:
    return Tripod(4, PEG), Gait(LEGS, PATTERNS["trot"], REST)


def test_while_all_follow_steps_go_on() -> None:
    tripod, gait = begun()
    stand(tripod, gait, [], 0.5)
    assert tripod.drift is None
    assert not any(gait.stays)
    assert tripod.bend(list(ANGLES)) == ANGLES


def test_all_feet_come_down_and_the_trunk_goes_over_the_good_ones() -> None:
    tripod, gait = begun()
    stand(tripod, gait, [0], 3.0)
    assert all(gait.stays)
    for axis in (0, 1):
        assert sum(gait.feet[index][axis] for index in (1, 2, 3)) / 3 == pytest.approx(0.0, abs=0.015)
    assert tripod.bend(list(ANGLES)) == ANGLES
    for _ in range(250):
        stand(tripod, gait, [0], CYCLE)
        assert max(up for _, _, up in gait.feet) == 0.0
    assert sum(gait.loads()) == pytest.approx(1.0)


def test_it_steps_until_it_is_settled_and_again_once_all_follow() -> None:
    tripod, gait = begun()
    stand(tripod, gait, [9], 1.0, margin=0.5)
    assert not any(gait.stays)
    stand(tripod, gait, [9], 1.0)
    assert all(gait.stays)
    stand(tripod, gait, [], 1.0)
    assert not any(gait.stays)
    assert tripod.speed == (0.0, 0.0)


def test_a_leg_whose_calf_fails_kneels_and_one_with_another_bad_leg_does_not() -> None:
    tripod, gait = begun()
    stand(tripod, gait, [2], 0.5)
    assert tripod.bend(list(ANGLES))[:3] == pytest.approx(PEG, abs=0.01)
    assert tripod.unload([0.25] * 4) == pytest.approx([0.0, 1 / 3, 1 / 3, 1 / 3], abs=0.01)
    stand(tripod, gait, [2, 11], 1.0)
    assert tripod.bend(list(ANGLES)) == pytest.approx(ANGLES, abs=1e-3)
    assert tripod.drift is not None
