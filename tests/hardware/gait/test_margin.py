from __future__ import annotations

import pytest

from hardware.drives import Stride
from hardware.gait.margin import Margin

ON = (0.0, 0.0)
WALK = Stride(0.6, 0.2, -0.4, 0.07, 0.28, 0.3, 0.0, 0.0, 2.4)


def after(margin: Margin, seconds: float, step: tuple[float, float] = ON, below: tuple[float, float] = ON) -> float:
    for _ in range(round(seconds / 0.002)):
        margin.update(step, below, 0.002)
    return margin.left


def test_little_sway_costs_no_speed() -> None:
    assert after(Margin(), 1.0, (0.03, -0.03)) == 1.0


def test_a_push_stops_it_at_once_and_it_speeds_up_again_slowly() -> None:
    margin = Margin()
    assert after(margin, 0.2, (0.0, 0.15)) < 0.05
    stride = margin.slowed(WALK)
    assert abs(stride.forward) < 0.03
    assert stride._replace(forward=0.6, lateral=0.2, turn=-0.4) == WALK
    assert 0.2 < after(margin, 0.5) < 0.6
    assert after(margin, 5.0) == pytest.approx(1.0, abs=0.01)


def test_a_slope_slows_it_down_until_it_is_usual() -> None:
    margin = Margin()
    after(margin, 0.5)
    assert after(margin, 0.1, ON, (-0.15, 0.0)) < 0.3
    assert after(margin, 4.0, ON, (-0.15, 0.0)) > 0.9
    assert margin.usual == pytest.approx((-0.15, 0.0), abs=1e-3)
