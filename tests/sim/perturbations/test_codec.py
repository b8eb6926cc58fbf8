from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.perturbations import LegLoss, Motor, Payload, PerturbationError, Slope, parse

EXAMPLES = [
    "slope:deg=10,heading_deg=90",
    "leg_loss:leg=left_middle@6",
    "leg_loss:leg=left_front+right_rear@6-9.5",
    "payload:mass=0.008,x=0.02,y=0.01",
    "motor:left=0.5",
    "motor:front_left_calf=0.5,rear_right_hip=0.9@2",
    "leg_loss:leg=front_left",
    "dead_motor:name=rear_left_thigh",
    "motor:left=0.5,right=0.9,left_bias=-2",
    "dead_motor:name=left",
    "stuck:name=right@2",
    "locked:name=front_left_calf,range=0.3@8",
    "friction:mu=0.45",
    "terrain:kind=turf",
    "push:x=0.01,z=0.002@3",
    "delay:ms=40",
    "noise:scale=2",
    "pose_bias:heading_deg=8,x=0.02",
    "gravity:z=-3.7",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_text_survives_the_round_trip(text: str) -> None:
    assert str(parse(text)) == text


def test_numbers_by_the_name_of_a_part_tell_gains_from_biases_and_leave_out_what_changes_nothing() -> None:
    assert parse("motor:left=0.5,right=1,left_bias=-2,right_bias=0") == Motor((("left", 0.5),), (("left", -2.0),))
    assert str(parse("motor:left=0.6,right=1.0@2")) == "motor:left=0.6@2"


def test_values_are_si_and_radians() -> None:
    assert parse("slope:deg=10,heading_deg=90@1-2") == Slope(math.radians(10.0), math.radians(90.0), onset=1.0, end=2.0)
    assert parse("leg_loss:leg=left_front+right_rear") == LegLoss(("left_front", "right_rear"))


@given(
    st.floats(1e-4, 0.05),
    st.floats(-0.04, 0.04),
    st.floats(0.0, 1e3),
    st.floats(1e-3, 1e3),
)
def test_any_number_survives_exactly(mass: float, y: float, onset: float, length: float) -> None:
    payload = Payload(mass, y=y, onset=onset, end=onset + length)
    assert parse(str(payload)) == payload


@given(st.floats(-0.7, 0.7), st.floats(-math.pi, math.pi))
def test_any_angle_survives_exactly(angle: float, heading: float) -> None:
    slope = Slope(angle, heading)
    assert parse(str(slope)) == slope


def test_an_error_comes_whole_out_of_another_process() -> None:
    with pytest.raises(PerturbationError) as caught:
        parse("slope:degs=5")
    back = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (as a pool of processes does)
    assert str(back) == str(caught.value)
    assert back.nearest == "deg"


@pytest.mark.parametrize(
    "text, place, got, nearest",
    [
        ("leg_los:leg=left_middle", "perturbation 'leg_los:leg=left_middle'", "leg_los", "leg_loss"),
        ("leg_loss:leg=left_rear+left_rear", "perturbation leg_loss.leg", "left_rear+left_rear", None),
        ("leg_loss", "perturbation leg_loss", "", None),
        ("slope:degs=5", "perturbation slope", "degs", "deg"),
        ("slope:deg=steep", "perturbation slope.deg", "steep", None),
        ("slope:deg", "perturbation slope.deg", "deg", None),
        ("slope:deg=nan", "perturbation slope.deg", "nan", None),
        ("slope:deg=5,deg=6", "perturbation slope.deg", "deg=5,deg=6", None),
        ("slope:deg=60", "perturbation slope.deg", "60", None),
        ("slope:deg=5@3-1", "perturbation slope", "@3-1", None),
        ("slope:deg=5@-1", "perturbation slope", "@-1", None),
        ("slope:deg=5@", "perturbation slope", "@", None),
        ("leg_loss:leg=left rear", "perturbation leg_loss.leg", "left rear", None),
        ("dead_motor:name=", "perturbation dead_motor.name", "", None),
        ("motor:=0.5", "perturbation motor", "", None),
        ("motor:left=half", "perturbation motor.left", "half", None),
        ("motor:left=0.5,left=0.6", "perturbation motor.left", "left=0.5,left=0.6", None),
        ("motor:left=3", "perturbation motor.left", "3", None),
        ("terrain:kind=tuft", "perturbation terrain.kind", "tuft", "turf"),
        ("", "perturbation ''", "", None),
    ],
)
def test_mistakes_are_located(text: str, place: str, got: str, nearest: str | None) -> None:
    with pytest.raises(PerturbationError) as caught:
        parse(text)
    assert (caught.value.place, caught.value.got, caught.value.nearest) == (place, got, nearest)
    assert place in str(caught.value)
    assert caught.value.expected in str(caught.value)
    assert nearest is None or nearest in str(caught.value)
