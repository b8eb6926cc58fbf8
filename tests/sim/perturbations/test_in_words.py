from __future__ import annotations

import pytest

from sim.perturbations import Condition, compose, describe, in_words, parse
from tests.sim.anatomies import ANATOMIES

ROACH = ANATOMIES["roach"]


def words(*texts: str) -> tuple[str, ...]:
    condition = compose(Condition(), [parse(text) for text in texts])
    return in_words(describe(condition, ROACH), ROACH)


def test_nothing_is_said_of_the_intact_robot() -> None:
    assert words() == ()
    assert in_words({}, ROACH) == ()


@pytest.mark.parametrize(
    "text,said",
    [
        ("leg_loss:leg=left_middle+right_front", ("left_middle lost", "right_front lost")),
        ("payload:mass=0.008,x=0.02,y=-0.01", ("payload 8 g at x +20 mm, y -10 mm",)),
        ("motor:left=0.6,right_bias=-4", ("left motor at 60%", "right motor -4.0 rad/s")),
        ("dead_motor:name=left", ("left motor dead",)),
        ("stuck:name=right", ("right motor stuck",)),
        ("locked:name=right,range=0.3", ("right motor locked within 30% of its range",)),
        ("slope:deg=10,heading_deg=90", ("slope 10 deg, uphill at 90 deg",)),
        ("friction:mu=0.3", ("friction 0.30",)),
        ("gravity:z=-3.7", ("gravity 3.7 m/s^2",)),
    ],
)
def test_every_true_condition_is_named(text: str, said: tuple[str, ...]) -> None:
    assert words(text) == said


def test_changes_at_once_are_all_named() -> None:
    assert len(words("leg_loss:leg=left_middle", "friction:mu=0.3", "motor:left=0.6")) == 3


def test_what_is_not_finite_is_not_said() -> None:
    assert in_words({"payload_mass": float("nan"), "gain_left": float("inf")}, ROACH) == ()
