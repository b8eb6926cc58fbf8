from __future__ import annotations

import math

import pytest

from sim.perturbations import Condition, LegLoss, Motor, Payload, Push, Slope, active, compose, last
from sim.perturbations.world import PUSH_SECONDS


def test_active_includes_the_onset_and_not_the_end() -> None:
    loss = LegLoss(("left_middle",), onset=1.0, end=2.0)
    assert [active((loss,), time) == (loss,) for time in (0.999, 1.0, 1.999, 2.0)] == [False, True, True, False]


def test_a_push_is_over_soon() -> None:
    assert last(Push(x=0.01, onset=3.0)) == pytest.approx(3.0 + PUSH_SECONDS)
    assert last(Slope(0.1, onset=3.0)) == math.inf


def test_perturbations_compose() -> None:
    condition = compose(
        Condition(),
        (
            Payload(0.004, x=0.02),
            Payload(0.004, x=-0.02, y=0.01),
            LegLoss(("left_front",)),
            LegLoss(("left_front", "right_rear")),
            Motor((("left", 0.5),), (("left", 1.0),)),
            Motor((("left", 0.5), ("right", 0.8)), (("left", 1.0),)),
            Slope(0.1, 0.0),
            Slope(0.1, math.pi / 2.0),
        ),
    )
    assert condition.payload_mass == pytest.approx(0.008)
    assert condition.payload_place == pytest.approx((0.0, 0.005))
    assert condition.lost_legs == {"left_front", "right_rear"}
    assert condition.gain == pytest.approx({"left": 0.25, "right": 0.8})
    assert condition.bias == pytest.approx({"left": 2.0})
    assert condition.tilt == pytest.approx((0.1, 0.1))


def test_composing_nothing_changes_nothing() -> None:
    assert compose(Condition(), ()) == Condition()
