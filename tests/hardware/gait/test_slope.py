"""Down as the feet see it, against rotations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.settings.robots import spec
from hardware.drives import PATTERNS, Stride
from hardware.gait import slope
from hardware.gait.pattern import Gait
from hardware.rotation import exp, quaternion

ANGLE = st.floats(-0.4, 0.4)
FLAT = Stride(0.0, 0.0, 0.0, 0.0, 0.28, 0.3, 0.0, 0.0, 2.4)


@given(ANGLE, ANGLE, st.floats(-3.0, 3.0))
def test_down_is_the_worlds_in_the_trunks_axes_whatever_the_heading(roll: float, pitch: float, yaw: float) -> None:
    turn = exp(np.array([0.0, 0.0, yaw])) @ exp(np.array([0.0, pitch, 0.0])) @ exp(np.array([roll, 0.0, 0.0]))
    assert slope.down(*quaternion(turn).tolist()) == pytest.approx(turn.T @ [0.0, 0.0, -1.0])


@pytest.mark.parametrize("attitude", [(0.0, 1.0, 0.0, 0.0), (0.5**0.5, 0.5**0.5, 0.0, 0.0), (math.nan,) * 4])
def test_one_that_lies_or_does_not_know_has_no_slope(attitude: tuple[float, float, float, float]) -> None:
    assert slope.down(*attitude) == slope.DOWN


def test_uphill_of_its_feet_by_the_tangent_of_the_slope() -> None:
    climbs = quaternion(exp(np.array([0.0, -0.2, 0.0])))  # nose up
    x, y = slope.below(slope.down(*climbs.tolist()), FLAT)
    assert (x, y) == pytest.approx((-0.3 * math.tan(0.2), 0.0))


@given(ANGLE, ANGLE, ANGLE, ANGLE)
def test_a_trunk_that_leans_over_its_feet_falls_where_a_foot_there_is_below_it(
    roll: float, pitch: float, lean: float, bend: float
) -> None:
    stride = FLAT._replace(roll=lean, pitch=bend)
    turn = exp(np.array([0.0, pitch, 0.0])) @ exp(np.array([roll, 0.0, 0.0]))
    pull = slope.down(*quaternion(turn).tolist())
    x, y = slope.below(pull, stride)
    gait = Gait(spec("go2").legs, PATTERNS["trot"], stride)
    gait.feet = [(x, y, 0.0)] * 4
    gait.angles()
    place = np.array(gait.told[0])
    assert place / np.linalg.norm(place) == pytest.approx(pull, abs=1e-9)
